/**
 * The only file that gives a task file its place: every state change and every task that is added is one rename here, to
 * what `src/task/lifecycle.ts` allows (test/architecture/transition.test.ts). Nothing is synced: who calls knows when.
 */
import { join } from 'node:path';
import { KoubouError } from '../../../errors.ts';
import {
  type EventName,
  firstState,
  isEnded,
  isTimed,
  isWaiting,
  nextState,
  type State,
} from '../../../task/lifecycle.ts';
import type { TaskFile } from '../../../task/record.ts';
import { unlessCode } from '../disk/disk.ts';
import { move } from '../disk/moves.ts';
import type { QueueContext } from '../layout/context.ts';
import { delayedName, endedName, type Layout, type TaskName, taskName } from '../layout/names.ts';

/** Where a task file lies, or is to lie. */
export interface TaskPlace {
  state: State;
  folder: string;
  path: string;
}

/** What a name does not say: wall-clock milliseconds of a delayed task, the folder of a worker. */
export interface PlaceDetails {
  dueMs?: number | null;
  workerFolder?: string;
}

/** The place of a task of this name in a state. Throws `internal` where a detail is missing. */
export const taskPlace = (
  layout: Layout,
  state: State,
  name: TaskName,
  { dueMs = null, workerFolder }: PlaceDetails = {},
): TaskPlace => {
  const at = (folder: string, file: string): TaskPlace => ({ state, folder, path: join(folder, file) });
  if (isEnded(state)) return at(layout.endedFolder(state, name.id), endedName(name.id, name.run));
  if (!isWaiting(state)) {
    if (workerFolder === undefined) throw new KoubouError('internal', `${name.id} is given to no worker.`);
    return at(workerFolder, taskName(name));
  }
  if (!isTimed(state)) return at(layout.states[state], taskName(name));
  if (dueMs === null) throw new KoubouError('internal', `${name.id} is ${state} to no time.`);
  return at(layout.states[state], delayedName(dueMs, name));
};

/** Where a task begins. `run`: of one that comes back from quarantine, the last of its runs. */
export const firstPlace = (layout: Layout, task: TaskFile, run = 0): TaskPlace & { state: FirstState } => {
  const dueMs = task.not_before === null ? null : Date.parse(task.not_before);
  const state = firstState({
    parents: task.after.length + task.after_any.length > 0,
    notBefore: dueMs !== null,
  }) as FirstState;
  const name = { id: task.task_id, run, base: run, priority: task.priority };
  return { ...taskPlace(layout, state, name, { dueMs }), state };
};
export type FirstState = 'pending' | 'delayed' | 'blocked';

/** The place after an event. Throws `internal` where the lifecycle does not allow it. */
export const placeAfter = (
  layout: Layout,
  from: State,
  event: EventName,
  name: TaskName,
  details?: PlaceDetails,
): TaskPlace => {
  const state = nextState(from, event);
  if (state === undefined)
    throw new KoubouError('internal', `"${event}" cannot happen to a task in ${from}.`);
  return taskPlace(layout, state, name, details);
};

/** Moves a task file from state to state. False: it is not there, or the folder of `to` is missing; nothing was done. */
export const transition = (
  { disk }: QueueContext,
  from: Pick<TaskPlace, 'state' | 'path'>,
  to: TaskPlace,
): Promise<boolean> =>
  unlessCode(
    // A worker that was fenced has lost its folder, whatever lies there now.
    from.state === 'in_progress' || to.state === 'in_progress' ? ['ENOENT', 'ENOTDIR'] : ['ENOENT'],
    () => move(disk, from.path, to.path),
  );

/** Gives a half-made file of tmp/ the place of a task: from here on the task exists. Rejects as `rename` does. */
export const publishTask = ({ disk }: QueueContext, tmp: string, to: TaskPlace): Promise<void> =>
  move(disk, tmp, to.path);
