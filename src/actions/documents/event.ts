/** What a daemon tells of while it works, a document a line. */
import * as z from 'zod/mini';
import type { WorkerEvent } from '../../events.ts';
import { Failure } from './error.ts';
import { exactly, type Named } from './exactly.ts';

const at = z.string().check(z.describe('ISO 8601, UTC.'));
const text = z.string();
const count = z.number();
const attempt = z.number();

export const EventDocument = exactly<Named<{ at: string } & WorkerEvent>>()(
  z.discriminatedUnion('event', [
    z.strictObject({ at, event: z.literal('worker_started'), worker_id: text, slots: count }),
    z.strictObject({
      at,
      event: z.literal('task_started'),
      task_id: text,
      attempt,
      runner: text,
      model: z.nullable(text),
      why: text,
    }),
    z.strictObject({
      at,
      event: z.literal('task_ended'),
      task_id: text,
      attempt,
      state: z.enum(['completed', 'failed', 'delayed', 'pending']),
      seconds: count,
      again_in: z
        .nullable(count)
        .check(z.describe('Seconds until the next attempt; null: there will be none.')),
      error: z.nullable(Failure),
    }),
    z.strictObject({ at, event: z.literal('task_taken_away'), task_id: text, attempt }),
    z.strictObject({ at, event: z.literal('endpoint_down'), endpoint: text, reason: text }),
    z.strictObject({ at, event: z.literal('endpoint_up'), endpoint: text }),
    z.strictObject({ at, event: z.literal('workers_reaped'), workers: z.array(text), restarted: count }),
    z.strictObject({ at, event: z.literal('adopted'), added: count, quarantined: count }),
    z.strictObject({ at, event: z.literal('note'), message: text }),
    z.strictObject({ at, event: z.literal('stopping'), running: count, now: z.boolean() }),
    z.strictObject({
      at,
      event: z.literal('worker_stopped'),
      completed: count,
      failed: count,
      left: z
        .strictObject({ delayed: count, blocked: count, unserved: count, running: count })
        .check(z.describe('Tasks that it leaves; unserved: nothing can run them now.')),
    }),
  ]),
);
export type EventDocument = z.infer<typeof EventDocument>;
