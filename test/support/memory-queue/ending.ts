/** Ends of runs, ends without a run, and running again what has ended. */
import type { ErrorInfo } from '../../../src/errors.ts';
import type { CancelResult } from '../../../src/queue/queue.ts';
import { noSuchTask, notEnded } from '../../../src/queue/refusals.ts';
import { type Budget, decide } from '../../../src/task/budget.ts';
import { CANCELLED, endWithoutRun, failedForParent } from '../../../src/task/end-without-run.ts';
import { isEnded, type State } from '../../../src/task/lifecycle.ts';
import { parentsState } from '../../../src/task/parents.ts';
import type { RunOutcome } from '../../../src/task/record.ts';
import type { Entry, Store } from './store.ts';

/** The outcomes since the task was last retried by hand. */
export const countingIn = ({ outcomes, base }: Entry): RunOutcome[] =>
  structuredClone([...outcomes.values()].filter(({ attempt }) => attempt > base));

/** Records the outcome of the run in hand, and moves the task as its budget decides. */
export const endRun = (
  store: Store,
  entry: Entry,
  outcome: RunOutcome,
  budget: Budget,
): { state: State; dueMs: number | null } => {
  entry.outcomes.set(entry.run, structuredClone(outcome));
  const decision = decide(countingIn(entry), budget, store.random);
  const dueMs =
    decision.event === 'try_later' ? Math.round(store.clock.wallMs() + decision.seconds * 1000) : null;
  const state = store.move(entry, decision.event, dueMs === null ? {} : { dueMs });
  if (isEnded(state)) entry.isCancelAsked = false;
  return { state, dueMs };
};

/** Ends a task that waits; its end has a run number of its own. */
export const endWaiting = (
  store: Store,
  entry: Entry,
  error: ErrorInfo,
  event: 'cancelled' | 'parent_failed',
): void => {
  entry.run += 1;
  entry.isCancelAsked = false;
  entry.outcomes.set(entry.run, endWithoutRun(entry.task.task_id, entry.run, error, store.clock.wallMs()));
  store.move(entry, event);
};

export const cancelTask = (store: Store, id: string): CancelResult => {
  const entry = known(store, id);
  const { state } = entry;
  if (isEnded(state)) return { id, result: 'already_ended', state };
  if (state === 'in_progress') {
    entry.isCancelAsked = true;
    return { id, result: 'asked' };
  }
  endWaiting(store, entry, CANCELLED, 'cancelled');
  return { id, result: 'cancelled' };
};

export const parentsOf = ({ entries }: Store, { task }: Entry) =>
  parentsState(task, async (id) => entries.get(id));

/** Runs an ended task again, and with it those that failed because it had. */
export const retryTask = async (store: Store, id: string): Promise<State> => {
  const entry = known(store, id);
  const isBlocked = (await parentsOf(store, entry)).kind !== 'met';
  if (!isEnded(entry.state)) throw notEnded(id, entry.state);
  entry.base = entry.run;
  entry.isRead = false;
  const state = store.move(entry, isBlocked ? 'retried_blocked' : 'retried');
  for (const child of failedFor(store, id)) await retryTask(store, child);
  return state;
};

/** Those that failed because it had, or because one of them had. */
export const comesAlong = (store: Store, id: string): string[] => {
  const found = new Set([id]);
  for (const each of found) for (const child of failedFor(store, each)) found.add(child);
  found.delete(id);
  return [...found];
};

const failedFor = (store: Store, id: string): string[] =>
  store
    .in('failed')
    .filter(({ task, outcomes, run }) => task.after.includes(id) && failedForParent(outcomes.get(run)))
    .map(({ task }) => task.task_id);

const known = ({ entries }: Store, id: string): Entry => {
  const entry = entries.get(id);
  if (entry === undefined) throw noSuchTask(id);
  return entry;
};
