/** Outcomes of runs, as plain as they can be. */
import { ERROR_CODES, type ErrorCode, errorInfo } from '../../src/errors.ts';
import { endWithoutRun } from '../../src/task/end-without-run.ts';
import type { RunOutcome } from '../../src/task/record.ts';

export const outcomeAt = (
  atMs: number,
  code: ErrorCode | 'success',
  over: Partial<RunOutcome> = {},
): RunOutcome => ({
  ...endWithoutRun('task_20260101_000000_000000_aaaa', 1, errorInfo('internal', ''), atMs),
  started_at: new Date(atMs).toISOString(),
  outcome: code === 'success' ? 'success' : 'error',
  charged: code === 'success' ? false : ERROR_CODES[code].charged,
  error: code === 'success' ? null : { ...errorInfo(code, 'it failed') },
  ...over,
});

export const failedOutcome = (code: ErrorCode, over: Partial<RunOutcome> = {}): RunOutcome =>
  outcomeAt(0, code, over);
