/** What scenarios are made of. */
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Admission } from '../../src/queue/queue.ts';
import type { Budget } from '../../src/task/budget.ts';
import { failedWith, newTask, worker } from '../../test/support/builders.ts';

export const PAST = '2020-01-01T00:00:00.000Z';
export const FUTURE = '2100-01-01T00:00:00.000Z';

export const add = async (queue: FileQueue, over: Parameters<typeof newTask>[0] = {}): Promise<string> =>
  (await queue.add([newTask(over)]))[0]?.id ?? '';

export const onePermit = (): Admission => ({ take: true, permits: [{ name: 'endpoint', cap: 1 }] });

export const only =
  (id: string, permit?: string) =>
  (task: { task_id: string }): Admission =>
    task.task_id === id
      ? { take: true, permits: permit === undefined ? [] : [{ name: permit, cap: 1 }] }
      : { take: false, why: 'endpoint' };

export const failParent = async (queue: FileQueue, id: string, budget: Budget): Promise<void> => {
  const member = await queue.join(worker());
  const claim = await member.claim(only(id));
  if (claim === undefined) throw new Error('nothing to claim');
  await member.settle(claim, failedWith('exit_nonzero', claim, member), budget);
  await member.leave();
};
