/** Runs ended tasks again, as new attempts of the same tasks. */

import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { KoubouError, leavesSomething } from '../../errors.ts';
import type { Queue } from '../../queue/queue.ts';
import { action, say } from '../../say/say.ts';
import { isEnded } from '../../task/lifecycle.ts';
import { admitRetry } from '../callers/admit-task.ts';
import type { Retried, RetryDocument } from '../documents/queue.ts';

type RetryApp = Pick<App, 'queue' | 'config' | 'caller' | 'plan'>;

/**
 * Tasks that failed because one of these had come along with it. Throws `no_such_task`, `conflict` where one has not
 * ended, and `not_allowed` where an agent may not have it run; then none was retried.
 */
export const retryTasks = async (parts: RetryApp, ids: readonly string[]): Promise<RetryDocument> => {
  const { queue, caller } = parts;
  requireAllowed(caller, 'retry', { undone: 'Nothing was retried.' });
  // Parents are older than their children, which then come along.
  const inOrder = [...new Set(ids)].sort();
  for (const id of inOrder) {
    await requireEnded(queue, id);
    await requireAdmitted(parts, id);
    for (const child of await comesAlong(parts, id)) await requireAdmitted(parts, child);
  }
  const results: Retried[] = [];
  for (const id of inOrder) {
    const state = await queue.state(id);
    const now = state !== undefined && isEnded(state) ? await queue.retry(id) : state;
    results.push({ task_id: id, result: now === 'blocked' ? 'blocked' : 'pending' });
  }
  return { results };
};

/** What is done is judged, and not only what was named. A person may do all of it. */
const comesAlong = async ({ queue, caller }: RetryApp, id: string): Promise<string[]> =>
  caller.principal.role === 'owner' ? [] : queue.comesAlong(id);

const requireAdmitted = async ({ queue, config, caller, plan }: RetryApp, id: string): Promise<void> => {
  if (caller.principal.role === 'owner') return;
  const task = await queue.get(id);
  if (task === undefined) return;
  const failed = task.result?.error?.code ?? '';
  if (leavesSomething(failed)) {
    throw new KoubouError(
      'not_allowed',
      `${id} failed with ${failed}: an agent may not have it run again, as the next run would take what it left for what was there; nothing was retried.`,
      { hint: 'A person looks at what it left, removes it, and retries the task.' },
    );
  }
  const { route } = plan(task);
  // Each that may come to do it. A task that goes nowhere runs nothing.
  const names =
    route instanceof KoubouError ? [] : [route.runner, ...route.chain, route.fallbackRunner ?? route.runner];
  if (names.length === 0) admitRetry(task, caller, { runner: undefined });
  for (const name of new Set(names)) admitRetry(task, caller, { runner: config.runners[name] });
};

const requireEnded = async (queue: Queue, id: string): Promise<void> => {
  const state = await queue.state(id);
  if (state === undefined) throw new KoubouError('no_such_task', `There is no task ${id}.`);
  if (isEnded(state)) return;
  throw new KoubouError(
    'conflict',
    `${id} has not ended: it is ${state.replace('_', ' ')}; nothing was retried.`,
    { hint: say`${action('wait')} waits for it, ${action('cancel')} ends it.` },
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
