/** Outcomes: written in tmp/, published by link, first writer wins, never moved or replaced. */
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import { errorInfo, KoubouError, systemCode } from '../../../errors.ts';
import { action, say } from '../../../say/say.ts';
import { endWithoutRun } from '../../../task/end-without-run.ts';
import { isEnded } from '../../../task/lifecycle.ts';
import { type RunOutcome, runOutcome } from '../../../task/record.ts';
import { BadFile, isDiskFull, listOrNone, unlessCode } from '../disk/disk.ts';
import { creatorName, discard, type QueueContext } from '../layout/context.ts';
import { ensureDayFolders, ensureFolder, hasResults, locate, outcomeRuns } from '../layout/locate.ts';
import { withReserve } from '../layout/reserve.ts';

const MAX_OUTCOME_BYTES = 4 * 1024 * 1024;
/** Of a home that is only looked at, as who wrote it may have meant to fill the memory of who looks. */
const LOOKED_AT = { bytes: 64 * 1024, runs: 50 };

/** One run's outcome; undefined when there is none. One that cannot be read is an error like any other. */
export const readOutcome = async (
  context: QueueContext,
  id: string,
  run: number,
): Promise<RunOutcome | undefined> => {
  if (!(await hasResults(context, id))) return undefined;
  try {
    const most = context.seal === undefined ? LOOKED_AT.bytes : MAX_OUTCOME_BYTES;
    const bytes = await context.disk.read(context.layout.outcome(id, run), most);
    const parsed = z.safeParse(runOutcome(), JSON.parse(bytes.toString('utf8')));
    const { success, data } = parsed;
    if (success && data.task_id === id && data.attempt === run) return data;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    if (!(error instanceof SyntaxError || error instanceof BadFile)) throw error;
  }
  return unreadable(context, id, run);
};

// Its name is taken for good, so the task must be able to go on with it: it counts as a fault of ours.
const unreadable = async (
  context: QueueContext,
  id: string,
  run: number,
): Promise<RunOutcome | undefined> => {
  const path = context.layout.outcome(id, run);
  const facts = await context.disk.facts(path);
  if (facts === undefined) return undefined;
  const at = new Date(facts.modifiedMs).toISOString();
  const error = errorInfo(
    'internal',
    `How this run ended cannot be read: ${path}`,
    say`That file was damaged, or is not one of koubou; ${action('retry')} runs the task again.`,
  );
  return { ...endWithoutRun(id, run, error, facts.modifiedMs), charged: true, started_at: at };
};

/** All outcomes of a task, oldest first. */
export const readOutcomes = async (context: QueueContext, id: string): Promise<RunOutcome[]> => {
  const outcomes: RunOutcome[] = [];
  const runs = await outcomeRuns(context, id);
  for (const run of context.seal === undefined ? runs.slice(-LOOKED_AT.runs) : runs) {
    const outcome = await readOutcome(context, id, run);
    if (outcome !== undefined) outcomes.push(outcome);
  }
  return outcomes;
};

export const ensureResultFolder = async (context: QueueContext, id: string): Promise<string> => {
  const { layout } = context;
  const folder = layout.resultFolder(id);
  await ensureDayFolders(context, id);
  await ensureFolder(context, layout.resultsDay(id), folder);
  return folder;
};

/** An outcome that is written down in tmp/, and not published. */
interface Written {
  outcome: RunOutcome;
  tmp: string;
}

const WRITTEN = '.outcome';

/** Writes an outcome down, with its data on the device. Throws `disk_full` with nothing done. */
export const writeOutcome = (context: QueueContext, outcome: RunOutcome): Promise<Written> =>
  withRoom(context, async () => {
    const tmp = join(context.layout.tmp, `${creatorName(context)}${WRITTEN}`);
    await ensureResultFolder(context, outcome.task_id);
    await context.disk.create(tmp, `${JSON.stringify(outcome)}\n`, true);
    context.step('settle.outcome_written');
    return { outcome, tmp };
  });

/**
 * Publishes a written outcome durably. Answers with the one that counts. One that came second is kept under late/.
 * Throws `disk_full` where it is not published, and can be by another try.
 */
