/** Runs ended tasks again, as new attempts of the same tasks. */
import { KoubouError } from '../errors.ts';
import type { Queue } from '../queue/queue.ts';
import { isEnded } from '../task/lifecycle.ts';

export interface Retried {
  task_id: string;
  /** `blocked`: it waits for a task that has to succeed first. */
  result: 'pending' | 'blocked';
}

/**
 * Tasks that failed because one of these had come along with it. Throws `no_such_task`, and `usage` where one
 * has not ended; then none was retried.
 */
export const retryTasks = async (queue: Queue, ids: readonly string[]): Promise<Retried[]> => {
  // Parents are older than their children, which then come along.
  const inOrder = [...new Set(ids)].sort();
  for (const id of inOrder) await requireEnded(queue, id);
  const retried: Retried[] = [];
  for (const id of inOrder) {
    const state = await queue.state(id);
    const now = state !== undefined && isEnded(state) ? await queue.retry(id) : state;
    retried.push({ task_id: id, result: now === 'blocked' ? 'blocked' : 'pending' });
  }
  return retried;
};

const requireEnded = async (queue: Queue, id: string): Promise<void> => {
  const state = await queue.state(id);
  if (state === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
  if (isEnded(state)) return;
  throw new KoubouError(
    'usage',
    `${id} has not ended: it is ${state.replace('_', ' ')}; nothing was retried.`,
    { hint: '`koubou wait` waits for it, `koubou cancel` ends it.' },
  );
};

/** Ids of the tasks that failed, without those that somebody cancelled, newest first. */
export const failedTasks = async (
  queue: Queue,
  labels: Readonly<Record<string, string>>,
): Promise<string[]> =>
  (await queue.list({ states: ['failed'], labels }))
    .filter(({ result }) => result?.error?.code !== 'cancelled')
    .map(({ task_id }) => task_id);
