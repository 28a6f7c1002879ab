/** Ending a run: the outcome is published first, then the task moves where the outcomes say. */
import { KoubouError } from '../../../errors.ts';
import { type Budget, DEFAULT_BUDGET, type Decision, decide } from '../../../task/budget.ts';
import { isEnded, type State } from '../../../task/lifecycle.ts';
import type { RunOutcome } from '../../../task/record.ts';
import { unlessCode } from '../disk/disk.ts';
import { type QueueContext, randomFraction } from '../layout/context.ts';
import { ensureDayFolders } from '../layout/locate.ts';
import type { TaskName } from '../layout/names.ts';
import { publishOutcome } from '../tasks/outcome.ts';
import { placeAfter, taskPlace, transition } from '../tasks/transition.ts';
import { cancelRequestName, removeCancelRequest } from './cancel-requests.ts';

export interface EndingRun {
  /** The folder the task lies in: a worker's, or a dead worker's that is being cleared up. */
  folder: string;
  name: TaskName;
  /** Outcomes of earlier runs, oldest first. */
  earlier: readonly RunOutcome[];
  outcome: RunOutcome;
  budget?: Budget;
}

export interface Ended {
  state: State;
  dueMs: number | null;
  /** The one that counts. */
  outcome: RunOutcome;
  /** False where the task was not in `folder` any more: whoever took it away moves it, or has. */
  moved: boolean;
}

/**
 * Publishes the outcome and moves the task. Where another outcome of this run was there first, that one
 * counts. Throws `disk_full` with nothing done.
 */
export const endRun = async (context: QueueContext, ending: EndingRun): Promise<Ended> => {
  const { stored } = await publishOutcome(context, ending.outcome);
  const counted = [...ending.earlier, stored].filter((outcome) => outcome.attempt > ending.name.base);
  const decision = decide(counted, ending.budget ?? DEFAULT_BUDGET, () => randomFraction(context));
  return moveAfterRun(context, ending, stored, decision);
};

const moveAfterRun = async (
  context: QueueContext,
  ending: EndingRun,
  outcome: RunOutcome,
  decision: Decision,
): Promise<Ended> => {
  const { disk, layout, step } = context;
  const dueMs = decision.event === 'try_later' ? Math.round(context.nowMs() + decision.seconds * 1000) : null;
  const from = taskPlace(layout, 'in_progress', ending.name, { workerFolder: ending.folder });
  const to = placeAfter(layout, 'in_progress', decision.event, ending.name, { dueMs });
  const moveOn = (): Promise<boolean> => transition(context, from, to);
  const ended = { state: to.state, dueMs, outcome };
  if (!(await moveOn())) {
    if ((await disk.facts(from.path)) === undefined) return { ...ended, moved: false };
    await ensureDayFolders(context, ending.name.id);
    if (!(await moveOn())) {
      if ((await disk.facts(from.path)) === undefined) return { ...ended, moved: false };
      throw new KoubouError('internal', `${ending.name.id} cannot be moved to ${to.folder}.`);
    }
  }
  step('settle.moved');
  const fenced = !(await unlessCode(['ENOENT'], () => disk.syncFolder(ending.folder)));
  await disk.syncFolder(to.folder);
  step('settle.synced');
  if (!fenced && isEnded(to.state)) await removeCancelRequest(context, cancelRequestName(ending.name));
  return { ...ended, moved: true };
};
