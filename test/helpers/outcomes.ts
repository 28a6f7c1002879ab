/** Outcomes of runs, as plain as they can be. */
import { ERROR_CODES, type ErrorCode, errorInfo } from '../../src/errors.ts';
import type { RunOutcome } from '../../src/task/record.ts';

export const outcomeAt = (
  atMs: number,
  code: ErrorCode | 'success',
  over: Partial<RunOutcome> = {},
): RunOutcome => ({
  version: 1,
  task_id: 'task_20260101_000000_000000_aaaa',
  attempt: 1,
  worker_id: null,
  runner: null,
  model: null,
  endpoint: null,
  address: null,
  started_at: new Date(atMs).toISOString(),
  ended_at: new Date(atMs).toISOString(),
  outcome: code === 'success' ? 'success' : 'error',
  charged: code === 'success' ? false : ERROR_CODES[code].charged,
  error: code === 'success' ? null : { ...errorInfo(code, 'it failed') },
  evidence: null,
  usage: null,
  route: null,
  retry_after: null,
  feedback: null,
  output_bytes: null,
  session: null,
  output_file: null,
  ...over,
});

export const failedOutcome = (code: ErrorCode, over: Partial<RunOutcome> = {}): RunOutcome =>
  outcomeAt(0, code, over);
