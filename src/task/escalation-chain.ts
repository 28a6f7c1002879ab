/** routing.escalate for one task: who goes on when what a runner gave was found wanting. Pure. */
import type { ErrorCode } from '../errors.ts';
import type { RunOutcome } from './record.ts';

/** The last word of routing.escalate that is no runner. */
export const HAND_BACK = 'hand_back';

export interface EscalationChain {
  /** The runners that may do this task, each one step above the one before it. */
  runners: readonly string[];
  /** Whether a task that nobody here could do ends as handed_back, with what a stronger agent needs. */
  handBack: boolean;
}

/** The work was looked at and refused, or the model was too small for it: a stronger one may do better. */
const FOUND_WANTING: ReadonlySet<string> = new Set<ErrorCode>([
  'empty_output',
  'tool_call_as_text',
  'no_evidence',
  'unknown_tool',
  'bad_tool_arguments',
  'sandbox_refused',
  'escalation_refused',
  'check_failed',
  'expected_missing',
  'schema_invalid',
  'output_truncated',
  'prompt_truncated',
  'context_overflow',
  'model_lacks_tools',
]);

export const isRejected = ({ error }: Pick<RunOutcome, 'error'>): boolean =>
  FOUND_WANTING.has(error?.code ?? '');

/** Of a step that was climbed to: no other try there could mend it, but another runner may not have it. */
const PASSED_OVER: ReadonlySet<string> = new Set<ErrorCode>([
  'model_not_found',
  'needs_input',
  'not_local',
  'usage',
  'conflict',
  'no_program',
]);

/** Whether this outcome of a task that climbs takes it one step up. */
export const hasNext = (outcome: Pick<RunOutcome, 'error'>): boolean =>
  isRejected(outcome) || PASSED_OVER.has(outcome.error?.code ?? '');

export interface EscalationStep {
  /** The runner of the next attempt; null: there is none above the last. */
  next: string | null;
  /** Which step that is, counted from 1, or how many there are. */
  step: number;
  /** How many of the charged outcomes led one step up. */
  climbed: number;
}

/**
 * Where a task stands after these outcomes, oldest first. It began at the runner whose work was first found wanting.
 * null: nothing was found wanting, or that runner is not on the chain, and the task does not climb.
 */
export const escalate = (
  { runners }: EscalationChain,
  outcomes: readonly RunOutcome[],
): EscalationStep | null => {
  const begun = outcomes.findIndex(isRejected);
  const first = runners.indexOf(outcomes[begun]?.runner ?? '');
  if (first === -1) return null;
  const led = outcomes.slice(begun).filter(hasNext);
  const step = Math.min(first + led.length, runners.length);
  const climbed = led.slice(0, runners.length - 1 - first).filter(({ charged }) => charged).length;
  return { next: runners[step] ?? null, step: Math.min(step + 1, runners.length), climbed };
};
