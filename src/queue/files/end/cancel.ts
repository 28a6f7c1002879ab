/** Cancelling, failing for a parent's sake, and running ended tasks again. */
import { join } from 'node:path';
import { type ErrorInfo, errorInfo, KoubouError } from '../../../errors.ts';
import { action, say } from '../../../say/say.ts';
import { CANCELLED, endWithoutRun, failedForParent } from '../../../task/end-without-run.ts';
import { isEnded, nextState, type State } from '../../../task/lifecycle.ts';
import type { RunOutcome } from '../../../task/record.ts';
import type { CancelResult } from '../../queue.ts';
import { noSuchTask, notEnded } from '../../refusals.ts';
import { listOrNone, unlessCode } from '../disk/disk.ts';
import { removeAny } from '../disk/moves.ts';
import { each } from '../disk/run-all.ts';
import { abandon, type QueueContext } from '../layout/context.ts';
import { ensureDayFolders, hasResults, locate } from '../layout/locate.ts';
import { type Place, parseEndedName } from '../layout/names.ts';
import { UNSEALED } from '../layout/seal.ts';
import { linkOutcome, publishOutcome, publishWritten, readOutcome, writeOutcome } from '../tasks/outcome.ts';
import { parentsOf } from '../tasks/parents.ts';
import { readTask } from '../tasks/read.ts';
import { placeAfter, transition } from '../tasks/transition.ts';
import {
  cancelRequestName,
  parseCancelRequestName,
  removeCancelRequest,
  requestCancel,
} from './cancel-requests.ts';

/** Asks for a task's end. The mark is durable first, so a crash in the middle is finished by the next sweep. */
export const cancelTask = async (context: QueueContext, id: string): Promise<CancelResult> => {
  const { step } = context;
  let place = await locate(context, id);
  if (place === undefined) throw noSuchTask(id);
  if (isEnded(place.state)) return { id, result: 'already_ended', state: place.state };
  for (let pass = 0; pass < 5; pass += 1) {
    const { base } = place;
    await requestCancel(context, { id, base });
    step('cancel.marked');
    const now: Place | undefined = await locate(context, id);
    if (now === undefined) break;
    if (isEnded(now.state)) {
      const open = (await readOutcome(context, id, now.run)) === undefined;
      // Whoever ended it is about to say why, or died before that: what is said first is what counts.
      await closeOpenEnd(context, now);
      await removeCancelRequest(context, cancelRequestName({ id, base }));
      const why = (await readOutcome(context, id, now.run))?.error?.code;
      if (open && why === 'cancelled') return { id, result: 'cancelled' };
      return { id, result: 'already_ended', state: now.state };
    }
    // It was retried meanwhile: the mark is of its life before.
    if (now.base === base) {
      if (now.state === 'in_progress') return { id, result: 'asked' };
      const outcome = await endWaiting(context, now, CANCELLED, 'cancelled');
      if (outcome?.error?.code === 'cancelled') return { id, result: 'cancelled' };
      if (outcome !== undefined) return { id, result: 'already_ended', state: 'failed' };
    }
    place = now;
  }
  await requestCancel(context, place);
  return { id, result: 'asked' };
};

/** Ends a blocked task whose parent failed; false when it had moved on meanwhile. */
export const endForParent = async (context: QueueContext, place: Place, error: ErrorInfo): Promise<boolean> =>
  (await endWaiting(context, place, error, 'parent_failed')) !== undefined;

/**
 * Ends a task that is not running. Its outcome is written down before: should we die in the middle, the sweep
 * publishes it. The run number is raised by the same rename, so that the outcome has a name of its own. Answers with
 * the outcome that counts, or undefined when the task had moved on meanwhile.
 */
const endWaiting = async (
  context: QueueContext,
  place: Place,
  error: ErrorInfo,
  event: 'cancelled' | 'parent_failed',
): Promise<RunOutcome | undefined> => {
  const { disk, layout, step } = context;
  if (nextState(place.state, event) === undefined) return undefined;
  await ensureDayFolders(context, place.id);
  const run = place.run + 1;
  const to = placeAfter(layout, place.state, event, { ...place, run });
  const written = await writeOutcome(context, endWithoutRun(place.id, run, error, context.nowMs()));
  await disk.syncFolder(layout.tmp);
  step('cancel.written');
  try {
    if (!(await transition(context, place, to))) {
      await unlessCode(['ENOENT'], () => disk.unlink(written.tmp));
      return undefined;
    }
    step('cancel.moved');
    await Promise.all([disk.syncFolder(place.folder), disk.syncFolder(to.folder)]);
    step('cancel.synced');
    const { stored } = await linkOutcome(context, written);
    step('cancel.outcome');
    await removeCancelRequest(context, cancelRequestName(place));
    return stored;
  } catch (cause) {
    await abandon(context, written.tmp);
    throw cause;
  }
};

