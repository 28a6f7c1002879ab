/** Documents of a queue as a whole: what is in it, who works on it, and what became of requests to change that. */
import * as z from 'zod/mini';
import type { Counts, Quarantined, WorkerInfo } from '../../queue/queue.ts';
import { PART_STATES, type PartState } from '../../task/lifecycle.ts';
import type { BoardWorktree } from '../tasks/board.ts';
import { exactly } from './exactly.ts';
import { TaskDocument } from './task.ts';

const count = z.number();
const ids = z.array(z.string());
const workerId = z.string();

const CountsDocument = exactly<Counts>()(
  z.strictObject({
    pending: count.check(z.describe('With those that are delayed or blocked.')),
    in_progress: count,
    completed: count,
    failed: count,
    ...(Object.fromEntries(PART_STATES.map((state) => [state, count])) as Record<PartState, typeof count>),
    quarantined: count,
  }),
);

export const WorkerDocument = exactly<WorkerInfo>()(
  z.strictObject({
    worker_id: workerId,
    status: z
      .enum(['idle', 'busy', 'silent', 'offline'])
      .check(z.describe('silent: not heard for two beats; offline: for minutes.')),
    pid: z.number(),
    start_time: z
      .optional(z.string())
      .check(
        z.describe('Only where signals from here reach it: tells it from a later process with its pid.'),
      ),
    host: z.string(),
    slots: count,
    tasks: ids,
    runner: z.nullable(z.string()),
    model: z.nullable(z.string()),
    tasks_completed: count,
    tasks_failed: count,
    last_heartbeat: z.nullable(z.string()),
    started_at: z.string(),
    progress: z
      .record(z.string(), count)
      .check(z.describe('By task: a count that rises whenever something came from it.')),
    down: z.record(z.string(), z.string()).check(z.describe('By endpoint: why it is taken to be down.')),
    notes: z.array(z.string()).check(z.describe('What hinders it, for a person.')),
    temporary: z.boolean().check(z.describe('Whether it ends by itself when nothing is left to do.')),
  }),
);

export const WorkersDocument = z.strictObject({ workers: z.array(WorkerDocument) });
export type WorkersDocument = z.infer<typeof WorkersDocument>;

export const BoardDocument = z.strictObject({
  counts: CountsDocument,
  running: z.array(TaskDocument),
  workers: z.array(WorkerDocument),
  worktrees: z
    .array(
      exactly<BoardWorktree>()(
        z.strictObject({
          task_id: z.string(),
          path: z.string(),
          branch: z.string(),
          repository: z.string(),
          state: z.enum(['open', 'applied']),
        }),
      ),
    )
    .check(z.describe('Those that were neither applied nor discarded, or that hold more than what was.')),
});
export type BoardDocument = z.infer<typeof BoardDocument>;

export const ListDocument = z.strictObject({
  tasks: z.array(TaskDocument),
  quarantined: z
    .optional(
      z.array(
        exactly<Quarantined>()(z.strictObject({ name: z.string(), reason: z.string(), at: z.string() })),
      ),
    )
    .check(z.describe('Only where it was asked for: what could not be read as a task has no record.')),
});
export type ListDocument = z.infer<typeof ListDocument>;

const Cancelled = z.strictObject({
  task_id: z.string(),
  result: z
    .enum(['cancelled', 'completed', 'failed', 'asked'])
    .check(z.describe('completed, failed: it had ended before; asked: it still runs.')),
  silent: z
    .optional(z.literal(true))
    .check(z.describe('Its worker is not heard from: whether it still runs is not known.')),
});
export type Cancelled = z.infer<typeof Cancelled>;

export const CancelDocument = z.strictObject({ results: z.array(Cancelled) });
export type CancelDocument = z.infer<typeof CancelDocument>;

const Retried = z.strictObject({
  task_id: z.string(),
  result: z
    .enum(['pending', 'blocked'])
    .check(z.describe('blocked: it waits for a task that has to succeed first.')),
});
export type Retried = z.infer<typeof Retried>;

export const RetryDocument = z.strictObject({ results: z.array(Retried) });
export type RetryDocument = z.infer<typeof RetryDocument>;

export const ScaleDocument = z.strictObject({
  workers: z.array(z.strictObject({ worker_id: workerId, min: count, max: count })),
});
export type ScaleDocument = z.infer<typeof ScaleDocument>;

export const StopDocument = z.strictObject({
  stopped: z.array(workerId),
  finishing: z
    .array(z.strictObject({ worker_id: workerId, tasks: ids }))
    .check(z.describe('Those that finish what they run.')),
  elsewhere: z
    .array(workerId)
    .check(z.describe('Those that no signal from here reaches: nothing was done to them.')),
  silent: z
    .optional(z.array(workerId))
    .check(z.describe('Those of them that are not heard from either; only where there are some.')),
});
export type StopDocument = z.infer<typeof StopDocument>;
