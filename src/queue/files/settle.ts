/** Ending a run: the outcome is published first, then the task moves where the outcomes say. */
import { join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { type Budget, DEFAULT_BUDGET, type Decision, decide } from '../../task/budget.ts';
import { nextState, type State } from '../../task/lifecycle.ts';
import type { RunOutcome } from '../../task/record.ts';
import { type QueueContext, randomFraction } from './context.ts';
import { move, unlessCode } from './disk.ts';
import { delayedName, endedName, type TaskName, taskName } from './layout.ts';
import { ensureDayFolders } from './locate.ts';
import { markName, removeMark } from './marks.ts';
import { publishOutcome } from './outcome.ts';

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
  const { disk, step } = context;
  const state = nextState('in_progress', decision.event);
  if (state === undefined) {
    throw new KoubouError('internal', `A run cannot end with "${decision.event}".`);
  }
  const dueMs = decision.event === 'try_later' ? Math.round(context.nowMs() + decision.seconds * 1000) : null;
  const target = targetOf(context, ending.name, state, dueMs);
  const source = join(ending.folder, taskName(ending.name));
  const moveOn = (): Promise<boolean> =>
    unlessCode(['ENOENT', 'ENOTDIR'], () => move(disk, source, join(target.folder, target.name)));
  const ended = { state, dueMs, outcome };
  if (!(await moveOn())) {
    if ((await disk.facts(source)) === undefined) return { ...ended, moved: false };
    await ensureDayFolders(context, ending.name.id);
    if (!(await moveOn())) {
      if ((await disk.facts(source)) === undefined) return { ...ended, moved: false };
      throw new KoubouError('internal', `${ending.name.id} cannot be moved to ${target.folder}.`);
    }
  }
  step('settle.moved');
  const fenced = !(await unlessCode(['ENOENT'], () => disk.syncFolder(ending.folder)));
  await disk.syncFolder(target.folder);
  step('settle.synced');
  if (!fenced && (state === 'completed' || state === 'failed')) {
    await removeMark(context, markName(ending.name));
  }
  return { ...ended, moved: true };
};

const targetOf = (
  context: QueueContext,
  name: TaskName,
  state: State,
  dueMs: number | null,
): { folder: string; name: string } => {
  const { layout } = context;
  if (state === 'completed' || state === 'failed') {
    return { folder: layout.endedFolder(state, name.id), name: endedName(name.id, name.run) };
  }
  if (state === 'delayed') return { folder: layout.delayed, name: delayedName(dueMs ?? 0, name) };
  return { folder: layout.pending, name: taskName(name) };
};
