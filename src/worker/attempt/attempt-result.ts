/** What happened in an attempt, before the queue decides what becomes of the task. */
import { ERROR_CODES, type ErrorCode, type ErrorInfo, errorInfo } from '../../errors.ts';
import { withoutKeys } from '../../privacy/keys.ts';
import type { RunnerOutcome } from '../../runner/runner.ts';
import type { Usage } from '../../task/record.ts';
import type { AttemptClocks } from './clocks.ts';

export interface AttemptResult {
  /** null: the work was accepted. */
  error: ErrorInfo | null;
  charged: boolean;
  evidence: string | null;
  usage: Usage | null;
  model: string | null;
  endpoint: string | null;
  address: string | null;
  retryAfter: number | null;
  feedback: string | null;
  outputFile: string | null;
  session: string | null;
}

/** What is known of an attempt before its error is. */
export type Seen = Omit<AttemptResult, 'error'>;

export const NOTHING_SEEN: Seen = {
  charged: true,
  evidence: null,
  usage: null,
  model: null,
  endpoint: null,
  address: null,
  retryAfter: null,
  feedback: null,
  outputFile: null,
  session: null,
};

export const seenOf = (result: RunnerOutcome): Seen => {
  const { usage, model, endpoint, address = null } = result;
  const session = result.ok ? (result.session ?? null) : null;
  return { ...NOTHING_SEEN, usage, model, endpoint, address, session };
};

export const failedResult = (result: Extract<RunnerOutcome, { ok: false }>, seen: Seen): AttemptResult => ({
  ...seen,
  error: result.error,
  charged: result.charged ?? ERROR_CODES[result.error.code].charged,
  retryAfter: result.retryAfter,
});

/** Of an attempt that was ended from outside, or by its limits; null: it was not. */
export const stoppedResult = (
  { stopped }: Pick<AttemptClocks, 'stopped'>,
  seen: Seen,
): AttemptResult | null => {
  if (stopped === undefined) return null;
  if (stopped.kind === 'limit') return { ...seen, error: stopped.error };
  const error =
    stopped.kind === 'cancelled'
      ? errorInfo('cancelled', 'Cancelled while it ran.')
      : errorInfo('worker_stopped', 'Its worker was stopped while it ran.');
  return { ...seen, charged: false, error };
};

/** What servers and programs say goes into it, and they may repeat a key. */
export const withoutKeysIn = (verdict: AttemptResult, keys: readonly string[]): AttemptResult => {
  const { error, feedback, evidence } = verdict;
  const cut = (text: string): string => withoutKeys(text, keys);
  return {
    ...verdict,
    error: error === null ? null : { ...error, message: cut(error.message), hint: cut(error.hint) },
    feedback: feedback === null ? null : cut(feedback),
    evidence: evidence === null ? null : cut(evidence),
  };
};

/** What can only be said of an answer that came. */
const ANSWERED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'prompt_truncated',
  'output_truncated',
  'empty_output',
  'tool_call_as_text',
  'unknown_tool',
  'no_evidence',
  'schema_invalid',
  'check_failed',
  'expected_missing',
]);

/** Whether it can only be said of an answer that came: then the server answers. */
export const tellsOfAnswer = (code: ErrorCode): boolean => ANSWERED.has(code);
