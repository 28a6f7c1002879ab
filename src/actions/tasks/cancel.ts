/** Asks for the end of tasks, and finds out what really happened to each. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import type { Queue } from '../../queue/queue.ts';
import { isEnded } from '../../task/lifecycle.ts';
import type { TaskRecord } from '../../task/record.ts';
import type { CancelDocument, Cancelled } from '../documents/queue.ts';

const POLL_MS = 50;

/**
 * Waits up to `waitMs` milliseconds, for all together, until the running ones have been stopped; not for one whose worker is
 * silent. Throws
 * `no_such_task`; tasks before that one are then cancelled.
 */
export const cancelTasks = async (
  { queue, caller, clock }: Pick<App, 'queue' | 'caller' | 'clock'>,
  ids: readonly string[],
  { waitMs, signal }: { waitMs: number; signal?: AbortSignal },
): Promise<CancelDocument> => {
  requireAllowed(caller, 'cancel', { undone: 'Nothing was cancelled.' });
  const asked: Promise<Cancelled>[] = [];
  const end = clock.steadyMs() + waitMs;
  for (const id of ids) {
    const { result } = await queue.cancel(id);
    asked.push(result === 'asked' ? outcomeOf({ queue, clock }, id, end, signal) : ended(queue, id));
  }
  return { results: await Promise.all(asked) };
};

const outcomeOf = async (
  { queue, clock }: Pick<App, 'queue' | 'clock'>,
  id: string,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Cancelled> => {
  const isSilent = async (): Promise<boolean> => (await queue.get(id))?.waiting === 'worker';
  // Nobody would hear it in that time.
  if (await isSilent()) return { task_id: id, result: 'asked', silent: true };
  for (;;) {
    const state = await queue.state(id);
    if (state !== undefined && isEnded(state)) return ended(queue, id);
    if (clock.steadyMs() >= end || signal?.aborted === true)
      return { task_id: id, result: 'asked', ...((await isSilent()) ? { silent: true } : {}) };
    await clock.sleep(POLL_MS);
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
