/** Cancelling, failing for a parent's sake, and running ended tasks again. */
import { basename, join } from 'node:path';
import { type ErrorInfo, errorInfo, KoubouError, systemCode } from '../../errors.ts';
import { isEnded, nextState, type State } from '../../task/lifecycle.ts';
import type { RunOutcome } from '../../task/record.ts';
import type { CancelResult } from '../queue.ts';
import type { QueueContext } from './context.ts';
import { BadFile, listOrNone, unlessCode } from './disk.ts';
import { endedName, type Place, parseEndedName, taskName } from './layout.ts';
import { ensureDayFolders, locate } from './locate.ts';
import { endWithoutRun, publishOutcome, readOutcome } from './outcome.ts';
import { parentsState } from './parents.ts';
import { readTask } from './read.ts';
import { withReserve } from './reserve.ts';

const CANCELLED = errorInfo('cancelled', 'Cancelled before it began.');

/** Asks for a task's end. The mark is durable first, so a crash in the middle is finished by the next sweep. */
export const cancelTask = async (context: QueueContext, id: string): Promise<CancelResult> => {
  const { step } = context;
  const first = await locate(context, id);
  if (first === undefined) throw noSuchTask(id);
  if (isEnded(first.state)) return { id, result: 'already_ended', state: first.state };
  for (let pass = 0; pass < 5; pass += 1) {
    // Each time: who ended the task before us took the mark away.
    await writeMark(context, markOf(context, id, 'cancelled'), CANCELLED);
    step('cancel.marked');
    const place = await locate(context, id);
    if (place === undefined) break;
    if (place.state === 'in_progress') return { id, result: 'asked' };
    if (isEnded(place.state)) {
      const open = (await readOutcome(context, id, place.run)) === undefined;
      // Whoever ended it is about to say why, or died before that: what is said first is what counts.
      if (open) await closeOpenEnd(context, id, place.run);
      await clearMark(context, id, markOf(context, id, 'cancelled'));
      const why = (await readOutcome(context, id, place.run))?.error?.code;
      if (open && why === 'cancelled') return { id, result: 'cancelled' };
      return { id, result: 'already_ended', state: place.state };
    }
    const outcome = await endWaiting(context, place, CANCELLED, 'cancelled');
    if (outcome === undefined) continue;
    if (outcome.error?.code === 'cancelled') return { id, result: 'cancelled' };
    return { id, result: 'already_ended', state: 'failed' };
  }
  return { id, result: 'asked' };
};

const noSuchTask = (id: string): KoubouError => new KoubouError('no_such_task', `There is no task ${id}.`);

type WaitingEnd = 'cancelled' | 'parent_failed';

const PARENT_MARK = '.parent';

// A mark made for a parent's sake has a name of its own: it asks nobody to stop anything, and clearing it
// must not clear what a person asked.
const markOf = (context: QueueContext, id: string, event: WaitingEnd): string =>
  join(context.layout.cancelMarks, event === 'parent_failed' ? `${id}${PARENT_MARK}` : id);

const writeMark = async (context: QueueContext, path: string, error: ErrorInfo): Promise<void> => {
  const { disk, layout } = context;
  const content = `${JSON.stringify(error)}\n`;
  await withReserve(context, () => unlessCode(['EEXIST'], () => disk.create(path, content, true)));
  await disk.syncFolder(layout.cancelMarks);
};

// Somebody may have made a folder there: it is a mark as well, and must go like one.
const removeMark = async (context: QueueContext, path: string): Promise<void> => {
  const { disk } = context;
  if (await unlessCode(['EISDIR', 'EPERM'], () => unlessGone(() => disk.unlink(path)))) return;
  await unlessCode(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => disk.removeFolder(path));
};

// The outcome that is seen may be another's, who died before it was on the device: it must not be lost when the
// mark that stands for it is gone.
const clearMark = async (context: QueueContext, id: string, path: string): Promise<void> => {
  await context.disk.syncFolder(context.layout.resultFolder(id));
  await removeMark(context, path);
};

