/** When a delayed task is due: what was asked for, and what a wrong wall clock made of it. All times are its milliseconds. */
import { LONGEST_BACKOFF_SECONDS } from './budget.ts';
import type { TaskFile } from './record.ts';

const LONGEST_BACKOFF_MS = LONGEST_BACKOFF_SECONDS * 1000;
/** What was written down this far in the future was written by a clock that was wrong. */
const CLOCK_ERROR_MS = 60_000;

/** Before its first run a task waits for its time as well, also when nothing else holds it up any more; null: it does not. */
export const waitsUntilMs = (
  { not_before }: Pick<TaskFile, 'not_before'>,
  runs: number,
  nowMs: number,
): number | null => {
  const dueMs = not_before === null ? null : Date.parse(not_before);
  return dueMs !== null && dueMs > nowMs && runs === 0 ? dueMs : null;
};

/** Whether a due time is further away than any back-off: then it was asked for, or a clock was wrong. */
export const isFar = (dueMs: number, nowMs: number): boolean => dueMs > nowMs + LONGEST_BACKOFF_MS;

/**
 * The due time of a task that never ran, by today's clock. Where the clock was set back since, what was meant is a wait
 * from the moment at which it was asked for.
 */
export const dueAsAsked = (
  { created_at, not_before }: Pick<TaskFile, 'created_at' | 'not_before'>,
  dueMs: number,
  nowMs: number,
): number => {
  const createdMs = Date.parse(created_at);
  if (!isAhead(createdMs, nowMs)) return dueMs;
  const waitMs = Date.parse(not_before ?? '') - createdMs;
  return Number.isNaN(waitMs) ? dueMs : Math.min(dueMs, nowMs + Math.max(0, waitMs));
};

/** That of a task that backs off since a run, `endedMs`, or NaN where that is not known. */
export const dueAfterRun = (endedMs: number, dueMs: number, nowMs: number): number => {
  const meantMs = isAhead(endedMs, nowMs) ? Math.max(0, dueMs - endedMs) : LONGEST_BACKOFF_MS;
  return Math.min(dueMs, nowMs + Math.min(meantMs, LONGEST_BACKOFF_MS));
};

const isAhead = (writtenMs: number, nowMs: number): boolean => writtenMs > nowMs + CLOCK_ERROR_MS;
