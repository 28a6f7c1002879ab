/** What a task printed, run after run, and as it comes. Holds one piece in memory at a time. */
import { StringDecoder } from 'node:string_decoder';
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { KoubouError } from '../../errors.ts';
import type { Clock } from '../../process/clock.ts';
import type { ArtifactKind, Queue } from '../../queue/queue.ts';
import { isEnded } from '../../task/lifecycle.ts';
import type { LogDocument } from '../documents/work.ts';

export interface LogPiece {
  attempt: number;
  stream: LogDocument['stream'];
  bytes: Uint8Array;
}

export interface LogOptions {
  /** Goes on until the task has ended. */
  follow: boolean;
  signal: AbortSignal;
}

const SOONEST_MS = 100;
const LATEST_MS = 1000;

/** Every piece, oldest attempt first. Throws `no_such_task`. */
export async function* readLog(
  { queue, caller, view, clock }: Pick<App, 'queue' | 'caller' | 'view' | 'clock'>,
  id: string,
  options: LogOptions,
): AsyncGenerator<LogPiece> {
  requireAllowed(caller, 'read', { undone: 'Nothing was shown.' });
  await view.requireShown(id);
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
  const patience = new Patience(clock, options.signal);
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

/** The same as text, a document a piece. A letter that two pieces share is in the later one. Throws as readLog. */
export async function* readLogText(
  app: Parameters<typeof readLog>[0],
  id: string,
  options: LogOptions,
): AsyncGenerator<LogDocument> {
  const decoders = new Map<string, StringDecoder>();
  for await (const { attempt, stream, bytes } of readLog(app, id, options)) {
    const key = `${attempt} ${stream}`;
    const decoder = decoders.get(key) ?? new StringDecoder();
    decoders.set(key, decoder);
    yield { task_id: id, attempt, stream, text: decoder.write(Buffer.from(bytes)) };
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
  const tails = [...streams].map(([kind, stream]) => ({ kind, stream, from: 0 }));
  for (;;) {
    const over = !options.follow || (await isOver(queue, id, attempt));
    for (const tail of tails) {
      const { kind, stream, from } = tail;
      for await (const bytes of queue.artifacts.read(id, attempt, kind, { from })) {
        tail.from += bytes.length;
        patience.reset();
        yield { attempt, stream, bytes };
      }
    }
    if (over || options.signal.aborted) return;
    await patience.wait();
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
  const last = await queue.artifacts.find(id, null, 'log');
  return last !== undefined && last.run !== attempt;
};

const nextAttempt = async (queue: Queue, id: string, after: number): Promise<number | undefined> => {
  const attempts = (await queue.get(id))?.attempts.map(({ attempt }) => attempt) ?? [];
  for (const attempt of attempts.filter((each) => each > after)) {
    if ((await queue.artifacts.find(id, attempt, 'log')) !== undefined) return attempt;
  }
  return undefined;
};

/** Looks often while something comes, and seldom while nothing does. */
class Patience {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #waitMs = SOONEST_MS;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  reset(): void {
    this.#waitMs = SOONEST_MS;
  }

  async wait(): Promise<void> {
    await this.#clock.sleep(this.#waitMs, this.#signal);
    this.#waitMs = Math.min(this.#waitMs * 1.5, LATEST_MS);
  }
}
