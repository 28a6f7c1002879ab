/**
 * Has a model's words judged in a process of its own, under a clock and a bound of memory. A thread would not do: a heap
 * that overflows within JSON.parse ends the whole process, thread or not, and JSON.parse cannot be interrupted.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { type ErrorInfo, errorInfo, KoubouError } from '../errors.ts';
import type { JudgementName, Judgements } from './judgements.ts';

export interface Question<Name extends JudgementName> {
  name: Name;
  asked: Judgements[Name]['asked'];
}

export interface Reply<Name extends JudgementName> {
  answer?: Judgements[Name]['answer'];
  error?: ErrorInfo;
}

interface JudgeBounds {
  /** Of one judgement, from when it begins. */
  seconds: number;
  /** Of the process, for what it makes of the words. */
  memoryMb: number;
  /** Processes at a time: one that takes long holds up nobody else. */
  processes: number;
  /** After this long without a question a process ends. */
  idleSeconds: number;
}

const BOUNDS: JudgeBounds = { seconds: 20, memoryMb: 512, processes: 2, idleSeconds: 60 };

interface Job {
  question: Question<JudgementName>;
  /** Deaths of its process that nobody here caused. */
  deaths: number;
  done: (reply: Reply<JudgementName>) => void;
  failed: (error: unknown) => void;
  /** Ends it where it stands; absent while it waits. */
  abandon?: () => void;
}

/** Its place beside this file, from the sources, from the library and from the bundle. */
const ENTRY = join(import.meta.dirname, `judge-process${extname(import.meta.filename)}`);

/** What a process that ran out of memory ends with. */
const ABORTED = 'SIGABRT';

export class Judge {
  readonly #bounds: JudgeBounds;
  readonly #waiting: Job[] = [];
  readonly #idle = new Set<ChildProcess>();
  #count = 0;

  constructor(bounds: Partial<JudgeBounds> = {}) {
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  /**
   * Rejects with KoubouError `output_unjudged` where it took too long or too much memory, with the signal's reason after
   * an abort, and with what the judgement itself refuses. The first question starts the process.
   */
  async ask<Name extends JudgementName>(
    name: Name,
    asked: Judgements[Name]['asked'],
    signal?: AbortSignal,
  ): Promise<Judgements[Name]['answer']> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Reply<JudgementName>>();
    const question: Question<JudgementName> = { name, asked };
    const job: Job = { question, deaths: 0, done: resolve, failed: reject };
    const onAbort = (): void => {
      reject(signal?.reason);
      if (job.abandon !== undefined) return job.abandon();
      const at = this.#waiting.indexOf(job);
      if (at !== -1) this.#waiting.splice(at, 1);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(job);
    this.#next();
    try {
      const { answer, error } = await promise;
      if (error !== undefined) throw new KoubouError(error.code, error.message, { hint: error.hint });
      return answer as Judgements[Name]['answer'];
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Starts the process ahead of the first question, while a model is still at work. */
  warm(): void {
    if (this.#count > 0) return;
    try {
      this.#rest(this.#start());
    } catch {
      // Whoever asks is told.
    }
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const [resting] = this.#idle;
      if (resting === undefined && this.#count >= this.#bounds.processes) return;
      const job = this.#waiting.shift() as Job;
      try {
        this.#run(job, resting ?? this.#start());
      } catch (error) {
        job.failed(error);
      }
    }
  }

  #start(): ChildProcess {
    const cache = getCompileCacheDir();
    const child = fork(ENTRY, [String(process.pid)], {
      cwd: '/',
      // Nothing that is judged has any business with a key of this process.
      env: cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) },
      execArgv: [`--max-old-space-size=${this.#bounds.memoryMb}`, '--no-warnings'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#count += 1;
    let gone = false;
    const forget = (): void => {
      if (gone) return;
      gone = true;
      this.#count -= 1;
      this.#idle.delete(child);
      this.#next();
    };
    child.once('exit', forget);
    child.on('error', forget);
    return child;
  }

  #rest(child: ChildProcess): void {
    if (!child.connected) return;
    this.#idle.add(child);
    child.unref();
    child.channel?.unref();
    const timer = setTimeout(() => {
      this.#idle.delete(child);
      if (child.connected) child.disconnect();
    }, this.#bounds.idleSeconds * 1000);
    timer.unref();
    idleTimers.set(child, timer);
  }

  #run(job: Job, child: ChildProcess): void {
    this.#idle.delete(child);
    clearTimeout(idleTimers.get(child));
    child.ref();
    child.channel?.ref();
    const { seconds, memoryMb } = this.#bounds;
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      delete job.abandon;
      child.off('message', onReply);
      child.off('exit', onExit);
      child.off('error', onError);
      then();
      this.#next();
    };
    const end = (then: () => void): void => {
      child.kill('SIGKILL');
      settle(then);
    };
    const onReply = (reply: unknown): void =>
      settle(() => {
        this.#rest(child);
        job.done(reply as Reply<JudgementName>);
      });
    const onError = (error: Error): void => end(() => job.failed(error));
    const onExit = (code: number | null, signal: string | null): void =>
      settle(() => {
        if (signal === ABORTED || job.deaths > 0) {
          const why =
            signal === ABORTED ? `it took more than ${memoryMb} MB of memory` : endedBy(code, signal);
          job.done({ error: unjudged(why) });
          return;
        }
        // Somebody ended it who need not have meant this question.
        job.deaths += 1;
        this.#waiting.unshift(job);
      });
    const timer = setTimeout(
      () => end(() => job.done({ error: unjudged(`it was not done after ${seconds} s`) })),
      seconds * 1000,
    );
    job.abandon = () => end(() => undefined);
    child.once('message', onReply);
    child.once('exit', onExit);
    child.on('error', onError);
    child.send(job.question, (error) => {
      if (error !== null && child.connected) onError(error);
    });
  }
}

const idleTimers = new WeakMap<ChildProcess, NodeJS.Timeout>();

const endedBy = (code: number | null, signal: string | null): string =>
  `the process that judges was ended twice (${signal ?? `exit code ${code}`})`;

const unjudged = (why: string): ErrorInfo => errorInfo('output_unjudged', `It was not judged: ${why}.`);

/** The one of this process. */
export const judge = new Judge();
