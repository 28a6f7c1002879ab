/**
 * Mending what the dead left, and moving on what has become due. Any daemon does it, any number at once:
 * each step is one rename or one link, so doing it twice does it once.
 */
import { join } from 'node:path';
import { errorInfo, systemCode } from '../../errors.ts';
import type { Budget } from '../../task/budget.ts';
import { nextState } from '../../task/lifecycle.ts';
import type { RunOutcome, TaskFile } from '../../task/record.ts';
import { isObject } from '../../text/json.ts';
import type { SweepReport } from '../queue.ts';
import { failForParent, sweepMarks } from './cancel.ts';
import { type QueueContext, verdictFor } from './context.ts';
import { BadFile, listOrNone, makeFolderOnce, removeAny, unlessCode } from './disk.ts';
import { each } from './each.ts';
import { returnForeign } from './foreign.ts';
import {
  delayedName,
  isWorkerId,
  parseDelayedName,
  parseTaskName,
  REAPED_PREFIX,
  SLOT,
  type TaskName,
  taskName,
} from './layout.ts';
import { removeWorkerFiles, slotNames } from './member.ts';
import { endWithoutRun, readOutcome, readOutcomes } from './outcome.ts';
import { parentsState } from './parents.ts';
import { returnPermit } from './permits.ts';
import { promoteDue } from './promote.ts';
import { quarantine } from './quarantine.ts';
import { readTask } from './read.ts';
import { fillReserve } from './reserve.ts';
import { endRun } from './settle.ts';
import { sweepHalfMade } from './sweep-half-made.ts';
import { sweepTmp } from './sweep-tmp.ts';
import { readBeat, readRunFile } from './workers.ts';

const ELSEWHERE_DEAD_AFTER_MS = 60_000;

export type BudgetOf = (task: TaskFile) => Budget;

/** Beats of workers on other hosts as this observer saw them, against its own monotonic clock. */
export type Sightings = Map<string, { beat: string; sinceMs: number; sightings: number }>;

const emptyReport = (): SweepReport => ({
  reaped: [],
  restarted: 0,
  promoted: 0,
  unblocked: 0,
  failed: 0,
  quarantined: 0,
  removed: 0,
});

/** Everything. `sweepSome` is what is done more often. */
export const sweepAll = async (
  context: QueueContext,
  budgetOf: BudgetOf,
  sightings: Sightings,
): Promise<SweepReport> => {
  const report = emptyReport();
  await each([
    () => reapDead(context, budgetOf, sightings, report),
    () => clearSlots(context, budgetOf, report),
    async () => {
      report.removed += await sweepTmp(context);
    },
    async () => {
      report.removed += await sweepHalfMade(context);
    },
    async () => {
      report.failed += await sweepMarks(context);
    },
    () => promoteDue(context, report, true),
    () => recheckBlocked(context, report),
    () => setAsideForeign(context, report),
    () => keepSlots(context),
    () => removeForgottenWorkers(context),
    () => fillReserve(context),
  ]);
  return report;
};

/** The part of it that somebody waits for. */
export const sweepSome = async (
  context: QueueContext,
  budgetOf: BudgetOf,
  sightings: Sightings,
): Promise<SweepReport> => {
  const report = emptyReport();
  await each([
    () => reapDead(context, budgetOf, sightings, report),
    () => promoteDue(context, report, false),
    () => recheckBlocked(context, report),
  ]);
  return report;
};

/** Takes the folders of dead workers away and gives their tasks back. */
const reapDead = async (
  context: QueueContext,
  budgetOf: BudgetOf,
  sightings: Sightings,
  report: SweepReport,
): Promise<void> => {
  const { disk, layout, step } = context;
  const reap = async (name: string): Promise<void> => {
    if ((await disk.facts(join(layout.inProgress, name)))?.kind !== 'folder') return;
    if (name.startsWith(REAPED_PREFIX)) {
      await clearReaped(context, name.slice(REAPED_PREFIX.length), budgetOf, report);
    } else if (await isDead(context, name, sightings)) {
      const reaped = join(layout.inProgress, `${REAPED_PREFIX}${name}`);
      // What lies there under that name already is cleared first.
      const taken = ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'];
      if (!(await unlessCode(taken, () => disk.rename(join(layout.inProgress, name), reaped)))) return;
      step('sweep.fenced');
      await disk.syncFolder(layout.inProgress);
      report.reaped.push(name);
      await clearReaped(context, name, budgetOf, report);
    }
  };
  const names = await listOrNone(disk, layout.inProgress);
  await each(names.filter((name) => !SLOT.test(name)).map((name) => () => reap(name)));
};

const isDead = async (context: QueueContext, workerId: string, sightings: Sightings): Promise<boolean> => {
  if (!isWorkerId(workerId)) return false;
  const about = await readRunFile(context, workerId);
  // Registered before its folder existed, so a folder without a run file has outlived its worker.
  if (about === undefined) return true;
  const verdict = verdictFor(context, about);
  return verdict === 'elsewhere' ? isSilent(context, workerId, sightings) : verdict === 'dead';
};

