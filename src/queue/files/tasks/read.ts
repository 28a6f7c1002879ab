/** Reading tasks: the file, and the record that joins it with its place and outcomes. */
import { systemCode } from '../../../errors.ts';
import {
  hasOutput,
  inlineText,
  isRunning,
  joinedRecord,
  type KeptOutput,
  lastOutcome,
  MAX_INLINE_OUTPUT_BYTES,
  waitingFor,
} from '../../../task/join-record.ts';
import { isEnded } from '../../../task/lifecycle.ts';
import {
  MAX_TASK_BYTES,
  parseTaskFile,
  type RunOutcome,
  type TaskFile,
  type TaskRecord,
} from '../../../task/record.ts';
import { BadFile, type Disk } from '../disk/disk.ts';
import type { QueueContext } from '../layout/context.ts';
import { locate } from '../layout/locate.ts';
import type { Place } from '../layout/names.ts';
import { requireSeal, UNSEALED } from '../layout/seal.ts';
import { isHeard } from '../workers/worker-files.ts';
import { readOutcomes } from './outcome.ts';

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
  const { disk, layout } = context;
  const { state, run, dueMs, workerId } = place;
  // A file of a run that never was may lie beside those of a task that has ended.
  const all = await readOutcomes(context, task.task_id);
  const outcomes = isEnded(state) ? all.filter(({ attempt }) => attempt <= run) : all;
  const isHeld = (await disk.facts(layout.heldMark(task.task_id))) !== undefined;
  const running = isRunning({ state, run, outcomes })
    ? { workerId, startedAt: await readStart(context, place) }
    : null;
  return joinedRecord({
    task,
    state,
    run,
    dueMs,
    outcomes,
    isHeld,
    running,
    waiting: waitingFor(state, state !== 'in_progress' || (await isHeard(context, workerId))),
    output: isEnded(state) ? await readOutput(context, place, lastOutcome({ run, outcomes })) : null,
    missing: layout.outcome(place.id, run),
  });
};

// The runner makes the log when it starts, so that file's age is the run's; before that nothing is known.
const readStart = async (context: QueueContext, place: Place): Promise<string | null> => {
  const facts = await context.disk.facts(context.layout.artifact(place.id, place.run, 'log'));
  return facts === undefined ? null : new Date(facts.bornMs).toISOString();
};

const readOutput = async (
  { disk, layout }: QueueContext,
  { id }: Place,
  last: RunOutcome | undefined,
): Promise<KeptOutput | null> => {
  if (last === undefined || last.started_at === null) return null;
  const path = layout.artifact(id, last.attempt, 'output');
  const facts = await disk.facts(path);
  if (facts?.kind !== 'file' || !hasOutput(last, facts.size)) return null;
  return { path, bytes: facts.size, text: await readInline(disk, path, facts.size) };
};

const readInline = async (disk: Disk, path: string, size: number): Promise<string | null> => {
  if (size > MAX_INLINE_OUTPUT_BYTES) return null;
  try {
    return inlineText(await disk.read(path, MAX_INLINE_OUTPUT_BYTES));
  } catch (error) {
    if (error instanceof BadFile || systemCode(error) === 'ENOENT') return null;
    throw error;
  }
};
