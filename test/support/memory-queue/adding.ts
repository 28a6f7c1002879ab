import type { Added } from '../../../src/queue/queue.ts';
import {
  requireFits,
  requireOwnKeys,
  requireSameTask,
  taskOf,
  unknownParent,
} from '../../../src/task/new-task.ts';
import type { NewTask, TaskFile } from '../../../src/task/record.ts';
import type { Store } from './store.ts';

/** Everything that can be refused is refused before the first one is put there. */
export const addTasks = (store: Store, asked: readonly NewTask[]): Added[] => {
  const tasks = asked.map((each) => keptTask(store, each));
  for (const parent of tasks.flatMap(({ after, after_any }) => [...after, ...after_any])) {
    if (!store.entries.has(parent)) throw unknownParent(parent);
  }
  requireOwnKeys(tasks);
  const holders = tasks.map((task) => holderOf(store, task));
  return tasks.map((task, nth) => {
    const holder = holders[nth];
    if (holder !== undefined) return { id: holder, existed: true };
    store.put(task);
    return { id: task.task_id, existed: false };
  });
};

/** Nobody else has a part of it in hand. */
const keptTask = (store: Store, asked: NewTask): TaskFile => {
  const text = JSON.stringify(taskOf(asked, store.ids.next(), store.clock.wallMs()));
  requireFits(text);
  return JSON.parse(text) as TaskFile;
};

/** The task that has its key already. */
const holderOf = ({ keys, entries }: Store, task: TaskFile): string | undefined => {
  const { key } = task;
  const holder = key === null ? undefined : entries.get(keys.get(key) ?? '');
  if (key === null || holder === undefined) return undefined;
  requireSameTask(key, task, holder.task);
  return holder.task.task_id;
};