const isSilent = async (context: QueueContext, workerId: string, sightings: Sightings): Promise<boolean> => {
  const beat = (await readBeat(context, workerId))?.at ?? '';
  const now = context.machine.steadyMs();
  const known = sightings.get(workerId);
  if (known === undefined || known.beat !== beat) {
    sightings.set(workerId, { beat, sinceMs: now, sightings: 1 });
    return false;
  }
  known.sightings += 1;
  return known.sightings > 2 && now - known.sinceMs > ELSEWHERE_DEAD_AFTER_MS;
};

// A worker's folder that was given back with something in it belongs to a worker that is gone.
const clearSlots = async (context: QueueContext, budgetOf: BudgetOf, report: SweepReport): Promise<void> => {
  const { disk, layout } = context;
  const slots = (await listOrNone(disk, layout.inProgress)).filter((name) => SLOT.test(name));
  await each(slots.map((slot) => () => clearSlot(context, slot, budgetOf, report)));
};

const clearSlot = async (
  context: QueueContext,
  slot: string,
  budgetOf: BudgetOf,
  report: SweepReport,
): Promise<void> => {
  const { disk, layout } = context;
  const path = join(layout.inProgress, slot);
  if ((await disk.facts(path))?.kind !== 'folder') return;
  if ((await listOrNone(disk, path)).length === 0) return;
  const reaped = join(layout.inProgress, `${REAPED_PREFIX}${slot}`);
  if (!(await unlessCode(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => disk.rename(path, reaped)))) return;
  await clearReaped(context, slot, budgetOf, report);
};

const clearReaped = async (
  context: QueueContext,
  workerId: string,
  budgetOf: BudgetOf,
  report: SweepReport,
): Promise<void> => {
  const { disk, layout, step } = context;
  const folder = join(layout.inProgress, `${REAPED_PREFIX}${workerId}`);
  await stopChildren(context, workerId, folder);
  step('sweep.children_stopped');
  const move = async (text: string): Promise<void> => {
    const name = parseTaskName(text);
    if (name !== undefined) await giveBack(context, folder, name, workerId, budgetOf, report);
    else if (text.startsWith('permit@')) await returnPermit(context, folder, text);
    else await returnForeign(context, join(folder, text), text);
    step('sweep.task_moved');
  };
  await each((await listOrNone(disk, folder)).map((text) => () => move(text)));
  step('sweep.tasks_moved');
  if (await unlessCode(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => disk.removeFolder(folder))) {
    await removeWorkerFiles(context, workerId);
  }
};

const stopChildren = async (context: QueueContext, workerId: string, folder: string): Promise<void> => {
  const { disk, layout, machine } = context;
  const about = await readRunFile(context, workerId);
  // Pids mean nothing here when they were another machine's, another boot's or another namespace's.
  if (about !== undefined && verdictFor(context, about) === 'elsewhere') return;
  if (about !== undefined && about.bootId !== context.self.bootId) return;
  const runs = (await listOrNone(disk, folder)).flatMap((text) => parseTaskName(text) ?? []);
  for (const { id, run } of runs) {
    const marker = `${workerId}/${id}.r${run}`;
    // Without a run file of our own nobody knows whose pids these were; the marker is no other run's.
    const path = join(layout.children, workerId, `${id}.r${run}.json`);
    const child = about?.sealed === true ? await readChild(context, path, marker) : undefined;
    await machine.stopTree({ pid: child?.pid ?? null, startTime: child?.startTime ?? null, marker });
  }
};

const readChild = async (
  context: QueueContext,
  path: string,
  marker: string,
): Promise<{ pid: number; startTime: string } | undefined> => {
  try {
    const bytes = await context.disk.read(path, 4096);
    if (context.seal?.isSealed(bytes) !== true) return undefined;
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    const { pid, startTime, marker: kept } = isObject(value) ? value : {};
    if (kept !== marker) return undefined;
    return typeof pid === 'number' && typeof startTime === 'string' ? { pid, startTime } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BadFile) return undefined;
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
};

/** Ends a dead worker's run as worker_lost, or as it had ended itself if that was recorded already. */
const giveBack = async (
  context: QueueContext,
  folder: string,
  name: TaskName,
  workerId: string,
  budgetOf: BudgetOf,
  report: SweepReport,
): Promise<void> => {
  const path = join(folder, taskName(name));
  const read = await readTask(context, path, name.id);
  if ('gone' in read) return;
  if ('bad' in read) {
    if (await quarantine(context, path, `${name.id}.json`, read.bad)) report.quarantined += 1;
    return;
  }
  const existing = await readOutcome(context, name.id, name.run);
  const outcome = existing ?? (await lostOutcome(context, name, workerId));
  const earlier = (await readOutcomes(context, name.id)).filter((other) => other.attempt < name.run);
  await removeHalfResults(context, name);
  const ended = await endRun(context, { folder, name, earlier, outcome, budget: budgetOf(read.task) });
  if (!ended.moved) return;
  if (ended.state === 'failed') report.failed += 1;
  else if (ended.state !== 'completed') report.restarted += 1;
};