const unlessGone = async (action: () => Promise<void>): Promise<void> => {
  await unlessCode(['ENOENT'], action);
};

/** Ends a blocked task whose parent failed; false when it had moved on meanwhile. A mark left then is swept. */
export const failForParent = async (
  context: QueueContext,
  place: Place,
  error: ErrorInfo,
): Promise<boolean> => {
  await writeMark(context, markOf(context, place.id, 'parent_failed'), error);
  context.step('cancel.marked');
  return (await endWaiting(context, place, error, 'parent_failed')) !== undefined;
};

/**
 * Ends a task that is not running, and whose mark is there: should we die in the middle, it says why the task
 * ended. The run number is raised by the same rename, so that the outcome has a name of its own. Answers with
 * the outcome that counts, or undefined when the task had moved on meanwhile.
 */
const endWaiting = async (
  context: QueueContext,
  place: Place,
  error: ErrorInfo,
  event: WaitingEnd,
): Promise<RunOutcome | undefined> => {
  const { disk, layout, step } = context;
  if (nextState(place.state, event) !== 'failed') return undefined;
  await ensureDayFolders(context, place.id);
  const run = place.run + 1;
  const folder = layout.endedFolder('failed', place.id);
  const target = join(folder, endedName(place.id, run));
  if (!(await unlessCode(['ENOENT'], () => disk.rename(place.path, target)))) return undefined;
  step('cancel.moved');
  await Promise.all([disk.syncFolder(place.folder), disk.syncFolder(folder)]);
  step('cancel.synced');
  const { stored } = await publishOutcome(context, endWithoutRun(context, place.id, run, error));
  step('cancel.outcome');
  await removeMark(context, markOf(context, place.id, event));
  return stored;
};

/** Finishes what a dead canceller began. Answers with how many tasks were ended. */
export const sweepMarks = async (context: QueueContext): Promise<number> => {
  let ended = 0;
  for (const name of await listOrNone(context.disk, context.layout.cancelMarks)) {
    if (await sweepMark(context, name)) ended += 1;
  }
  return ended;
};

const sweepMark = async (context: QueueContext, name: string): Promise<boolean> => {
  const { disk, layout } = context;
  const event: WaitingEnd = name.endsWith(PARENT_MARK) ? 'parent_failed' : 'cancelled';
  const id = event === 'parent_failed' ? name.slice(0, -PARENT_MARK.length) : name;
  const path = join(layout.cancelMarks, name);
  const error = await readMark(context, path, event);
  const place = await locate(context, id);
  // Who retries a task takes its mark away first: a mark that is still there was meant for the task as it
  // was found here, not for what it was before.
  if (error === undefined || (await disk.facts(path)) === undefined) return false;
  if (place !== undefined && !isEnded(place.state)) {
    if (event === 'cancelled') {
      if (place.state === 'in_progress') return false;
      return (await endWaiting(context, place, error, event)) !== undefined;
    }
    // Whether a blocked task fails is for its parents' state to say, not for a mark.
    if (place.state === 'blocked') return false;
    await removeMark(context, path);
    return false;
  }
  const open = place !== undefined && (await readOutcome(context, id, place.run)) === undefined;
  if (open) await publishOutcome(context, endWithoutRun(context, id, place.run, error));
  await (place === undefined ? removeMark(context, path) : clearMark(context, id, path));
  return open;
};

/** What the mark says; undefined when it is gone, so that nothing is to be done for it. */
const readMark = async (
  context: QueueContext,
  path: string,
  event: WaitingEnd,
): Promise<ErrorInfo | undefined> => {
  if (event === 'cancelled') return (await context.disk.facts(path)) === undefined ? undefined : CANCELLED;
  let message = 'A task it waits for failed.';
  try {
    const value: unknown = JSON.parse((await context.disk.read(path, 64 * 1024)).toString('utf8'));
    if (typeof value === 'object' && value !== null && 'message' in value) message = String(value.message);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    // A mark is a mark, whatever is in it.
    if (!(error instanceof SyntaxError || error instanceof BadFile)) throw error;
  }
  return errorInfo('dependency_failed', message);
};

