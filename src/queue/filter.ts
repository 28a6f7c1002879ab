/** Which tasks a list shows. */
import { firstIdAt } from '../task/id.ts';
import type { State } from '../task/lifecycle.ts';
import type { TaskFile } from '../task/record.ts';
import type { ListFilter } from './queue.ts';

/** What can be said of a task before it is read. */
export const mayMatch = ({ states, sinceMs }: ListFilter): ((id: string, state: State) => boolean) => {
  const first = sinceMs === undefined ? '' : firstIdAt(sinceMs);
  return (id, state) => id >= first && (states === undefined || states.includes(state));
};

export const matches = (
  { type, labels = {} }: ListFilter,
  task: Pick<TaskFile, 'type' | 'labels'>,
): boolean =>
  (type === undefined || task.type === type) &&
  Object.entries(labels).every(([name, value]) => task.labels[name] === value);

export const newestFirst = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);
