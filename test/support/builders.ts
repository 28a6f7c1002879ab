/** The plainest task, worker, outcome and budget, whatever the queue is made of. */
import { ERROR_CODES, type ErrorCode, errorInfo } from '../../src/errors.ts';
import type { Admission, Beat, Claim, Member, WorkerIdentity } from '../../src/queue/queue.ts';
import type { Budget } from '../../src/task/budget.ts';
import { endWithoutRun } from '../../src/task/end-without-run.ts';
import type { NewTask, RunOutcome } from '../../src/task/record.ts';

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

export const succeeded = (
  claim: Claim,
  member: Pick<Member, 'workerId'>,
  over: Partial<RunOutcome> = {},
): RunOutcome => ({
  ...endWithoutRun(claim.id, claim.run, errorInfo('internal', ''), Date.now()),
  worker_id: member.workerId,
  runner: 'test',
  started_at: new Date().toISOString(),
  outcome: 'success',
  error: null,
  ...over,
});

export const failedWith = (
  code: ErrorCode,
  claim: Claim,
  member: Pick<Member, 'workerId'>,
  over: Partial<RunOutcome> = {},
): RunOutcome =>
  succeeded(claim, member, {
    outcome: 'error',
    charged: ERROR_CODES[code].charged,
    error: { ...errorInfo(code, `it was ${code}`) },
    ...over,
  });
