import type { WorkerInfo } from '../../../src/queue/queue.ts';
import type { Attempt, TaskRecord } from '../../../src/task/record.ts';
import { taskRecord } from '../../support/builders.ts';

export const NOW = Date.parse('2026-03-01T12:00:00.000Z');
export const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();

export const record = (changes: Partial<TaskRecord> = {}): TaskRecord =>
  taskRecord({
    task_id: 'task_20260301_115500_000001_abcd',
    prompt: 'Translate the page',
    cwd: '/home/you/project',
    created_at: at(300),
    created_by: 'cli',
    updated_at: at(300),
    ...changes,
  });

export const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  attempt: 1,
  worker_id: 'desk-0123abcd-4711-998877-00ff00ff00ff',
  runner: 'ollama',
  model: 'qwen3:8b',
  endpoint: null,
  address: null,
  started_at: at(65),
  ended_at: null,
  outcome: null,
  charged: false,
  error: null,
  evidence: null,
  usage: null,
  route: null,
  ...changes,
});

export const failed = (message: string, changes: Partial<TaskRecord> = {}): TaskRecord => {
  const error = { code: 'check_failed' as const, message, hint: 'Look at the log.' };
  return record({
    status: 'failed',
    updated_at: at(120),
    result: { success: false, output: null, output_path: null, output_bytes: null, error, duration: 3 },
    ...changes,
  });
};

export const worker = (changes: Partial<WorkerInfo> = {}): WorkerInfo => ({
  worker_id: 'desk-0123abcd-4711-998877-00ff00ff00ff',
  status: 'idle',
  pid: 4711,
  host: 'h',
  slots: 2,
  tasks: [],
  runner: 'ollama',
  model: 'qwen3:8b',
  tasks_completed: 7,
  tasks_failed: 1,
  last_heartbeat: at(3),
  started_at: at(1000),
  progress: {},
  down: {},
  notes: [],
  temporary: false,
  ...changes,
});
