/** Giving back what dead workers had in hand. Any number of processes at once: each step is one rename or one link. */
import { join } from 'node:path';
import { systemCode } from '../../../errors.ts';
import type { Budget } from '../../../task/budget.ts';
import { lostOutcome } from '../../../task/end-without-run.ts';
import type { TaskFile } from '../../../task/record.ts';
import { isObject } from '../../../text/formats/json.ts';
import type { SweepReport } from '../../queue.ts';
import { returnForeign } from '../add/foreign-files.ts';
import { returnPermit } from '../claim/permits.ts';
import { BadFile, listOrNone, unlessCode } from '../disk/disk.ts';
import { moveFolder, removeAny } from '../disk/moves.ts';
import { each } from '../disk/run-all.ts';
import { endRun } from '../end/settle.ts';
import { type QueueContext, verdictFor } from '../layout/context.ts';
import { parseTaskName, REAPED_PREFIX, SLOT, type TaskName, taskName } from '../layout/names.ts';
import { quarantine } from '../layout/quarantine.ts';
import { readOutcome, readOutcomes } from '../tasks/outcome.ts';
import { readTask } from '../tasks/read.ts';
import { readRunFile, removeWorkerFiles } from '../workers/worker-files.ts';
import { isDead, type Sightings } from './dead-workers.ts';

export type BudgetOf = (task: TaskFile) => Budget;

/** Takes the folders of dead workers away and gives their tasks back. */
export const reapDead = async (
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
      if (!(await unlessCode(taken, () => moveFolder(disk, join(layout.inProgress, name), reaped)))) return;
      step('sweep.fenced');
      await disk.syncFolder(layout.inProgress);
      report.reaped.push(name);
      await clearReaped(context, name, budgetOf, report);
    }
  };
  const names = await listOrNone(disk, layout.inProgress);
  await each(names.filter((name) => !SLOT.test(name)).map((name) => () => reap(name)));
};

// A worker's folder that was given back with something in it belongs to a worker that is gone.
export const clearSlots = async (
  context: QueueContext,
  budgetOf: BudgetOf,
  report: SweepReport,
): Promise<void> => {
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
  if (!(await unlessCode(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => moveFolder(disk, path, reaped)))) return;
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
  const names = await listOrNone(disk, folder);
  // The dead worker may not have come to that: no run may have an outcome that has not begun on the device.
  if (names.some((text) => parseTaskName(text) !== undefined)) {
    await unlessCode(['ENOENT'], () => disk.syncFolder(folder));
  }
  await each(names.map((text) => () => move(text)));
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
  const outcome =
    existing ??
    lostOutcome(
      { id: name.id, run: name.run, workerId, startedMs: await startOf(context, name) },
      context.nowMs(),
    );
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

/** When a run began, as far as its log tells. */
const startOf = async ({ disk, layout, nowMs }: QueueContext, { id, run }: TaskName): Promise<number> =>
  (await disk.facts(layout.artifact(id, run, 'log')))?.bornMs ?? nowMs();
