/** One fault in one system call of one transition, and what comes of it. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Call, callsIn, ended, strace, type Thread, threadOf } from '../../test/support/strace.ts';
import { judge, judgeLiving } from '../crash/aftermath.ts';
import type { Prepared, Scenario } from '../crash/stage.ts';
import type { Line } from './act.ts';

export type Fault = 'SIGKILL' | 'EIO' | 'ENOSPC' | 'EMFILE';

export interface Point {
  call: Call;
  fault: Fault;
  /** What the process does after an error: ends at once, or goes on as a daemon does. */
  after: 'dies' | 'lives';
}

export interface Ground {
  /** Where copies of the home are made. */
  folder: string;
  /** The program of act.ts, in one file. */
  program: string;
  model: string;
  scenario: Scenario;
  prepared: Prepared;
  mutant?: string;
}

const copy = promisify(execFile);
let copies = 0;

/** The act's lines as they come. */
class Act {
  readonly lines: Line[] = [];
  readonly process: ReturnType<typeof spawn>;
  readonly home: string;
  words = '';
  #rest = '';
  #notice: () => void = () => undefined;

  constructor(ground: Ground, home: string, after: Point['after']) {
    const { program, scenario, prepared, mutant = '' } = ground;
    this.home = home;
    this.process = spawn(
      process.execPath,
      [program, home, scenario.name, JSON.stringify(prepared), after, mutant],
      {
        cwd: '/',
        stdio: ['pipe', 'pipe', 'pipe'],
        env: {
          ...process.env,
          UV_USE_IO_URING: '0',
          UV_THREADPOOL_SIZE: '1',
          NODE_COMPILE_CACHE: join(ground.folder, 'cache'),
        },
      },
    );
    this.process.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.words += chunk));
    this.process.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (this.#rest + chunk).split('\n');
      this.#rest = parts.pop() ?? '';
      this.lines.push(...parts.map((part) => JSON.parse(part) as Line));
      this.#notice();
    });
    this.process.once('close', () => this.#notice());
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get closed(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Whether it comes; false when it ends before. */
  async comes(key: string): Promise<boolean> {
    for (;;) {
      if (this.lines.some((line) => key in line)) return true;
      if (this.closed) return false;
      await new Promise<void>((resolve) => {
        this.#notice = resolve;
      });
    }
  }

  goOn(): void {
    this.process.stdin?.write('g');
  }

  async end(): Promise<void> {
    if (!this.closed) await once(this.process, 'close');
  }

  get said(): string[] {
    return this.lines.flatMap((line) => ('say' in line ? [line.say] : []));
  }

  get errors(): { code: string | null; message: string }[] {
    return this.lines.flatMap((line) => ('error' in line ? [line.error] : []));
  }
}

/** Every call of the act that has to do with the home or with other processes, as it is when nothing goes wrong. */
export const trace = async (ground: Ground): Promise<Call[]> => [
  // One thread at a time, as later: a thread that is traced is slow, and the others then find other things done.
  ...(await traceThread(ground, 'main')),
  ...(await traceThread(ground, 'pool')),
];

const traceThread = async (ground: Ground, thread: Thread): Promise<Call[]> => {
  const home = await copyOf(ground);
  const act = new Act(ground, home, 'dies');
  if (!(await act.comes('now'))) throw new Error(`it did not begin: ${act.words}`);
  const log = `${home}.strace`;
  const tracer = await strace(threadOf(act.pid, thread), log, ['-e', 'trace=%file,%desc']);
  act.goOn();
  await Promise.all([act.end(), ended(tracer)]);
  if (act.errors.length > 0)
    throw new Error(`it failed by itself: ${JSON.stringify(act.errors)} ${act.words}`);
  const calls = callsIn(log, thread, plainIn(home));
  remove(home, log);
  return calls.filter(({ what }) => /^(?:HOME|.proc)/.test(what));
};

const ID = /task_[0-9]+_[0-9]+_[0-9]+_[0-9a-z]+/g;
const NUMBER = /[0-9a-f]*[0-9][0-9a-f]*/g;
/** The beginning of a hash, which may hold no digit, in the folder of keys as it is called or as it was opened. */
const KEY_FOLDER = /(\/keys|\/self\/fd\/[0-9]+)\/[0-9a-f]{2}(?![0-9a-z])/g;
const plainIn =
  (home: string) =>
  (path: string): string =>
    path.replace(home, 'HOME').replaceAll(ID, 'ID').replaceAll(KEY_FOLDER, '$1/#').replaceAll(NUMBER, '#');

const copyOf = async ({ folder, model }: Ground): Promise<string> => {
  copies += 1;
  const home = join(folder, `home-${copies}`);
  await copy('cp', ['-a', model, home]);
  return home;
};

const remove = (...paths: string[]): void => {
  for (const path of paths) fs.rmSync(path, { recursive: true, force: true });
};

export interface Injected {
  /** After the fault; null: nothing. */
  wrong: string | null;
  /** Whether it was seen that it was in this call, and not in one of the same name beside it. */
  seen: boolean;
}

export const inject = async (ground: Ground, point: Point): Promise<Injected> => {
  let { nth } = point.call;
  let unseen = 0;
  for (let attempt = 1; ; attempt += 1) {
    const home = await copyOf(ground);
    const log = `${home}.strace`;
    const act = new Act(ground, home, point.after);
    try {
      const wrong = await hurtAndJudge(ground, act, { ...point, call: { ...point.call, nth } }, log);
      const calls = callsIn(log, point.call.thread, plainIn(home));
      const hit = calls[nth - 1];
      if (hit?.what === point.call.what) return { wrong, seen: true };
      // One that is killed may be gone before it is seen what it did it with.
      if (point.fault === 'SIGKILL' && hit?.what === '') {
        unseen += 1;
        if (wrong !== null || unseen === LOOKS) return { wrong, seen: false };
        continue;
      }
      if (attempt >= ATTEMPTS)
        return { wrong: `it could not be put there, but in ${hit?.what}`, seen: false };
      // What Node does for itself is not the same each time, nor is the number of the call then.
      const seen = calls.find(({ what, like }) => what === point.call.what && like === point.call.like);
      nth = seen?.nth ?? Math.max(1, point.call.nth + (NEARBY[(attempt - 1) % NEARBY.length] ?? 0));
    } finally {
      act.process.kill('SIGKILL');
      await act.end();
      remove(home, log);
    }
  }
};

/** Where else it may be. */
const NEARBY = [-1, 1, -2, 2, -3, 3, 0];
/** Where other programs run, threads of one process take turns in another order each time. */
const ATTEMPTS = 24;
/** At a process that is killed, before it is taken for killed in the right call. */
const LOOKS = 3;
const HUNG_MS = 60_000;
const HUNG = `it hung, and was killed after ${HUNG_MS / 1000} s`;

const hurtAndJudge = async (ground: Ground, act: Act, point: Point, log: string): Promise<string | null> => {
  const { call, fault, after } = point;
  const { scenario, prepared } = ground;
  if (!(await act.comes('now'))) throw new Error(`it did not begin: ${act.words}`);
  const what = fault === 'SIGKILL' ? 'signal=SIGKILL' : `error=${fault}`;
  const options = ['-e', `trace=${call.call}`, '-e', `inject=${call.call}:${what}:when=${call.nth}`];
  const tracer = await strace(threadOf(act.pid, call.thread), log, options);
  let hung = false;
  const watchdog = setTimeout(() => {
    hung = true;
    act.process.kill('SIGKILL');
  }, HUNG_MS);
  const own = new RegExp(`-${act.pid}-`);
  act.goOn();
  const wentOn = await act.comes('worked');
  const story = { home: act.home, scenario, prepared, said: act.said, wentOn };
  try {
    if (wentOn) {
      const worked = act.lines.findLast((line) => 'worked' in line);
      await judgeLiving(story, worked?.worked ?? '', own);
      act.goOn();
    }
    await Promise.all([act.end(), ended(tracer)]);
    if (hung) return HUNG;
    // What is judged now has ended, however long that takes.
    clearTimeout(watchdog);
    const { errors } = act;
    if (fault !== 'SIGKILL') {
      // Node itself gives up where it cannot close a file, and then it is as dead as any.
      const gaveUp = act.process.signalCode === 'SIGABRT';
      if (after === 'lives' && !wentOn && !gaveUp)
        return `it could not go on: ${JSON.stringify(errors)} ${act.words}`;
      if (call.call === 'fsync' && fault === 'EIO' && errors.length === 0 && !gaveUp)
        return 'an fsync failed, and nobody was told';
    }
    const nothingAdded = scenario.adds === true && errors.some(({ code }) => code !== 'unknown');
    await judge({ ...story, nothingAdded });
    return null;
  } catch (error) {
    if (hung) return HUNG;
    const told = act.errors.map(({ code, message }) => `${code}: ${message}`).join('; ');
    return `${error instanceof Error ? error.message : String(error)} (it told: ${told || 'nothing'})`;
  } finally {
    clearTimeout(watchdog);
  }
};
