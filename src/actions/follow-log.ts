/** What a task printed, run after run, and as it comes. Holds one piece in memory at a time. */
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { KoubouError, systemCode } from '../errors.ts';
import { openOwn } from '../names/own-file.ts';
import type { ArtifactKind, Queue } from '../queue/queue.ts';
import { isEnded } from '../task/lifecycle.ts';

export interface LogPiece {
  attempt: number;
  /** `log` is all a model's runner printed; a command's output and error output are kept apart. */
  stream: 'log' | 'stdout' | 'stderr';
  bytes: Uint8Array;
}

export interface LogOptions {
  /** Goes on until the task has ended. */
  follow: boolean;
  signal: AbortSignal;
}

const PIECE_BYTES = 64 * 1024;
const SOONEST_MS = 100;
const LATEST_MS = 1000;

/** Every piece, oldest attempt first. Throws `no_such_task`. */
export async function* readLog(queue: Queue, id: string, options: LogOptions): AsyncGenerator<LogPiece> {
  const record = await queue.get(id);
  if (record === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
  const streams = new Map<ArtifactKind, LogPiece['stream']>(
    record.type === 'command'
      ? [
          ['output', 'stdout'],
          ['log', 'stderr'],
        ]
      : [['log', 'log']],
  );
  const patience = new Patience(options.signal);
  for (let attempt = 0; !options.signal.aborted; ) {
    // Looked at before the files are: what an ended task printed is all there.
    const ended = await hasEnded(queue, id);
    const next = await nextAttempt(queue, id, attempt);
    if (next !== undefined) {
      attempt = next;
      yield* readAttempt(queue, { id, attempt, streams, options, patience });
    } else if (ended || !options.follow) return;
    else await patience.wait();
  }
}

interface AttemptToRead {
  id: string;
  attempt: number;
  streams: ReadonlyMap<ArtifactKind, LogPiece['stream']>;
  options: LogOptions;
  patience: Patience;
}

async function* readAttempt(
  queue: Queue,
  { id, attempt, streams, options, patience }: AttemptToRead,
): AsyncGenerator<LogPiece> {
  const tails = [...streams].map(([kind, stream]) => ({ kind, stream, tail: new Tail() }));
  try {
    for (;;) {
      const over = !options.follow || (await isOver(queue, id, attempt));
      for (const { kind, stream, tail } of tails) {
        const path = await queue.artifact(id, attempt, kind);
        if (path === undefined) continue;
        for await (const bytes of tail.read(path)) {
          patience.reset();
          yield { attempt, stream, bytes };
        }
      }
      if (over || options.signal.aborted) return;
      await patience.wait();
    }
  } finally {
    await Promise.all(tails.map(({ tail }) => tail.close()));
  }
}

const hasEnded = async (queue: Queue, id: string): Promise<boolean> => {
  const state = await queue.state(id);
  return state === undefined || isEnded(state);
};

/** Whether the run `attempt` can print nothing more. */
const isOver = async (queue: Queue, id: string, attempt: number): Promise<boolean> => {
  if ((await queue.state(id)) !== 'in_progress') return true;
  // Put back and claimed again between two looks, it is in progress as before.
  const last = await queue.artifact(id, null, 'log');
  return last !== undefined && last !== (await queue.artifact(id, attempt, 'log'));
};

const nextAttempt = async (queue: Queue, id: string, after: number): Promise<number | undefined> => {
  const attempts = (await queue.get(id))?.attempts.map(({ attempt }) => attempt) ?? [];
  for (const attempt of attempts.filter((each) => each > after)) {
    if ((await queue.artifact(id, attempt, 'log')) !== undefined) return attempt;
  }
  return undefined;
};

/** A file that grows, read from where the last look ended. */
class Tail {
  #file: FileHandle | undefined;
  #position = 0;

  async *read(path: string): AsyncGenerator<Uint8Array> {
    try {
      this.#file ??= await openOwn(path, 'read');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw error;
    }
    for (;;) {
      const { bytesRead, buffer } = await this.#file.read({
        buffer: Buffer.alloc(PIECE_BYTES),
        position: this.#position,
      });
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

/** Looks often while something comes, and seldom while nothing does. */
class Patience {
  readonly #signal: AbortSignal;
  #waitMs = SOONEST_MS;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  reset(): void {
    this.#waitMs = SOONEST_MS;
  }

  async wait(): Promise<void> {
    await delay(this.#waitMs, undefined, { signal: this.#signal }).catch(() => undefined);
    this.#waitMs = Math.min(this.#waitMs * 1.5, LATEST_MS);
  }
}