export const linkOutcome = (
  context: QueueContext,
  { outcome, tmp }: Written,
): Promise<{ stored: RunOutcome }> =>
  withRoom(context, async () => {
    const { disk, layout, step } = context;
    const folder = await ensureResultFolder(context, outcome.task_id);
    const path = layout.outcome(outcome.task_id, outcome.attempt);
    let first = false;
    try {
      first = await unlessCode(['EEXIST'], () => disk.link(tmp, path));
    } catch (error) {
      // Whoever took this process for dead cleared it away: it is written once more.
      if (systemCode(error) === 'ENOENT') return publishOutcome(context, outcome);
      throw error;
    }
    step('settle.outcome_linked');
    const stored = first ? outcome : await readOutcome(context, outcome.task_id, outcome.attempt);
    // A second try of the same settling finds its own outcome there: that one is not late.
    const mine = first || isDeepStrictEqual(stored, outcome);
    await disk.syncFolder(folder);
    // Not before: what was written is all that says how the task ended until the other name is on the device.
    if (mine) await unlessCode(['ENOENT'], () => disk.unlink(tmp));
    else await keepLate(context, folder, tmp, outcome);
    if (stored === undefined) {
      throw new KoubouError('internal', `${path} holds no outcome that can be read.`);
    }
    return { stored };
  });

/** Both. Throws `disk_full` with nothing published. */
export const publishOutcome = async (
  context: QueueContext,
  outcome: RunOutcome,
): Promise<{ stored: RunOutcome }> => {
  const written = await writeOutcome(context, outcome);
  try {
    return await linkOutcome(context, written);
  } catch (error) {
    if (isDiskFull(error)) await discard(context, written.tmp);
    else context.forsaken.add(basename(written.tmp));
    throw error;
  }
};

/** On a full disk with what was set aside for this moment. */
const withRoom = async <T>(context: QueueContext, action: () => Promise<T>): Promise<T> => {
  try {
    return await withReserve(context, action);
  } catch (cause) {
    if (!isDiskFull(cause)) throw cause;
    throw new KoubouError('disk_full', 'The outcome could not be written: the disk is full.', { cause });
  }
};

/** Publishes what was written of how the task `id` ended, whoever wrote it. */
export const publishWritten = async (context: QueueContext, id: string): Promise<void> => {
  const { disk, layout } = context;
  for (const name of await listOrNone(disk, layout.tmp)) {
    if (name.endsWith(WRITTEN)) await finishEnd(context, join(layout.tmp, name), id);
  }
};

/**
 * Publishes a written outcome where its task has ended with that run, as a task does that ends without one, and has no
 * outcome: whoever ended it died before that. False where the file is none, or another task's than `only`.
 */
export const finishEnd = async (context: QueueContext, tmp: string, only?: string): Promise<boolean> => {
  const outcome = await readWritten(context, tmp);
  if (outcome === undefined || (only !== undefined && outcome.task_id !== only)) return false;
  const { task_id: id, attempt } = outcome;
  const place = await locate(context, id);
  if (place === undefined || !isEnded(place.state) || place.run !== attempt) return false;
  await ensureResultFolder(context, id);
  // The process that ended it may have died before its sync: an outcome without its end on the device would be taken for a replayed one.
  await context.disk.syncFolder(place.folder);
  await unlessCode(['EEXIST', 'ENOENT'], () => context.disk.link(tmp, context.layout.outcome(id, attempt)));
  await context.disk.syncFolder(context.layout.resultFolder(id));
  return true;
};

const readWritten = async (context: QueueContext, tmp: string): Promise<RunOutcome | undefined> => {
  try {
    const bytes = await context.disk.read(tmp, MAX_OUTCOME_BYTES);
    const { success, data } = z.safeParse(runOutcome(), JSON.parse(bytes.toString('utf8')));
    return success ? data : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof BadFile)
      return undefined;
    throw error;
  }
};

const keepLate = async (
  context: QueueContext,
  folder: string,
  tmp: string,
  outcome: RunOutcome,
): Promise<void> => {
  const { disk } = context;
  const late = join(folder, 'late');
  await ensureFolder(context, folder, late);
  const name = `run-${outcome.attempt}.${creatorName(context)}.json`;
  await disk.rename(tmp, join(late, name));
  await disk.syncFolder(late);
};
