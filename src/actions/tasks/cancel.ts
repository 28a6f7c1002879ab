/** Asks for the end of tasks, and finds out what really happened to each. */
import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import type { Queue } from '../../queue/queue.ts';
import { isEnded } from '../../task/lifecycle.ts';
import type { TaskRecord } from '../../task/record.ts';
import type { CancelDocument, Cancelled } from '../documents/queue.ts';

const POLL_MS = 50;

/**
 * Waits up to `waitMs` milliseconds, for all together, until the running ones have been stopped. Throws
 * `no_such_task`; tasks before that one are then cancelled.
 */
export const cancelTasks = async (
  { queue, caller }: Pick<App, 'queue' | 'caller'>,
  ids: readonly string[],
  { waitMs, signal }: { waitMs: number; signal?: AbortSignal },
): Promise<CancelDocument> => {
  requireAllowed(caller, 'cancel', { undone: 'Nothing was cancelled.' });
  const asked: Promise<Cancelled>[] = [];
  const end = performance.now() + waitMs;
  for (const id of ids) {
    const { result } = await queue.cancel(id);
    asked.push(result === 'asked' ? outcomeOf(queue, id, end, signal) : ended(queue, id));
  }
  return { results: await Promise.all(asked) };
};

const outcomeOf = async (
  queue: Queue,
  id: string,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Cancelled> => {
  for (;;) {
    const state = await queue.state(id);
    if (state !== undefined && isEnded(state)) return ended(queue, id);
    if (performance.now() >= end || signal?.aborted === true) {
      const isSilent = (await queue.get(id))?.waiting === 'worker';
      return { task_id: id, result: 'asked', ...(isSilent ? { silent: true } : {}) };
    }
    await delay(POLL_MS);
  }
};

const ended = async (queue: Queue, id: string): Promise<Cancelled> => ({
  task_id: id,
  result: resultOf(await queue.get(id)),
});

const resultOf = (record: TaskRecord | undefined): Cancelled['result'] => {
  if (record?.status === 'completed') return 'completed';
  return record?.result?.error?.code === 'cancelled' ? 'cancelled' : 'failed';
};
