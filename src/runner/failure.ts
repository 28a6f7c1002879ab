/** How the runners say that a run failed: one class to throw inside, one function to turn it into an outcome. */
import { type ErrorInfo, errorInfo, KoubouError, systemCode, toErrorInfo } from '../errors.ts';
import { withoutKeys } from '../privacy/keys.ts';
import type { Usage } from '../task/record.ts';
import type { RunnerOutcome } from './runner.ts';

type FailedOutcome = Extract<RunnerOutcome, { ok: false }>;

export class RunFailure extends Error {
  override readonly name = 'RunFailure';
  readonly info: ErrorInfo;
  /** Seconds. */
  readonly retryAfter: number | null;
  /** As in RunnerOutcome: null leaves it to the code. */
  readonly charged: boolean | null;
  /** Of the HTTP answer that said so; null: it was no such answer. */
  readonly status: number | null;

  /** The server's own words in it. */
  said: string | null = null;

  constructor(
    info: ErrorInfo,
    options: {
      retryAfter?: number | null;
      charged?: boolean | null;
      status?: number | null;
      cause?: unknown;
    } = {},
  ) {
    super(info.message, { cause: options.cause });
    this.info = info;
    this.retryAfter = options.retryAfter ?? null;
    this.charged = options.charged ?? null;
    this.status = options.status ?? null;
  }
}

/** The same without the keys that a server may have repeated. */
export const withoutKeysIn = (failure: RunFailure, keys: readonly string[]): RunFailure => {
  const { info, retryAfter, charged, status, said, cause } = failure;
  const told = new RunFailure(infoWithoutKeys(info, keys), { retryAfter, charged, status, cause });
  told.said = said === null ? null : withoutKeys(said, keys);
  return told;
};

export const infoWithoutKeys = (info: ErrorInfo, keys: readonly string[]): ErrorInfo => ({
  ...info,
  message: withoutKeys(info.message, keys),
  hint: withoutKeys(info.hint, keys),
});

/** What a run is, as far as it is known when it fails. */
export interface RunFacts {
  model: string | null;
  endpoint: string | null;
  usage: Usage | null;
  address?: string | null;
}

/** Any thrown value as an outcome. After an abort nothing else counts: what broke then, broke because of it. */
export const failedOutcome = (error: unknown, signal: AbortSignal, facts: RunFacts): FailedOutcome => {
  const plain = (info: ErrorInfo): FailedOutcome => ({
    ok: false,
    error: info,
    retryAfter: null,
    charged: null,
    ...facts,
  });
  if (signal.aborted) return plain(stoppedInfo(signal));
  if (error instanceof RunFailure) {
    return { ...plain(error.info), retryAfter: error.retryAfter, charged: error.charged };
  }
  if (systemCode(error) === 'ENOSPC')
    return plain(errorInfo('disk_full', 'The disk is full: the result has no place.'));
  return plain(toErrorInfo(error));
};

/** Why the run was stopped, where the one who aborted said it. */
export const stoppedInfo = (signal: AbortSignal): ErrorInfo =>
  signal.reason instanceof KoubouError
    ? toErrorInfo(signal.reason)
    : errorInfo('cancelled', 'The run was stopped.');

/** Whether a thrown value is a RunFailure of this code. */
export const hasCode = (error: unknown, code: ErrorInfo['code']): boolean =>
  error instanceof RunFailure && error.info.code === code;
