/** Cancelling, failing for a parent's sake, and running ended tasks again. */
import { join } from 'node:path';
import { type ErrorInfo, errorInfo, KoubouError, toErrorInfo } from '../../errors.ts';
import { isEnded, nextState, type State } from '../../task/lifecycle.ts';
import type { CancelResult } from '../queue.ts';
import type { QueueContext } from './context.ts';
import { BadFile, listOrNone, unlessCode } from './disk.ts';
import { endedName, type Place, parseEndedName, taskName } from './layout.ts';
import { ensureDayFolders, locate } from './locate.ts';
import { endWithoutRun, publishOutcome, readOutcome } from './outcome.ts';
import { parentsState } from './parents.ts';
import { readTask } from './read.ts';

const CANCELLED = errorInfo('cancelled', 'Cancelled before it began.');

/** Asks for a task's end. The mark is durable first, so a crash in the middle is finished by the next sweep. */
export const cancelTask = async (context: QueueContext, id: string): Promise<CancelResult> => {
  const { disk, layout, step } = context;
  const first = await locate(context, id);
  if (first === undefined) throw noSuchTask(id);
  if (isEnded(first.state)) return { id, result: 'already_ended', state: first.state };
  await writeMark(context, id, CANCELLED);
  step('cancel.marked');
  for (let pass = 0; pass < 5; pass += 1) {
    const place = await locate(context, id);
    if (place === undefined) break;
    if (place.state === 'in_progress') return { id, result: 'asked' };
    if (isEnded(place.state)) {
      if ((await readOutcome(context, id, place.run)) !== undefined) {
        await unlessCode(['ENOENT'], () => disk.unlink(join(layout.cancelMarks, id)));
        return { id, result: 'already_ended', state: place.state };
      }
    } else if (!(await endWaiting(context, place, CANCELLED, 'cancelled'))) {
      continue;
    }
    return { id, result: 'cancelled' };
  }
  return { id, result: 'asked' };
};

export const noSuchTask = (id: string): KoubouError =>
  new KoubouError('no_such_task', `There is no task ${id}.`);

const writeMark = async (context: QueueContext, id: string, error: ErrorInfo): Promise<void> => {
  const { disk, layout } = context;
  const path = join(layout.cancelMarks, id);
  if (await unlessCode(['EEXIST'], () => disk.create(path, `${JSON.stringify(error)}\n`, true))) {
    await disk.syncFolder(layout.cancelMarks);
  }
};

/**
 * Ends a task that is not running. Its number is raised by the same rename, so that the outcome has a name
 * of its own. False when it had moved on meanwhile.
 */
export const endWaiting = async (
  context: QueueContext,
  place: Place,
  error: ErrorInfo,
  event: 'cancelled' | 'parent_failed',
): Promise<boolean> => {
  const { disk, layout, step } = context;
  if (nextState(place.state, event) !== 'failed') return false;
  await writeMark(context, place.id, error);
  await ensureDayFolders(context, place.id);
  const run = place.run + 1;
  const folder = layout.endedFolder('failed', place.id);
  const target = join(folder, endedName(place.id, run));
  if (!(await unlessCode(['ENOENT'], () => disk.rename(place.path, target)))) {
    // It went on without us. Nobody asked for its end but its parent's failure, which is then no longer so.
    if (event === 'parent_failed')
      await unlessCode(['ENOENT'], () => disk.unlink(join(layout.cancelMarks, place.id)));
    return false;
  }
  step('cancel.moved');
  await disk.syncFolder(folder);
  await publishOutcome(context, endWithoutRun(context, place.id, run, error));
  step('cancel.outcome');
  await unlessCode(['ENOENT'], () => disk.unlink(join(layout.cancelMarks, place.id)));
  return true;
};

/** Finishes what a dead canceller began. Answers with how many tasks were ended. */
export const sweepMarks = async (context: QueueContext): Promise<number> => {
  const { disk, layout } = context;
  let ended = 0;
  for (const id of await listOrNone(disk, layout.cancelMarks)) {
    const error = await readMark(context, id);
    const place = await locate(context, id);
    if (place?.state === 'in_progress') continue;
    if (place !== undefined && !isEnded(place.state)) {
      // A mark for a parent's sake is written together with the move: the task may have been retried since.
      const event = error.code === 'dependency_failed' ? 'parent_failed' : 'cancelled';
      if (await endWaiting(context, place, error, event)) ended += 1;
      continue;
    }
    if (place !== undefined && (await readOutcome(context, id, place.run)) === undefined) {
      await publishOutcome(context, endWithoutRun(context, id, place.run, error));
      ended += 1;
    }
    await unlessCode(['ENOENT'], () => disk.unlink(join(layout.cancelMarks, id)));
  }
  return ended;
};

const readMark = async (context: QueueContext, id: string): Promise<ErrorInfo> => {
  try {
    const text = (await context.disk.read(join(context.layout.cancelMarks, id), 64 * 1024)).toString('utf8');
    const { code, message } = JSON.parse(text) as Partial<ErrorInfo>;
    return code === 'dependency_failed' ? errorInfo(code, String(message)) : CANCELLED;
  } catch (error) {
    // A mark is a mark, whatever is in it: a person may have made it with touch.
    if (error instanceof SyntaxError || error instanceof BadFile || toErrorInfo(error).code === 'internal') {
      return CANCELLED;
    }
    throw error;
  }
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
  if (!('task' in read)) throw noSuchTask(id);
  if ((await readOutcome(context, id, place.run)) === undefined) await sweepMarks(context);
  await unlessCode(['ENOENT'], () => disk.unlink(join(layout.cancelMarks, id)));
  await disk.syncFolder(layout.cancelMarks);
  const blocked = (await parentsState(context, read.task)).kind !== 'met';
  const state = nextState(place.state, blocked ? 'retried_blocked' : 'retried') as 'pending' | 'blocked';
  const name = taskName({ id, run: place.run, base: place.run, priority: read.task.priority });
  if (!(await unlessCode(['ENOENT'], () => disk.rename(place.path, join(layout[state], name))))) {
    throw new KoubouError('usage', `${id} moved on meanwhile; nothing was done.`, {
      hint: 'Look with `koubou status`.',
    });
  }
  step('retry.moved');
  await Promise.all([disk.syncFolder(place.folder), disk.syncFolder(layout[state])]);
  return state;
};

/** Failed tasks that wait for `id` and failed because a parent had. Children are never older than parents. */
const failedFor = async (context: QueueContext, id: string): Promise<string[]> => {
  const { disk, layout } = context;
  const found: string[] = [];
  for (const day of await listOrNone(disk, layout.failed)) {
    const folder = join(layout.failed, day);
    for (const text of await listOrNone(disk, folder)) {
      const name = parseEndedName(text);
      if (name === undefined || name.id <= id) continue;
      const outcome = await readOutcome(context, name.id, name.run);
      if (outcome?.error?.code !== 'dependency_failed') continue;
      const read = await readTask(context, join(folder, text), name.id);
      if ('task' in read && read.task.after.includes(id)) found.push(name.id);
    }
  }
  return found;
};
