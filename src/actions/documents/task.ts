/**
 * A task as documents show it: the task file, joined with where it stands and with its outcomes (docs/task-file.md). What
 * this version does not know of a file is shown too: a reader of another version ignores it.
 */
import * as z from 'zod/mini';
import { PART_STATES, STATUSES } from '../../task/lifecycle.ts';
import {
  type Attempt,
  TaskFile,
  TaskOptions,
  type TaskRecord,
  type TaskResult,
  type Usage,
} from '../../task/record.ts';
import { Failure } from './error.ts';
import { exactly, type Named, present } from './exactly.ts';

const time = z.string().check(z.describe('ISO 8601, UTC.'));
const nullableTime = z.nullable(time);
const nullableText = z.nullable(z.string());
const count = z.number();

const UsageDocument = exactly<Usage>()(
  z.strictObject({
    input_tokens: z.nullable(count),
    output_tokens: z.nullable(count),
    prompt: z.optional(
      z.strictObject({
        counted: z
          .nullable(count)
          .check(z.describe('Tokens by the count of the server; null: it gave none.')),
        least: count.check(z.describe('Fewer tokens would mean that the prompt was cut.')),
        without_cache: z.boolean(),
        by: z.optional(z.enum(['estimate', 'tokenizer', 'sample'])),
        sample: z.optional(z.strictObject({ letters: count, tokens: count, whole: count })),
      }),
    ),
  }),
);

const AttemptDocument = exactly<Attempt>()(
  z.strictObject({
    attempt: z.number().check(z.describe('The number of the run, which no other run of the task has.')),
    worker_id: nullableText,
    runner: nullableText,
    model: nullableText,
    endpoint: nullableText,
    address: nullableText.check(z.describe('What it really connected to; null: nothing, or nobody knows.')),
    started_at: nullableTime,
    ended_at: nullableTime.check(z.describe('null: it goes on.')),
    outcome: z.nullable(z.enum(['success', 'error'])),
    charged: z.boolean().check(z.describe('Whether it counts against `retries`.')),
    error: z.nullable(Failure),
    evidence: nullableText.check(z.describe('Why a success counts as one.')),
    usage: z.nullable(UsageDocument),
    route: nullableText.check(z.describe('Why this runner.')),
  }),
);

const ResultDocument = exactly<TaskResult>()(
  z.strictObject({
    success: z.boolean(),
    output: nullableText.check(z.describe('null: there is none, it is no text, or it is over 4 MB.')),
    output_path: nullableText.check(z.describe('Absolute; null where it lies in no file.')),
    output_bytes: z.nullable(count),
    error: z.nullable(Failure),
    duration: z.nullable(count).check(z.describe('Seconds of the last run.')),
  }),
);

/** The seal is of the file, and is not shown. */
const { mac: _, ...asked } = TaskFile.shape;

/** What a record has beside that, where something of it is not shown. */
interface Shown {
  withheld?: true;
  prompt_bytes?: number;
  output_bytes?: number | null;
  truncated?: true;
}

export const TaskDocument = exactly<Named<Omit<Named<TaskRecord>, 'mac'> & Shown>>()(
  z.strictObject({
    ...present(asked),
    files: z.array(z.strictObject({ path: z.string(), sha256: nullableText })),
    options: z.strictObject(TaskOptions.shape),
    held: z
      .optional(z.literal(true))
      .check(z.describe('A run of it was found to hold what must stay on this machine.')),
    status: z.enum(STATUSES),
    waiting: z
      .nullable(z.enum([...PART_STATES, 'endpoint', 'permit', 'worker']))
      .check(z.describe('What it waits for; worker: it is in the hands of one that is not heard from.')),
    due_at: nullableTime,
    attempts: z.array(AttemptDocument).check(z.describe('Oldest first; the last may go on.')),
    updated_at: time,
    result: z.nullable(ResultDocument).check(z.describe('null: it has not ended.')),
    withheld: z
      .optional(z.literal(true))
      .check(z.describe('It must stay on this machine: what was asked, printed and made is left out.')),
    truncated: z.optional(z.literal(true)).check(z.describe('prompt and result.output are cut.')),
    prompt_bytes: z.optional(count).check(z.describe('Where it is cut: of the whole prompt.')),
    output_bytes: z.optional(z.nullable(count)).check(z.describe('Where it is cut: of the whole output.')),
  }),
);
export type TaskDocument = z.infer<typeof TaskDocument>;

const TasksDocument = z.strictObject({ tasks: z.array(TaskDocument) });

export const OneOrMany = z.union([TaskDocument, TasksDocument]);
export type OneOrMany = z.infer<typeof OneOrMany>;
