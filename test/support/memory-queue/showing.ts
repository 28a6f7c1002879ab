import { matches, mayMatch, newestFirst } from '../../../src/queue/filter.ts';
import type { Counts, ListFilter } from '../../../src/queue/queue.ts';
import {
  hasOutput,
  inlineText,
  isRunning,
  joinedRecord,
  type KeptOutput,
  lastOutcome,
  waitingFor,
} from '../../../src/task/join-record.ts';
import { isEnded, STATES, statusOf } from '../../../src/task/lifecycle.ts';
import type { TaskRecord } from '../../../src/task/record.ts';
import type { Entry, Store } from './store.ts';
import { isHeard, passedOver } from './workers.ts';

export const recordOf = (store: Store, entry: Entry): TaskRecord => {
  const { task, state, run, dueMs, holder, isHeld, claimedMs } = entry;
  const outcomes = structuredClone([...entry.outcomes.values()]);
  const running = isRunning({ state, run, outcomes })
    ? { workerId: holder, startedAt: new Date(claimedMs).toISOString() }
    : null;
  const passed = state === 'pending' ? (passedOver(store).get(task.task_id) ?? null) : null;
  return joinedRecord({
    task: structuredClone(task),
    state,
    run,
    dueMs,
    outcomes,
    isHeld,
    running,
    waiting: passed ?? waitingFor(state, isHeard(store, holder)),
    output: isEnded(state) ? keptOutput(entry) : null,
    missing: 'its outcome',
  });
};

const keptOutput = (entry: Entry): KeptOutput | null => {
  const { run } = entry;
  const last = lastOutcome({ run, outcomes: [...entry.outcomes.values()] });
  const bytes = entry.artifacts.get(run)?.get('output');
  if (last === undefined || bytes === undefined || !hasOutput(last, bytes.length)) return null;
  return { path: null, bytes: bytes.length, text: inlineText(bytes) };
};

export const listRecords = (store: Store, filter: ListFilter): TaskRecord[] => {
  const isWanted = mayMatch(filter);
  return [...store.entries.values()]
    .filter(({ task, state }) => isWanted(task.task_id, state) && matches(filter, task))
    .filter(({ state, isRead }) => filter.unread !== true || (isEnded(state) && !isRead))
    .sort((a, b) => newestFirst(a.task.task_id, b.task.task_id))
    .slice(0, filter.limit)
    .map((entry) => recordOf(store, entry));
};

export const findIds = ({ entries }: Store, part: string, limit: number): string[] =>
  [...entries.keys()]
    .filter((id) => id.includes(part))
    .sort(newestFirst)
    .slice(0, limit);

export const countTasks = (store: Store): Counts => ({
  ...(Object.fromEntries(
    STATES.map((name) => [
      name,
      store.in(...STATES.filter((state) => state === name || statusOf(state) === name)).length,
    ]),
  ) as Omit<Counts, 'quarantined'>),
  quarantined: 0,
});