/** Carries out what was asked of tasks that do not run. Answers with how many were ended. */
export const sweepMarks = async (context: QueueContext): Promise<number> => {
  let ended = 0;
  const names = await listOrNone(context.disk, context.layout.cancelMarks);
  await each(
    names.map((name) => async () => {
      if (await sweepMark(context, name)) ended += 1;
    }),
  );
  return ended;
};

const sweepMark = async (context: QueueContext, name: string): Promise<boolean> => {
  const life = parseCancelRequestName(name);
  const place = life === undefined ? undefined : await locate(context, life.id);
  // Before the mark goes, the end must be on the device: the process that ended it may have died before its sync.
  if (place !== undefined && isEnded(place.state)) await context.disk.syncFolder(place.folder);
  if (life === undefined || place === undefined || isEnded(place.state) || life.base < place.base) {
    await removeCancelRequest(context, name);
    return false;
  }
  // A running task is its owner's: the mark is the message.
  if (life.base > place.base || place.state === 'in_progress') return false;
  return (await endWaiting(context, place, CANCELLED, 'cancelled')) !== undefined;
};

/** Runs an ended task again, and with it the tasks that failed because it had. Answers with the new state. */
export const retryTask = async (context: QueueContext, id: string): Promise<State> => {
  const state = await retryOne(context, id);
  for (const child of await failedFor(context, id)) await unlessMovedOn(() => retryTask(context, child));
  return state;
};

/** The ended tasks that come along where `id` is retried: its descendants that failed as it had. */
export const comesAlong = async (context: QueueContext, id: string): Promise<string[]> => {
  const found = new Set<string>();
  const look = async (parent: string): Promise<void> => {
    for (const child of await failedFor(context, parent)) {
      if (child === id || found.has(child)) continue;
      found.add(child);
      await look(child);
    }
  };
  await look(id);
  return [...found];
};

// A descendant that somebody else retried in the same moment is as good as ours.
const unlessMovedOn = async (action: () => Promise<unknown>): Promise<void> => {
  try {
    await action();
  } catch (error) {
    const passes = ['conflict', 'no_such_task', 'untrusted_home'];
    if (!(error instanceof KoubouError && passes.includes(error.code))) throw error;
  }
};

const retryOne = async (context: QueueContext, id: string): Promise<State> => {
  const { disk, layout, step } = context;
  const place = await locate(context, id);
  if (place === undefined) throw noSuchTask(id);
  if (!isEnded(place.state)) throw notEnded(id, place.state);
  const read = await readTask(context, place.path, id);
  if ('gone' in read) throw movedOn(id);
  if ('bad' in read) throw read.bad === UNSEALED ? unsealed(id) : noSuchTask(id);
  await closeOpenEnd(context, place);
  const blocked = (await parentsOf(context, read.task)).kind !== 'met';
  const to = placeAfter(layout, place.state, blocked ? 'retried_blocked' : 'retried', {
    id,
    run: place.run,
    base: place.run,
    priority: read.task.priority,
  });
  // Nobody has looked at the result that it will have.
  if (await hasResults(context, id)) await removeAny(disk, layout.readMark(id));
  if (!(await transition(context, place, to))) throw movedOn(id);
  step('retry.moved');
  await Promise.all([disk.syncFolder(place.folder), disk.syncFolder(to.folder)]);
  return to.state;
};

const unsealed = (id: string): KoubouError =>
  new KoubouError('untrusted_home', `${id} was not retried: ${UNSEALED}.`);

const movedOn = (id: string): KoubouError =>
  new KoubouError('conflict', `${id} moved on meanwhile; nothing was done.`, {
    hint: say`Look with ${action('status')}.`,
  });

// Its outcome is what a waiting task's name counts from, so an end that was cut short is completed first. What is
// there already may be another's, who died before it was on the device.
const closeOpenEnd = async (context: QueueContext, { id, run, folder }: Place): Promise<void> => {
  const { disk, layout } = context;
  if ((await readOutcome(context, id, run)) === undefined) await publishWritten(context, id);
  if ((await readOutcome(context, id, run)) !== undefined) {
    await disk.syncFolder(layout.resultFolder(id));
    return;
  }
  const lost = errorInfo('unknown', 'It had ended, and how was not recorded.');
  // Nor may the end itself be there yet.
  await disk.syncFolder(folder);
  await publishOutcome(context, endWithoutRun(id, run, lost, context.nowMs()));
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
      if (!failedForParent(outcome)) continue;
      const read = await readTask(context, join(folder, text), name.id);
      if ('task' in read && read.task.after.includes(id)) found.push(name.id);
    }
  }
  return found;
};
