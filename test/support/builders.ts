/** The plainest task, worker, outcome and budget, whatever the queue is made of; a home is helpers/queue-home.ts's. */
import { ERROR_CODES, type ErrorCode, errorInfo } from '../../src/errors.ts';
import type { Admission, Beat, Claim, Member, WorkerIdentity } from '../../src/queue/queue.ts';
import type { Budget } from '../../src/task/budget.ts';
import { endWithoutRun } from '../../src/task/end-without-run.ts';
import type { NewTask, RunOutcome, TaskFile, TaskRecord } from '../../src/task/record.ts';

export const full = process.env.KOUBOU_TEST_FULL === '1';

export const newTask = (over: Partial<NewTask> = {}): NewTask => ({
  type: 'general',
  prompt: 'say hello',
  command: [],
  files: [],
  context: {},
  difficulty: null,
  cwd: '/',
  priority: 5,
  labels: {},
  created_by: 'test',
  sensitive: false,
  options: {},
  after: [],
  after_any: [],
  not_before: null,
  key: null,
  ...over,
});

export const SOME_ID = 'task_20260101_000000_000000_abcd';

/** As the queue keeps it. */
export const taskFile = (over: Partial<TaskFile> = {}): TaskFile => ({
  ...newTask(),
  version: 1,
  task_id: SOME_ID,
  created_at: '2026-01-01T00:00:00.000Z',
  ...over,
});

/** As the queue shows it: not begun yet. */
export const taskRecord = (over: Partial<TaskRecord> = {}): TaskRecord => ({
  ...taskFile(),
  status: 'pending',
  waiting: null,
  due_at: null,
  attempts: [],
  updated_at: '2026-01-01T00:00:00.000Z',
  result: null,
  ...over,
});

export const worker = (over: Partial<WorkerIdentity> = {}): WorkerIdentity => ({
  label: 'w',
  slots: 1,
  version: '0.0.0',
  runner: null,
  model: null,
  temporary: false,
  ...over,
});

export const beat = (over: Partial<Beat> = {}): Beat => ({
  slots: 1,
  progress: {},
  down: {},
  notes: [],
  completed: 0,
  failed: 0,
  ...over,
});

export const budget: Budget = { retries: 2, workerLost: 10, unavailableSeconds: 3600 };
export const noRetries: Budget = { ...budget, retries: 0 };
export const budgetOf = (): Budget => budget;

export const takeAll = (): Admission => ({ take: true, permits: [] });

/** Of a run that succeeded at 1970-01-01T00:00:00Z. */
export const runOutcome = (over: Partial<RunOutcome> = {}): RunOutcome => ({
  ...endWithoutRun(SOME_ID, 1, errorInfo('internal', ''), 0),
  started_at: new Date(0).toISOString(),
  outcome: 'success',
  error: null,
  ...over,
});

/** What a run that failed with `code` says of it. */
export const failedOutcome = (code: ErrorCode, over: Partial<RunOutcome> = {}): RunOutcome =>
  runOutcome({
    outcome: 'error',
    charged: ERROR_CODES[code].charged,
    error: { ...errorInfo(code, `it was ${code}`) },
    ...over,
  });

/** Of a run that began and ended at `atMs`, wall-clock milliseconds. */
export const outcomeAt = (
  atMs: number,
  code: ErrorCode | 'success',
  over: Partial<RunOutcome> = {},
): RunOutcome => {
  const at = new Date(atMs).toISOString();
  const all = { started_at: at, ended_at: at, ...over };
  return code === 'success' ? runOutcome(all) : failedOutcome(code, all);
};

const runOf = (claim: Claim, { workerId }: Pick<Member, 'workerId'>): Partial<RunOutcome> => {
  const now = new Date().toISOString();
  const [task_id, attempt] = [claim.id, claim.run];
  return { task_id, attempt, worker_id: workerId, runner: 'test', started_at: now, ended_at: now };
};

export const succeeded = (
  claim: Claim,
  member: Pick<Member, 'workerId'>,
  over: Partial<RunOutcome> = {},
): RunOutcome => runOutcome({ ...runOf(claim, member), ...over });

export const failedWith = (
  code: ErrorCode,
  claim: Claim,
  member: Pick<Member, 'workerId'>,
  over: Partial<RunOutcome> = {},
): RunOutcome => failedOutcome(code, { ...runOf(claim, member), ...over });
