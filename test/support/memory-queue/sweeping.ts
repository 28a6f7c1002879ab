import { rmSync } from 'node:fs';
import { stopTree } from '../../../src/process/programs/stop-tree.ts';
import type { SweepReport } from '../../../src/queue/queue.ts';
import type { Budget } from '../../../src/task/budget.ts';
import { dueAfterRun, dueAsAsked, isFar, waitsUntilMs } from '../../../src/task/due.ts';
import { CANCELLED, lostOutcome } from '../../../src/task/end-without-run.ts';
import type { TaskFile } from '../../../src/task/record.ts';
import { endRun, endWaiting, parentsOf } from './ending.ts';
import { takeArtifacts } from './scratch.ts';
import type { Entry, Store, Worker } from './store.ts';
import { inHandOf } from './workers.ts';

type BudgetOf = (task: TaskFile) => Budget;

export const sweep = async (store: Store, budgetOf: BudgetOf, quickly: boolean): Promise<SweepReport> => {
  const report: SweepReport = {
    reaped: [],
    restarted: 0,
    promoted: 0,
    unblocked: 0,
    failed: 0,
    quarantined: 0,
    removed: 0,
  };
  for (const worker of store.workers.values()) {
    if (worker.isDead) await reap(store, worker, budgetOf, report);
  }
  if (!quickly) obeyCancels(store, report);
  for (const entry of store.in('delayed')) promote(store, entry, quickly, report);
  for (const entry of store.in('blocked')) await recheck(store, entry, report);
  return report;
};

/** Fences it: from here on nothing that it does counts. */
export const fence = (store: Store, worker: Worker): void => {
  store.workers.delete(worker.id);
  store.permits.giveBackOf(worker.id);
  rmSync(worker.lease, { recursive: true, force: true });
};

const reap = async (store: Store, worker: Worker, budgetOf: BudgetOf, report: SweepReport): Promise<void> => {
  const { id: workerId, children } = worker;
  fence(store, worker);
  report.reaped.push(workerId);
  for (const entry of inHandOf(store, workerId)) {
    const { task, run, claimedMs } = entry;
    const marker = markerOf(workerId, task.task_id, run);
    const child = children.get(marker);
    await stopTree({ pid: child?.pid ?? null, startTime: child?.startTime ?? null, marker, graceMs: 0 });
    takeArtifacts(store, entry);
    const lost = { id: task.task_id, run, workerId, startedMs: claimedMs };
    const { state } = endRun(store, entry, lostOutcome(lost, store.clock.wallMs()), budgetOf(task));
    if (state === 'failed') report.failed += 1;
    else report.restarted += 1;
  }
};

/** KOUBOU_RUN of a run's processes. */
export const markerOf = (workerId: string, id: string, run: number): string => `${workerId}/${id}.r${run}`;

/** Whoever had it in hand did not end it: it died, gave up or put the task back. */
const obeyCancels = (store: Store, report: SweepReport): void => {
  for (const entry of store.in('pending', 'delayed', 'blocked').filter((each) => each.isCancelAsked)) {
    endWaiting(store, entry, CANCELLED, 'cancelled');
    report.failed += 1;
  }
};

const promote = (store: Store, entry: Entry, quickly: boolean, report: SweepReport): void => {
  const { task, run, outcomes, dueMs } = entry;
  const nowMs = store.clock.wallMs();
  if (dueMs === null || dueMs <= nowMs) {
    store.move(entry, 'due');
    report.promoted += 1;
  } else if (!quickly && isFar(dueMs, nowMs)) {
    const endedMs = Date.parse(outcomes.get(run)?.ended_at ?? '');
    entry.dueMs = run === 0 ? dueAsAsked(task, dueMs, nowMs) : dueAfterRun(endedMs, dueMs, nowMs);
  }
};

const recheck = async (store: Store, entry: Entry, report: SweepReport): Promise<void> => {
  const parents = await parentsOf(store, entry);
  // Another sweep may have been here meanwhile.
  if (parents.kind === 'unmet' || entry.state !== 'blocked') return;
  if (parents.kind === 'failed') {
    endWaiting(store, entry, parents.error, 'parent_failed');
    report.failed += 1;
    return;
  }
  const dueMs = waitsUntilMs(entry.task, entry.run, store.clock.wallMs());
  if (dueMs === null) store.move(entry, 'unblocked');
  else store.move(entry, 'try_later', { dueMs });
  report.unblocked += 1;
};
