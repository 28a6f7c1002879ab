/** Outcomes: published by link, first writer wins, never moved or replaced. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import { type ErrorInfo, errorInfo, KoubouError, systemCode } from '../../errors.ts';
import { RunOutcome } from '../../task/record.ts';
import { creatorName, type QueueContext } from './context.ts';
import { BadFile, isDiskFull, unlessCode } from './disk.ts';
import { ensureDayFolders, ensureFolder, outcomeRuns } from './locate.ts';
import { freeReserve } from './reserve.ts';

const MAX_OUTCOME_BYTES = 4 * 1024 * 1024;

/** One run's outcome; undefined when there is none. One that cannot be read is an error like any other. */
export const readOutcome = async (
  context: QueueContext,
  id: string,
  run: number,
): Promise<RunOutcome | undefined> => {
  try {
    const bytes = await context.disk.read(context.layout.outcome(id, run), MAX_OUTCOME_BYTES);
    const parsed = z.safeParse(RunOutcome, JSON.parse(bytes.toString('utf8')));
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
  const error = errorInfo('internal', `How this run ended cannot be read: ${path}`);
  return { ...endWithoutRun(context, id, run, error), charged: true, started_at: at, ended_at: at };
};

/** All outcomes of a task, oldest first. */
export const readOutcomes = async (context: QueueContext, id: string): Promise<RunOutcome[]> => {
  const outcomes: RunOutcome[] = [];
  for (const run of await outcomeRuns(context, id)) {
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

/**
 * Publishes an outcome durably. Answers with the one that counts: `mine` says whether it is this one.
 * One that came second is kept under late/. Throws `disk_full` with nothing published.
 */
export const publishOutcome = async (
  context: QueueContext,
  outcome: RunOutcome,
): Promise<{ mine: boolean; stored: RunOutcome }> => {
  const { disk, layout, step } = context;
  const tmp = join(layout.tmp, `${creatorName(context)}.outcome`);
  try {
    const folder = await ensureResultFolder(context, outcome.task_id);
    await disk.create(tmp, `${JSON.stringify(outcome)}\n`, true);
    step('settle.outcome_written');
    const path = layout.outcome(outcome.task_id, outcome.attempt);
    const first = await unlessCode(['EEXIST'], () => disk.link(tmp, path));
    step('settle.outcome_linked');
    const stored = first ? outcome : await readOutcome(context, outcome.task_id, outcome.attempt);
    // A second try of the same settling finds its own outcome there: that one is not late.
    const mine = first || isDeepStrictEqual(stored, outcome);
    if (!mine) await keepLate(context, folder, tmp, outcome);
    await unlessCode(['ENOENT'], () => disk.unlink(tmp));
    await disk.syncFolder(folder);
    if (stored === undefined) {
      throw new KoubouError('internal', `${path} holds no outcome that can be read.`);
    }
    return { mine, stored };
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    await unlessCode(['ENOENT'], () => disk.unlink(tmp));
    // What was set aside for this moment; each round frees half of the rest, so it ends.
    if (await freeReserve(context)) return publishOutcome(context, outcome);
    throw new KoubouError('disk_full', 'The outcome could not be written: the disk is full.', {
      cause: error,
    });
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

export const endWithoutRun = (
  context: QueueContext,
  id: string,
  run: number,
  error: ErrorInfo,
): RunOutcome => ({
  version: 1,
  task_id: id,
  attempt: run,
  worker_id: null,
  runner: null,
  model: null,
  endpoint: null,
  address: null,
  started_at: null,
  ended_at: new Date(context.nowMs()).toISOString(),
  outcome: 'error',
  charged: false,
  error: { ...error },
  evidence: null,
  usage: null,
  route: null,
  retry_after: null,
  feedback: null,
  output_bytes: null,
  session: null,
  output_file: null,
});
