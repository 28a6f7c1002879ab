/**
 * What happens after a run ended: done, given up, or tried again and when. Pure: decided from the
 * outcomes since the task was last retried by hand, never from a counter somebody has to keep.
 */
import { ERROR_CODES, isErrorCode } from '../errors.ts';
import { type EscalationChain, escalate, hasNext } from './escalation-chain.ts';
import type { RunOutcome } from './record.ts';

export interface Budget {
  /** Charged errors that are followed by another attempt; steps up the chain are not among them. */
  retries: number;
  /** Whether the task or a rule said `retries` itself: then steps up are among them too. */
  retriesSaid?: boolean;
  /** null or absent: the task is tried again where it was. */
  chain?: EscalationChain | null;
  /** Deaths of a worker after which the task is given up. */
  workerLost: number;
  /** Seconds a task may wait for an endpoint that is down, busy or rate-limited, charging nothing. */
  unavailableSeconds: number;
}

export const DEFAULT_BUDGET: Budget = { retries: 2, workerLost: 10, unavailableSeconds: 3600 };

const BACKOFF_BASE_SECONDS = 1;
/** No back-off is longer. */
export const LONGEST_BACKOFF_SECONDS = 3600;
const WORKER_LOST_CAP_SECONDS = 5;

export type Decision =
  | { event: 'succeeded' }
  | { event: 'gave_up' }
  | { event: 'cancelled' }
  | { event: 'put_back' }
  | { event: 'try_later'; seconds: number };

/**
 * `outcomes` are those of the runs after B, oldest first; the last one is the run that just ended.
 * `random` gives a number in [0, 1).
 */
export const decide = (outcomes: readonly RunOutcome[], budget: Budget, random: () => number): Decision => {
  const last = outcomes.at(-1);
  if (last === undefined) return { event: 'put_back' };
  if (last.outcome === 'success') return { event: 'succeeded' };
  const code = last.error?.code ?? 'internal';
  if (code === 'cancelled') return { event: 'cancelled' };
  if (code === 'worker_stopped') return { event: 'put_back' };
  if (code === 'worker_lost') return afterLoss(outcomes, budget, random);
  const rule = isErrorCode(code) ? ERROR_CODES[code] : ERROR_CODES.internal;
  const charged = outcomes.filter((outcome) => outcome.outcome === 'error' && outcome.charged).length;
  const { chain, retries, retriesSaid } = budget;
  const climbing = chain == null ? null : escalate(chain, outcomes);
  if (climbing !== null && hasNext(last)) {
    if (retriesSaid === true && charged > retries) return { event: 'gave_up' };
    if (climbing.next !== null) return { event: 'put_back' };
    if (chain?.handBack === true) return { event: 'gave_up' };
  }
  if (!rule.retried) return { event: 'gave_up' };
  if (!last.charged) return afterUnavailable(outcomes, last, budget, random);
  const spent = retriesSaid === true ? charged : charged - (climbing?.climbed ?? 0);
  if (spent > retries) return { event: 'gave_up' };
  return { event: 'try_later', seconds: backoff(spent, last.retry_after, LONGEST_BACKOFF_SECONDS, random) };
};

// The first loss is most often a restart of the machine or the daemon: the task goes on at once.
const afterLoss = (outcomes: readonly RunOutcome[], budget: Budget, random: () => number): Decision => {
  const losses = outcomes.filter((outcome) => outcome.error?.code === 'worker_lost').length;
  if (losses > budget.workerLost) return { event: 'gave_up' };
  if (losses === 1) return { event: 'put_back' };
  return { event: 'try_later', seconds: backoff(losses - 1, null, WORKER_LOST_CAP_SECONDS, random) };
};

const afterUnavailable = (
  outcomes: readonly RunOutcome[],
  last: RunOutcome,
  budget: Budget,
  random: () => number,
): Decision => {
  const streak = trailing(outcomes, isWait);
  const first = streak[0] ?? last;
  const waited = (Date.parse(last.ended_at) - Date.parse(first.started_at ?? first.ended_at)) / 1000;
  // Written so that a time that cannot be read ends the wait too.
  if (!(waited < budget.unavailableSeconds)) return { event: 'gave_up' };
  const cap = Math.min(60, LONGEST_BACKOFF_SECONDS);
  return { event: 'try_later', seconds: backoff(streak.length, last.retry_after, cap, random) };
};

// While no worker had the task, nobody waited for its endpoint.
const isWait = ({ outcome, charged, error }: RunOutcome): boolean =>
  outcome === 'error' && !charged && error?.code !== 'worker_lost' && error?.code !== 'worker_stopped';

const trailing = <T>(items: readonly T[], test: (item: T) => boolean): T[] => {
  const from = items.findLastIndex((item) => !test(item)) + 1;
  return items.slice(from);
};

/** Full-jitter exponential back-off in seconds, never less than what the server asked for. */
const backoff = (count: number, retryAfter: number | null, cap: number, random: () => number): number => {
  const jittered = random() * Math.min(cap, BACKOFF_BASE_SECONDS * 2 ** Math.min(count - 1, 30));
  return Math.min(Math.max(jittered, retryAfter ?? 0), LONGEST_BACKOFF_SECONDS);
};
