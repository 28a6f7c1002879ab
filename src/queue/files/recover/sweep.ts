/**
 * Mending what the dead left, and moving on what has become due. Any daemon does it, any number at once:
 * each step is one rename or one link, so doing it twice does it once.
 */
import { join } from 'node:path';
import { systemCode } from '../../../errors.ts';
import { waitsUntilMs } from '../../../task/due.ts';
import { WAITING_STATES } from '../../../task/lifecycle.ts';
import type { SweepReport } from '../../queue.ts';
import { sweepTmp } from '../add/finish-adds.ts';
import { listOrNone } from '../disk/disk.ts';
import { makeFolderOnce } from '../disk/moves.ts';
import { each } from '../disk/run-all.ts';
import { endForParent, sweepMarks } from '../end/cancel.ts';
import type { QueueContext } from '../layout/context.ts';
import { isWorkerId, parseTaskName, parseWaiting, REAPED_PREFIX, type TaskName } from '../layout/names.ts';
import { withoutOldNames } from '../layout/old-names.ts';
import { quarantine } from '../layout/quarantine.ts';
import { fillReserve } from '../layout/reserve.ts';
import { parentsOf } from '../tasks/parents.ts';
import { readTask } from '../tasks/read.ts';
import { placeAfter, taskPlace, transition } from '../tasks/transition.ts';
import { slotNames } from '../workers/slots.ts';
import { removeWorkerFiles } from '../workers/worker-files.ts';
import { isDead, type Sightings } from './dead-workers.ts';
import { promoteDue } from './promote.ts';
import { type BudgetOf, clearSlots, reapDead } from './reap.ts';
import { sweepHalfMade } from './sweep-half-made.ts';

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
  await withoutOldNames(context);
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
    () => removeForgottenWorkers(context, sightings),
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
  await withoutOldNames(context);
  await each([
    () => reapDead(context, budgetOf, sightings, report),
    () => promoteDue(context, report, false),
    () => recheckBlocked(context, report),
  ]);
  return report;
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
  const { path } = taskPlace(layout, 'blocked', name);
  const read = await readTask(context, path, name.id);
  if ('gone' in read) return;
  if ('bad' in read) {
    if (await quarantine(context, path, `${name.id}.json`, read.bad)) report.quarantined += 1;
    return;
  }
  const parents = await parentsOf(context, read.task);
  if (parents.kind === 'unmet') return;
  if (parents.kind === 'failed') {
    const place = {
      ...name,
      state: 'blocked' as const,
      path,
      folder: layout.blocked,
      dueMs: null,
      workerId: null,
    };
    if (await endForParent(context, place, parents.error)) report.failed += 1;
    return;
  }
  const dueMs = waitsUntilMs(read.task, name.run, context.nowMs());
  const to = placeAfter(layout, 'blocked', dueMs === null ? 'unblocked' : 'try_later', name, { dueMs });
  if (!(await transition(context, { state: 'blocked', path }, to))) return;
  step('sweep.unblocked');
  report.unblocked += 1;
  await Promise.all([disk.syncFolder(layout.blocked), disk.syncFolder(to.folder)]);
};

/** Only pending/ takes what is dropped in: elsewhere it would lie unseen. */
const setAsideForeign = async (context: QueueContext, report: SweepReport): Promise<void> => {
  const { disk, layout } = context;
  for (const state of WAITING_STATES) {
    if (state === 'pending') continue;
    const folder = layout.states[state];
    const names = (await listOrNone(disk, folder)).filter(
      (name) => !name.startsWith('.') && parseWaiting(state, name) === undefined,
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
const removeForgottenWorkers = async (context: QueueContext, sightings: Sightings): Promise<void> => {
  const { disk, layout } = context;
  const files = await listOrNone(disk, layout.run);
  const names = [
    ...files.map((file) => file.replace(/^\.|\.(?:json|beat)$/g, '')),
    ...(await listOrNone(disk, layout.children)),
  ];
  for (const workerId of new Set(names)) {
    if (!isWorkerId(workerId)) continue;
    if (!(await isDead(context, workerId, sightings))) continue;
    const folders = [layout.workerFolder(workerId), join(layout.inProgress, `${REAPED_PREFIX}${workerId}`)];
    const gone = await Promise.all(folders.map(async (folder) => (await disk.facts(folder)) === undefined));
    if (gone.every(Boolean)) await removeWorkerFiles(context, workerId);
  }
};
