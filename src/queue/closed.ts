/**
 * Closes the errors of a backend that works through the system: who uses a queue sees KoubouError alone, whatever lies
 * below it. A queue and its members are given with every method wrapped.
 */
import { KoubouError, mayPass, systemCode } from '../errors.ts';
import type { Member } from './member.ts';
import type { Queue } from './queue.ts';

/**
 * Rejects with `disk_full` and `queue_unavailable` for what may pass, so that the same call can be made again; with
 * `unknown` where the device failed: what could not be put on it may be gone, and a second try would not say so; and with
 * `internal` for what nobody foresaw.
 */
export const closed = (queue: Queue): Queue =>
  wrapped(queue, {
    join: async (...words: Parameters<Queue['join']>): Promise<Member> =>
      wrapped(await closing(() => queue.join(...words))),
    artifacts: wrapped(queue.artifacts),
    inbox: queue.inbox === undefined ? undefined : wrapped(queue.inbox),
  });

const wrapped = <T extends object>(target: T, instead: Partial<T> = {}): T =>
  new Proxy(target, {
    get: (object, name) => {
      if (Object.hasOwn(instead, name)) return instead[name as keyof T];
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return (...words: unknown[]) => closing(() => Reflect.apply(value, object, words));
    },
  });

/** As `act` answers: at once, by a promise, or by a stream. */
const closing = <T>(act: () => T): T => {
  try {
    const answer = act();
    if (answer instanceof Promise) return answer.catch(rethrow) as T;
    return isStream(answer) ? (streamed(answer) as T) : answer;
  } catch (error) {
    return rethrow(error);
  }
};

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

async function* streamed(pieces: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  try {
    yield* pieces;
  } catch (error) {
    rethrow(error);
  }
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

const rethrow = (cause: unknown): never => {
  const code = cause instanceof KoubouError ? undefined : systemCode(cause);
  if (code === undefined) throw cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const why = mayPass(cause);
  if (why !== undefined)
    throw new KoubouError(
      FULL.has(code) ? 'disk_full' : 'queue_unavailable',
      `The queue cannot be used now: ${why} (${words}).`,
      { cause },
    );
  throw code === 'EIO'
    ? new KoubouError('unknown', `The disk of the queue failed (${words}).`, { cause })
    : new KoubouError('internal', words, { cause });
};
