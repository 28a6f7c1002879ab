/**
 * The task file: what was asked. It never changes after it is written; state, owner and run number are
 * in its path, and outcomes lie beside it (see queue/files/README.md). Times are ISO 8601 UTC,
 * durations are seconds.
 */
import * as z from 'zod/mini';
import type { ErrorInfo } from '../errors.ts';
import { KoubouError } from '../errors.ts';
import { isTooDeep } from '../text/formats/json.ts';
import { once } from '../text/once.ts';
import { optionShape } from './fields/asked-task.ts';
import { TASK_TYPES } from './fields/types.ts';
import type { PartState, Status } from './lifecycle.ts';

export const RECORD_VERSION = 1;
/** The largest task file that is read, in bytes. */
export const MAX_TASK_BYTES = 16 * 1024 * 1024;

/** What may be said about how a task is run; all optional, the worker's config fills in the rest. Each is a row of fields.ts. */
export const TaskOptions = z.looseObject(optionShape);
export type TaskOptions = z.infer<typeof TaskOptions>;

export const TaskFile = z.looseObject({
  version: z.literal(RECORD_VERSION),
  task_id: z.string(),
  type: z.enum(TASK_TYPES),
  prompt: z.string(),
  command: z._default(z.array(z.string()), []),
  files: z._default(z.array(z.looseObject({ path: z.string(), sha256: z.nullable(z.string()) })), []),
  /** Where `cwd`, `output` and each of `files` led when the task was added; they are used there, or not at all. */
  places: z.optional(z.record(z.string(), z.string())),
  context: z._default(z.record(z.string(), z.unknown()), {}),
  difficulty: z._default(z.nullable(z.string()), null),
  cwd: z.string(),
  /** Of whoever added it: PATH and the like, with which its programs (command, check) run. See environment.ts. */
  environment: z.optional(z.record(z.string(), z.string())),
  priority: z.int().check(z.minimum(1), z.maximum(10)),
  labels: z._default(z.record(z.string(), z.string()), {}),
  created_at: z.string(),
  created_by: z.string(),
  sensitive: z._default(z.boolean(), false),
  /** Its programs (command, check) run in a sandbox: its caller may not run any with the rights of the user. */
  confined: z.optional(z.boolean()),
  /** Only runners that answer with text may do it: nobody is known to have asked for it who may more. */
  answer_only: z.optional(z.boolean()),
  options: z._default(TaskOptions, {}),
  after: z._default(z.array(z.string()), []),
  after_any: z._default(z.array(z.string()), []),
  not_before: z._default(z.nullable(z.string()), null),
  key: z._default(z.nullable(z.string()), null),
  /** The seal, in the file only: of its bytes, not of what was asked (queue/files/layout/seal.ts). */
  mac: z.optional(z.string()),
});
export type TaskFile = z.infer<typeof TaskFile>;

/** What a caller gives to add a task: the file without what the queue fills in. */
export type NewTask = Pick<
  TaskFile,
  | 'type'
  | 'prompt'
  | 'command'
  | 'files'
  | 'places'
  | 'context'
  | 'difficulty'
  | 'cwd'
  | 'environment'
  | 'priority'
  | 'labels'
  | 'created_by'
  | 'sensitive'
  | 'confined'
  | 'answer_only'
  | 'options'
  | 'after'
  | 'after_any'
  | 'not_before'
  | 'key'
>;

export interface Usage {
  input_tokens: number | null;
  output_tokens: number | null;
  /** By what it was judged whether the server read all of the prompt; absent: not a model's server, or not judged. */
  prompt?:
    | {
        /** Tokens as the server counted them; null: it did not say. */
        counted: number | null;
        /** Fewer would mean that the prompt was cut. */
        least: number;
        /** Whether `least` leaves out what the server may have had from an earlier prompt. */
        without_cache: boolean;
        /** How `least` was found: from what is known of texts, by the server's tokenizer, or from a sample of the prompt. */
        by?: 'estimate' | 'tokenizer' | 'sample' | undefined;
        /** Of a sample: its letters, the tokens that the server counted of it, and those that the whole prompt has by it. */
        sample?: { letters: number; tokens: number; whole: number } | undefined;
      }
    | undefined;
}

