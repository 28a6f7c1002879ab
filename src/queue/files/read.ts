/** Reading tasks: the file, and the record that joins it with its place and outcomes. */
import { type ErrorInfo, errorInfo, isErrorCode, systemCode } from '../../errors.ts';
import { statusOf } from '../../task/lifecycle.ts';
import {
  type Attempt,
  MAX_TASK_BYTES,
  parseTaskFile,
  type RunOutcome,
  type TaskFile,
  type TaskRecord,
  type TaskResult,
} from '../../task/record.ts';
import type { QueueContext } from './context.ts';
import { BadFile } from './disk.ts';
import type { Place } from './layout.ts';
import { locate } from './locate.ts';
import { readOutcomes } from './outcome.ts';
import { requireSeal, UNSEALED } from './seal.ts';
import { isHeard } from './workers.ts';

/** Results up to this many bytes are shown inline in a record. */
const MAX_INLINE_OUTPUT_BYTES = 4 * 1024 * 1024;

const strictText = new TextDecoder('utf-8', { fatal: true });

export type TaskRead = { task: TaskFile } | { bad: string } | { gone: true };

/** A task that koubou wrote in this home, to be acted on; or why the file is none. */
export const readTask = (context: QueueContext, path: string, id: string): Promise<TaskRead> =>
  read(context, path, id, requireSeal(context).isSealed);

/** A task file to be shown, whoever wrote it; or why it cannot be one. */
export const showTask = (context: QueueContext, path: string, id: string): Promise<TaskRead> =>
  read(context, path, id, () => true);

const read = async (
  context: QueueContext,
  path: string,
  id: string,
  isSealed: (bytes: Uint8Array) => boolean,
): Promise<TaskRead> => {
  try {
    const bytes = await context.disk.read(path, MAX_TASK_BYTES);
    const value: unknown = JSON.parse(strictText.decode(bytes));
    const task = parseTaskFile(value);
    if (task.task_id !== id)
      return { bad: `its task_id is ${JSON.stringify(task.task_id)}, its name says ${id}` };
    return isSealed(bytes) ? { task } : { bad: UNSEALED };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return { gone: true };
    if (error instanceof SyntaxError) return { bad: `it is not JSON: ${error.message}` };
    if (error instanceof BadFile) return { bad: error.message };
    if (error instanceof TypeError) return { bad: 'it is not UTF-8' };
    if (error instanceof Error && error.name === 'KoubouError') return { bad: error.message };
    if (systemCode(error) === 'EISDIR') return { bad: 'it is a folder' };
    throw error;
  }
};

/** The record of a task; undefined when there is none, or when its file cannot be read as one. */
export const readRecord = async (context: QueueContext, id: string): Promise<TaskRecord | undefined> => {
  // The task can move between locating and reading; it is then found at its next place.
  for (let pass = 0; pass < 5; pass += 1) {
    const place = await locate(context, id);
    if (place === undefined) return undefined;
    const shown = await showTask(context, place.path, id);
    if ('bad' in shown) return undefined;
    if ('task' in shown) return joinRecord(context, place, shown.task);
  }
  return undefined;
};

export const joinRecord = async (
  context: QueueContext,
  place: Place,
  task: TaskFile,
): Promise<TaskRecord> => {
  // A file of a run that never was may lie beside them.
  const outcomes = (await readOutcomes(context, task.task_id)).filter(({ attempt }) => attempt <= place.run);
  const attempts = outcomes.filter((outcome) => outcome.started_at !== null).map(toAttempt);
  if (place.state === 'in_progress' && !outcomes.some((outcome) => outcome.attempt === place.run)) {
    attempts.push(await runningAttempt(context, place));
  }
  const last = outcomes.at(-1);
  const ended = place.state === 'completed' || place.state === 'failed';
  const isHeld = (await context.disk.facts(context.layout.heldMark(task.task_id))) !== undefined;
  return {
    ...task,
    ...(isHeld ? { held: true as const } : {}),
    status: statusOf(place.state),
    waiting: await waitingOf(context, place),
    due_at: place.dueMs === null ? null : new Date(place.dueMs).toISOString(),
    attempts,
    updated_at: last?.ended_at ?? attempts.at(-1)?.started_at ?? task.created_at,
    result: ended ? await toResult(context, place, outcomes) : null,
  };
};

const waitingOf = async (
  context: QueueContext,
  { state, workerId }: Place,
): Promise<TaskRecord['waiting']> => {
  if (state === 'delayed' || state === 'blocked') return state;
  return state === 'in_progress' && !(await isHeard(context, workerId)) ? 'worker' : null;
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

// The runner makes the log when it starts, so that file's age is the run's; before that nothing is known.
const runningAttempt = async (context: QueueContext, place: Place): Promise<Attempt> => {
  const started = await readStart(context, place);
  return {
    attempt: place.run,
    worker_id: place.workerId,
    runner: null,
    model: null,
    endpoint: null,
    address: null,
    started_at: started,
    ended_at: null,
    outcome: null,
    charged: false,
    error: null,
    evidence: null,
    usage: null,
    route: null,
  };
};

const readStart = async (context: QueueContext, place: Place): Promise<string | null> => {
  const facts = await context.disk.facts(context.layout.artifact(place.id, place.run, 'log'));
  return facts === undefined ? null : new Date(facts.bornMs).toISOString();
};

const toResult = async (
  context: QueueContext,
  place: Place,
  outcomes: readonly RunOutcome[],
): Promise<TaskResult> => {
  const last = outcomes.find((outcome) => outcome.attempt === place.run);
  if (last === undefined) {
    const error = errorInfo(
      'unknown',
      'It ended, and how is not recorded, or not yet.',
      `Look again in a moment. Where it stays so, ${context.layout.outcome(place.id, place.run)} was lost: \`koubou retry\` runs the task again.`,
    );
    return { success: false, output: null, output_path: null, output_bytes: null, error, duration: null };
  }
  const path = context.layout.artifact(place.id, last.attempt, 'output');
  const facts = last.started_at === null ? undefined : await context.disk.facts(path);
  const kept = facts?.kind === 'file' && (last.outcome === 'success' || facts.size > 0);
  return {
    success: last.outcome === 'success',
    output: kept ? await readInline(context, path, facts.size) : null,
    output_path: kept ? path : null,
    output_bytes: kept ? facts.size : null,
    error: toError(last.error),
    duration:
      last.started_at === null ? null : (Date.parse(last.ended_at) - Date.parse(last.started_at)) / 1000,
  };
};

const readInline = async (context: QueueContext, path: string, size: number): Promise<string | null> => {
  if (size > MAX_INLINE_OUTPUT_BYTES) return null;
  try {
    return strictText.decode(await context.disk.read(path, MAX_INLINE_OUTPUT_BYTES));
  } catch (error) {
    if (error instanceof TypeError || error instanceof BadFile || systemCode(error) === 'ENOENT') return null;
    throw error;
  }
};
