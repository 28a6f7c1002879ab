/** The record of a task: what was asked, joined with what its queue knows of it. */
import { type ErrorInfo, errorInfo, isErrorCode } from '../errors.ts';
import { action, say } from '../say/say.ts';
import { isEnded, PART_STATES, type State, statusOf } from './lifecycle.ts';
import type { Attempt, RunOutcome, TaskFile, TaskRecord, TaskResult } from './record.ts';

/** Results up to this many bytes are shown inline in a record. */
export const MAX_INLINE_OUTPUT_BYTES = 4 * 1024 * 1024;

/** The output of the run by which a task ended. */
export interface KeptOutput {
  path: string | null;
  bytes: number;
  /** null: no valid text, or too much of it. */
  text: string | null;
}

interface RunInHand {
  workerId: string | null;
  /** null: it is not known yet. */
  startedAt: string | null;
}

export interface TaskFacts {
  task: TaskFile;
  state: State;
  /** The number of its last run, or of its end without one. */
  run: number;
  dueMs: number | null;
  waiting: TaskRecord['waiting'];
  isHeld: boolean;
  /** Oldest first; of a task that has ended, up to `run`. */
  outcomes: readonly RunOutcome[];
  /** Where `isRunning`. */
  running: RunInHand | null;
  output: KeptOutput | null;
  /** What is missing where a task ended and has no outcome, for a person. */
  missing: string;
}

export const joinedRecord = (facts: TaskFacts): TaskRecord => {
  const { task, state, dueMs, outcomes, running } = facts;
  const attempts = outcomes.filter((outcome) => outcome.started_at !== null).map(toAttempt);
  if (running !== null) attempts.push(runningAttempt(facts.run, running));
  return {
    ...task,
    ...(facts.isHeld ? { held: true as const } : {}),
    status: statusOf(state),
    waiting: facts.waiting,
    due_at: dueMs === null ? null : new Date(dueMs).toISOString(),
    attempts,
    updated_at: outcomes.at(-1)?.ended_at ?? attempts.at(-1)?.started_at ?? task.created_at,
    result: isEnded(state) ? toResult(facts) : null,
  };
};

type Ran = Pick<TaskFacts, 'state' | 'run' | 'outcomes'>;

/** Whether its last run goes on, as far as is known. */
export const isRunning = ({ state, run, outcomes }: Ran): boolean =>
  state === 'in_progress' && !outcomes.some((outcome) => outcome.attempt === run);

/** What a task waits for. `isHeard`: whether the worker that has it in hand is. */
export const waitingFor = (state: State, isHeard: boolean): TaskRecord['waiting'] => {
  const part = PART_STATES.find((each) => each === state);
  if (part !== undefined) return part;
  return state === 'in_progress' && !isHeard ? 'worker' : null;
};

/** The outcome by which an ended task ended. */
export const lastOutcome = ({ run, outcomes }: Pick<Ran, 'run' | 'outcomes'>): RunOutcome | undefined =>
  outcomes.find((outcome) => outcome.attempt === run);

/** Whether an output of so many bytes belongs to the result of a run that ended so. */
export const hasOutput = ({ started_at, outcome }: RunOutcome, bytes: number): boolean =>
  started_at !== null && (outcome === 'success' || bytes > 0);

const strictText = new TextDecoder('utf-8', { fatal: true });

/** null: it is no valid text, or too much of it. */
export const inlineText = (bytes: Uint8Array): string | null => {
  if (bytes.length > MAX_INLINE_OUTPUT_BYTES) return null;
  try {
    return strictText.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
};

const toError = (error: RunOutcome['error']): ErrorInfo | null =>
  error === null
    ? null
    : { code: isErrorCode(error.code) ? error.code : 'internal', message: error.message, hint: error.hint };

const toAttempt = (outcome: RunOutcome): Attempt => ({
  attempt: outcome.attempt,
  worker_id: outcome.worker_id,
  runner: outcome.runner,
  model: outcome.model,
  endpoint: outcome.endpoint,
  address: outcome.address,
  started_at: outcome.started_at,
  ended_at: outcome.ended_at,
  outcome: outcome.outcome,
  charged: outcome.charged,
  error: toError(outcome.error),
  evidence: outcome.evidence,
  usage: outcome.usage,
  route: outcome.route,
});

const runningAttempt = (run: number, { workerId, startedAt }: RunInHand): Attempt => ({
  attempt: run,
  worker_id: workerId,
  runner: null,
  model: null,
  endpoint: null,
  address: null,
  started_at: startedAt,
  ended_at: null,
  outcome: null,
  charged: false,
  error: null,
  evidence: null,
  usage: null,
  route: null,
});

const toResult = ({ run, outcomes, output, missing }: TaskFacts): TaskResult => {
  const last = lastOutcome({ run, outcomes });
  if (last === undefined) {
    const error = errorInfo(
      'unknown',
      'It ended, and how is not recorded, or not yet.',
      say`Look again in a moment. Where it stays so, ${missing} was lost: ${action('retry')} runs the task again.`,
    );
    return { success: false, output: null, output_path: null, output_bytes: null, error, duration: null };
  }
  return {
    success: last.outcome === 'success',
    output: output?.text ?? null,
    output_path: output?.path ?? null,
    output_bytes: output?.bytes ?? null,
    error: toError(last.error),
    duration:
      last.started_at === null ? null : (Date.parse(last.ended_at) - Date.parse(last.started_at)) / 1000,
  };
};