/** One run's outcome, the content of results/DAY/ID/run-R.json. Written once, never replaced. */
export const runOutcome = once(() =>
  z.looseObject({
    version: z.literal(1),
    task_id: z.string(),
    /** R of the run. An end without a run (cancelled before it began) has a number too, and started_at null. */
    attempt: z.int().check(z.nonnegative()),
    worker_id: z.nullable(z.string()),
    runner: z.nullable(z.string()),
    model: z.nullable(z.string()),
    endpoint: z.nullable(z.string()),
    /** The address that the run really connected to; null: none, or nobody knows. */
    address: z._default(z.nullable(z.string()), null),
    started_at: z.nullable(z.string()),
    ended_at: z.string(),
    outcome: z.enum(['success', 'error']),
    charged: z.boolean(),
    error: z.nullable(z.looseObject({ code: z.string(), message: z.string(), hint: z.string() })),
    evidence: z._default(z.nullable(z.string()), null),
    usage: z._default(
      z.nullable(
        z.looseObject({
          input_tokens: z.nullable(z.number()),
          output_tokens: z.nullable(z.number()),
          prompt: z.optional(
            z.looseObject({
              counted: z.nullable(z.number()),
              least: z.number(),
              without_cache: z.boolean(),
              by: z.optional(z.enum(['estimate', 'tokenizer', 'sample'])),
              sample: z.optional(
                z.looseObject({ letters: z.number(), tokens: z.number(), whole: z.number() }),
              ),
            }),
          ),
        }),
      ),
      null,
    ),
    route: z._default(z.nullable(z.string()), null),
    /** Seconds the server asked to wait (Retry-After). */
    retry_after: z._default(z.nullable(z.number()), null),
    /** What the next attempt is told: the checker's or validator's words. */
    feedback: z._default(z.nullable(z.string()), null),
    output_bytes: z._default(z.nullable(z.number()), null),
    /** By which a later task can go on with the runner's conversation. */
    session: z._default(z.nullable(z.string()), null),
    /** Where the accepted output was also written (--output), absolute. */
    output_file: z._default(z.nullable(z.string()), null),
  }),
);
export type RunOutcome = z.infer<ReturnType<typeof runOutcome>>;

export interface Attempt {
  attempt: number;
  worker_id: string | null;
  runner: string | null;
  model: string | null;
  endpoint: string | null;
  address: string | null;
  started_at: string | null;
  ended_at: string | null;
  outcome: 'success' | 'error' | null;
  charged: boolean;
  error: ErrorInfo | null;
  evidence: string | null;
  usage: Usage | null;
  route: string | null;
}

/** `worker`: it is in the hands of a worker that is not heard from. */
type Waiting = PartState | 'endpoint' | 'permit' | 'worker';

export interface TaskResult {
  success: boolean;
  /** null where the output is not valid text to show, or the task failed without any. */
  output: string | null;
  /** The kept result itself (run-R.output); null also where the queue keeps it in no file. */
  output_path: string | null;
  output_bytes: number | null;
  error: ErrorInfo | null;
  /** Seconds of the last run. */
  duration: number | null;
}

/** The task as `--json`, HTTP and MCP show it: the file joined with its path and outcomes. */
export interface TaskRecord extends TaskFile {
  /** A run of it was found to hold what must stay on this machine, or waited for one that was. */
  held?: true;
  status: Status;
  waiting: Waiting | null;
  due_at: string | null;
  attempts: Attempt[];
  updated_at: string;
  result: TaskResult | null;
}

/** Parses a task file. Throws KoubouError `usage` that says which field is wrong. */
export const parseTaskFile = (value: unknown): TaskFile => {
  if (isTooDeep(value)) throw new KoubouError('usage', 'it is nested too deep');
  const parsed = z.safeParse(TaskFile, value);
  if (!parsed.success) throw new KoubouError('usage', describeIssues(parsed.error.issues));
  const fault = faultOf(parsed.data);
  if (fault !== undefined) throw new KoubouError('usage', fault);
  delete parsed.data.mac;
  return parsed.data;
};

/** What the schema cannot say. */
const faultOf = ({ not_before, cwd, command, files, options }: TaskFile): string | undefined => {
  if (not_before !== null && Number.isNaN(Date.parse(not_before))) {
    return `not_before is not a time: ${not_before}`;
  }
  // A program's arguments and file names end at a zero byte; a prompt need not be either.
  const texts = [cwd, ...command, ...files.map(({ path }) => path), ...Object.values(options).flat()];
  return texts.some((text) => typeof text === 'string' && text.includes('\0'))
    ? 'it holds a zero byte where text belongs'
    : undefined;
};

const describeIssues = (issues: readonly z.core.$ZodIssue[]): string =>
  issues
    .slice(0, 3)
    .map((issue) => `${issue.path.map(String).join('.') || 'the record'}: ${issueText(issue)}`)
    .join('; ');

// zod/mini ships without the English messages (they would cost each command's start-up).
const issueText = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'invalid_type') return `must be ${issue.expected}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  if (issue.code === 'unrecognized_keys') return `has unknown ${issue.keys.join(', ')}`;
  return issue.message;
};