/** Copies of the result that were on their way to its place. */
const removeHalfResults = async ({ disk, layout }: QueueContext, { id, run }: TaskName): Promise<void> => {
  const output = layout.artifact(id, run, 'output');
  for (const half of [`${output}.half`, `${output}.extract`]) await removeAny(disk, half);
};

const lostOutcome = async (context: QueueContext, name: TaskName, workerId: string): Promise<RunOutcome> => {
  const log = await context.disk.facts(context.layout.artifact(name.id, name.run, 'log'));
  const now = new Date(context.nowMs()).toISOString();
  return {
    ...endWithoutRun(
      context,
      name.id,
      name.run,
      errorInfo('worker_lost', `Its worker ${workerId} died while it ran.`),
    ),
    worker_id: workerId,
    started_at: log === undefined ? now : new Date(log.bornMs).toISOString(),
  };
};

/** Moves on every blocked task whose parents have come to something: the state decides, not an event. */
const recheckBlocked = async (context: QueueContext, report: SweepReport): Promise<void> => {
  const names = (await listOrNone(context.disk, context.layout.blocked)).flatMap(
    (text) => parseTaskName(text) ?? [],
  );
  await each(names.map((name) => () => recheck(context, name, report)));
};

const recheck = async (context: QueueContext, name: TaskName, report: SweepReport): Promise<void> => {
  const { disk, layout, step } = context;
  const path = join(layout.blocked, taskName(name));
  const read = await readTask(context, path, name.id);
  if ('gone' in read) return;
  if ('bad' in read) {
    if (await quarantine(context, path, `${name.id}.json`, read.bad)) report.quarantined += 1;
    return;
  }
  const parents = await parentsState(context, read.task);
  if (parents.kind === 'unmet') return;
  if (parents.kind === 'failed') {
    const error = errorInfo('dependency_failed', `It waits for ${parents.parent}, which ${parents.why}.`);
    const place = {
      ...name,
      state: 'blocked' as const,
      path,
      folder: layout.blocked,
      dueMs: null,
      workerId: null,
    };
    if (await failForParent(context, place, error)) report.failed += 1;
    return;
  }
  const dueMs = read.task.not_before === null ? null : Date.parse(read.task.not_before);
  const later = dueMs !== null && dueMs > context.nowMs() && name.run === 0;
  const folder =
    nextState('blocked', later ? 'try_later' : 'unblocked') === 'delayed' ? layout.delayed : layout.pending;
  const target = join(folder, later ? delayedName(dueMs, name) : taskName(name));
  if (!(await unlessCode(['ENOENT'], () => disk.rename(path, target)))) return;
  step('sweep.unblocked');
  report.unblocked += 1;
  await Promise.all([disk.syncFolder(layout.blocked), disk.syncFolder(folder)]);
};

/** Only pending/ takes what is dropped in: elsewhere it would lie unseen. */
const setAsideForeign = async (context: QueueContext, report: SweepReport): Promise<void> => {
  const { disk, layout } = context;
  for (const [folder, parse] of [
    [layout.delayed, parseDelayedName],
    [layout.blocked, parseTaskName],
  ] as const) {
    const names = (await listOrNone(disk, folder)).filter(
      (name) => !name.startsWith('.') && parse(name) === undefined,
    );
    const reason = `it is no name of a task, and lay in ${folder}; what is dropped in belongs into ${layout.pending}`;
    await each(
      names.map((name) => async () => {
        if (await quarantine(context, join(folder, name), name, reason)) report.quarantined += 1;
      }),
    );
  }
};

const keepSlots = async (context: QueueContext): Promise<void> => {
  const { disk, layout } = context;
  const present = new Set(await listOrNone(disk, layout.inProgress));
  // A worker has taken one and the next sweep makes up for it: a few too many or too few do no harm.
  const missing = slotNames().filter((slot) => !present.has(slot));
  try {
    for (const slot of missing) await makeFolderOnce(disk, join(layout.inProgress, slot));
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT', 'EROFS'].includes(systemCode(error) ?? '')) throw error;
  }
  if (missing.length > 0) await disk.syncFolder(layout.inProgress);
};

/**
 * What workers left that died before they had a folder, or after it was cleared. Any selection of their files can be
 * left after a power cut; the run file is there before all others while a worker lives.
 */
const removeForgottenWorkers = async (context: QueueContext): Promise<void> => {
  const { disk, layout } = context;
  const files = await listOrNone(disk, layout.run);
  const names = [
    ...files.map((file) => file.replace(/^\.|\.(?:json|beat)$/g, '')),
    ...(await listOrNone(disk, layout.children)),
  ];
  for (const workerId of new Set(names)) {
    if (!isWorkerId(workerId)) continue;
    const about = await readRunFile(context, workerId);
    if (about !== undefined && verdictFor(context, about) !== 'dead') continue;
    const folders = [layout.workerFolder(workerId), join(layout.inProgress, `${REAPED_PREFIX}${workerId}`)];
    const gone = await Promise.all(folders.map(async (folder) => (await disk.facts(folder)) === undefined));
    if (gone.every(Boolean)) await removeWorkerFiles(context, workerId);
  }
};
