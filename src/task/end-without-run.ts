/** Outcomes that no run wrote: of tasks that ended before one, and of runs whose worker died. */
import { type ErrorInfo, errorInfo } from '../errors.ts';
import type { RunOutcome } from './record.ts';

export const CANCELLED: ErrorInfo = errorInfo('cancelled', 'Cancelled before it began.');

/** `atMs`: wall-clock milliseconds. */
export const endWithoutRun = (id: string, run: number, error: ErrorInfo, atMs: number): RunOutcome => ({
  version: 1,
  task_id: id,
  attempt: run,
  worker_id: null,
  runner: null,
  model: null,
  endpoint: null,
  address: null,
  started_at: null,
  ended_at: new Date(atMs).toISOString(),
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

export interface LostRun {
  id: string;
  run: number;
  workerId: string;
  startedMs: number;
}

/** `atMs`: when it was found out. */
export const lostOutcome = ({ id, run, workerId, startedMs }: LostRun, atMs: number): RunOutcome => ({
  ...endWithoutRun(id, run, errorInfo('worker_lost', `Its worker ${workerId} died while it ran.`), atMs),
  worker_id: workerId,
  started_at: new Date(startedMs).toISOString(),
});

/** Whether a task failed because one that it waits for had; then it is retried with that one. */
export const failedForParent = (last: Pick<RunOutcome, 'error'> | undefined): boolean =>
  last?.error?.code === 'dependency_failed';