/** Runs an ended task again, and with it the tasks that failed because it had. Answers with the new state. */
export const retryTask = async (context: QueueContext, id: string): Promise<State> => {
  const state = await retryOne(context, id);
  for (const child of await failedFor(context, id)) await unlessUsage(() => retryTask(context, child));
  return state;
};

// A descendant that somebody else retried in the same moment is as good as ours.
const unlessUsage = async (action: () => Promise<unknown>): Promise<void> => {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof KoubouError && (error.code === 'usage' || error.code === 'no_such_task')))
      throw error;
  }
};

const retryOne = async (context: QueueContext, id: string): Promise<State> => {
  const { disk, layout, step } = context;
  const place = await locate(context, id);
  if (place === undefined) throw noSuchTask(id);
  if (!isEnded(place.state)) {
    throw new KoubouError('usage', `${id} has not ended: it is ${place.state.replace('_', ' ')}.`, {
      hint: '`koubou wait` waits for it, `koubou cancel` ends it.',
    });
  }
  const read = await readTask(context, place.path, id);
  if ('gone' in read) throw movedOn(id);
  if ('bad' in read) throw noSuchTask(id);
  await closeOpenEnd(context, id, place.run);
  for (const event of ['cancelled', 'parent_failed'] as const) {
    await removeMark(context, markOf(context, id, event));
  }
  await disk.syncFolder(layout.cancelMarks);
  step('retry.unmarked');
  const blocked = (await parentsState(context, read.task)).kind !== 'met';
  const state = nextState(place.state, blocked ? 'retried_blocked' : 'retried') as 'pending' | 'blocked';
  const name = taskName({ id, run: place.run, base: place.run, priority: read.task.priority });
  if (!(await unlessCode(['ENOENT'], () => disk.rename(place.path, join(layout[state], name))))) {
    throw movedOn(id);
  }
  step('retry.moved');
  await Promise.all([disk.syncFolder(place.folder), disk.syncFolder(layout[state])]);
  return state;
};

const movedOn = (id: string): KoubouError =>
  new KoubouError('usage', `${id} moved on meanwhile; nothing was done.`, {
    hint: 'Look with `koubou status`.',
  });

// Its outcome is what a waiting task's name counts from, so an end that was cut short is completed first.
const closeOpenEnd = async (context: QueueContext, id: string, run: number): Promise<void> => {
  for (const event of ['cancelled', 'parent_failed'] as const) {
    if ((await readOutcome(context, id, run)) === undefined) {
      await sweepMark(context, basename(markOf(context, id, event)));
    }
  }
  if ((await readOutcome(context, id, run)) !== undefined) {
    // It may be another's, who died before it was on the device.
    await context.disk.syncFolder(context.layout.resultFolder(id));
    return;
  }
  const lost = errorInfo('unknown', 'It had ended, and how was not recorded.');
  await publishOutcome(context, endWithoutRun(context, id, run, lost));
};

/** Failed tasks that wait for `id` and failed because a parent had. */
const failedFor = async (context: QueueContext, id: string): Promise<string[]> => {
  const { disk, layout } = context;
  const found: string[] = [];
  for (const day of await listOrNone(disk, layout.failed)) {
    const folder = join(layout.failed, day);
    for (const text of await listOrNone(disk, folder)) {
      const name = parseEndedName(text);
      if (name === undefined || name.id === id) continue;
      const outcome = await readOutcome(context, name.id, name.run);
      if (outcome?.error?.code !== 'dependency_failed') continue;
      const read = await readTask(context, join(folder, text), name.id);
      if ('task' in read && read.task.after.includes(id)) found.push(name.id);
    }
  }
  return found;
};
