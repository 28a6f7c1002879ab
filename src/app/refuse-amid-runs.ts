/**
 * No home is made where a run is at work: sandboxes hide the homes that there are when a program starts, so that one could
 * write the config of this one.
 */
import { join } from 'node:path';
import type { Variables } from '../config/environment.ts';
import { stateFolder } from '../config/paths.ts';
import { KoubouError } from '../errors.ts';
import type { Seal } from '../home/seal.ts';
import { trustOf } from '../home/signature.ts';
import { homesBeside } from '../process/homes/registered-homes.ts';
import type { Queue } from '../queue/queue.ts';
import { actionLine, field, say } from '../say/say.ts';
import type { TaskRecord } from '../task/record.ts';
import { isWithin } from '../text/is-within.ts';
import { isLiving } from './living.ts';
import { realOf, workTreeOf } from './project.ts';

export type OpenQueue = (options: { home: string; seal?: Seal | undefined }) => Queue;

/** Throws `conflict`. Runs of all homes of this user count. */
export const refuseAmidRuns = async (
  home: string,
  { environment, openQueue }: { environment: Variables; openQueue: OpenQueue },
): Promise<void> => {
  const place = realOf(home);
  const state = stateFolder(environment);
  for (const other of homesBeside(state)) {
    for (const task of await runsOf(other, state, openQueue)) {
      const folder = foldersOf(task, other).find((each) => isWithin(place, each));
      if (folder === undefined) continue;
      throw new KoubouError(
        'conflict',
        `${task.task_id} is at work in ${folder}, and could change what a new home at ${home} says. Nothing was done.`,
        { hint: say`Wait for its end: ${actionLine('wait', task.task_id, field('home', other))}` },
      );
    }
  }
};

/** Of a home that is gone, or cannot be read, nothing is known to run. */
const runsOf = async (home: string, state: string, openQueue: OpenQueue): Promise<TaskRecord[]> => {
  try {
    const trust = trustOf(home, state);
    if (!trust.trusted) return [];
    const queue = openQueue({ home, seal: trust.seal });
    const inHand = (await queue.workers()).filter(isLiving).flatMap(({ tasks }) => tasks);
    if (inHand.length === 0) return [];
    const tasks = await queue.list({ states: ['in_progress'] });
    return tasks.filter((task) => inHand.includes(task.task_id) && isOfAModel(task));
  } catch {
    return [];
  }
};

/** A person's own program has the rights of that person, and may make a home itself. */
const isOfAModel = ({ type, confined, answer_only }: TaskRecord): boolean =>
  answer_only !== true && (type !== 'command' || confined === true);

/** That a run may write in. */
const foldersOf = ({ cwd, options }: TaskRecord, home: string): string[] => {
  if (options.worktree === true) return [join(realOf(home), 'worktrees')];
  const folder = realOf(cwd);
  return [folder, workTreeOf(folder) ?? folder];
};
