/**
 * One row a field of a task that somebody may say: how it is read, its flag of `koubou delegate`, how it is kept, what
 * docs/task-file.md says of it. Flags, lines of a batch, dropped files, TaskOptions and the JSON schema of a new task are made
 * of these rows (asked-task.ts); their order is that of the task file. A line of a batch may say each of them. Pure.
 */
import * as z from 'zod/mini';
import {
  FILES,
  type FieldRow,
  FROM_NOW,
  LABELS,
  OBJECT,
  oneOf,
  SCHEMA,
  SECONDS,
  SETTINGS,
  TEXT,
  TEXTS,
  TIME,
  WORDS,
  whole,
  YES,
} from './field-types.ts';
import { typeNames } from './types.ts';

/** What an agent's commands may touch. */
export const SANDBOXES = ['read-only', 'workspace-write', 'danger-full-access'] as const;
export const EXTRACTS = ['code', 'json'] as const;

const text = z.optional(z.string());
const yes = z.optional(z.boolean());
const seconds = z.optional(z.number().check(z.nonnegative()));

export const FIELDS = {
  type: {
    type: oneOf(typeNames()),
    flag: { summary: 'Task type: general (the default), code or command.', helpValue: 'TYPE' },
    form: '`general`, `code`, `command`',
    meaning: 'text from a model, code from a model, or a program',
  },
  prompt: { type: TEXT, form: 'text', meaning: 'the prompt for the model; may be empty for a command' },
  prompt_file: {
    type: TEXT,
    flag: { summary: 'Read the prompt from this file; - reads stdin.', helpValue: 'F' },
    notDropped: { what: 'prompt_file' },
    asks: 'files_outside',
    form: 'text',
    meaning: 'a file that contains the prompt',
  },
  command: {
    type: WORDS,
    notDropped: { what: 'type command' },
    asks: 'program',
    form: 'list of text',
    meaning: 'the program and its arguments, run without a shell; empty unless `type` is command',
  },
  files: {
    type: FILES,
    aliases: ['file'],
    flag: { name: 'file', summary: 'Attach this file to the prompt; - reads stdin.', helpValue: 'F' },
    asks: 'files_outside',
    form: 'list of `{path, sha256}`',
    meaning:
      'files attached to the prompt; read when the task runs, as UTF-8, or UTF-16 with a byte order mark. `sha256` is null where it was not recorded',
  },
  context: {
    type: OBJECT,
    flag: { summary: 'Add facts to the prompt: a JSON object.', helpValue: 'JSON' },
    form: 'object',
    meaning: 'facts added to the prompt',
  },
  difficulty: { type: TEXT, form: 'text or null', meaning: 'a hint for choosing the model' },
  cwd: {
    type: TEXT,
    flag: { summary: 'Working folder of the task; default: the current folder.', helpValue: 'DIR' },
    asks: 'folder_outside',
    form: 'text',
    meaning: 'the working folder',
  },
  priority: {
    type: whole(1, 10),
    flag: { summary: 'Priority from 1 to 10; 10 is the most urgent.', helpValue: 'N' },
    form: '1 to 10',
    meaning: '10 is the most urgent, 5 the default',
  },
  labels: {
    type: LABELS,
    aliases: ['label'],
    flag: { name: 'label', summary: 'Add a label, by which commands select tasks.', helpValue: 'K=V' },
    form: 'object of text',
    meaning: 'labels by which commands select tasks',
  },
  sensitive: {
    type: YES,
    form: 'true, false',
    meaning:
      'the task must not leave this machine, as with `local_only`: set by the caller, found in its content, or inherited from a task that it waits for ([local only](local-only.md))',
  },
  runner: {
    type: TEXT,
    option: text,
    flag: {
      summary: 'Run the task with this runner of the config; default: routing decides.',
      helpValue: 'NAME',
    },
    asks: 'agent',
    form: 'text',
    meaning: 'the runner, by its name in the config',
  },
  model: {
    type: TEXT,
    option: text,
    flag: { summary: 'Use this model.', helpValue: 'M' },
    form: 'text',
    meaning: 'the model',
  },
  template: {
    type: TEXT,
    option: text,
    flag: { summary: 'Wrap the prompt in this template.', helpValue: 'NAME' },
    form: 'text',
    meaning: 'the prompt template that wraps the prompt',
  },
  system: {
    type: TEXT,
    option: text,
    flag: { summary: 'Use these system instructions instead of a template.', helpValue: 'TEXT' },
    form: 'text',
    meaning: 'system instructions instead of a template',
  },
  set: {
    type: SETTINGS,
    option: z.optional(z.record(z.string(), z.unknown())),
    flag: { summary: 'Set a model option, such as temperature=0.7.', helpValue: 'K=V' },
    form: 'object',
    meaning:
      "model options, such as `temperature`; names of Ollama's and of OpenAI's API are accepted, see [settings](servers.md#settings)",
  },
  timeout: {
    type: SECONDS,
    option: seconds,
    flag: { summary: 'Time limit of each attempt; 0 means none.' },
    form: 'seconds',
    meaning: 'time limit of a whole attempt; 0 means none',
  },
  stall_timeout: { type: SECONDS, option: seconds, form: 'seconds', meaning: 'the longest silence' },
  retries: {
    type: whole(0, 100),
    option: z.optional(z.int().check(z.nonnegative())),
    flag: { summary: 'Number of retries after a failed attempt.', helpValue: 'N' },
    form: 'number',
    meaning: 'number of charged errors that are retried',
  },
  schema: {
    type: SCHEMA,
    option: z.optional(z.unknown()),
    flag: { summary: 'Accept the output only if it matches this JSON schema.', helpValue: 'FILE' },
    notDropped: { what: 'the name of a schema file', where: (value) => typeof value === 'string' },
    asks: 'files_outside',
    form: 'JSON schema',
    meaning: 'the output must match it',
  },
  check: {
    type: TEXT,
    option: text,
    flag: { summary: 'Accept the output only if this shell command exits with 0.', helpValue: 'CMD' },
    notDropped: { what: 'check' },
    asks: 'check',
    form: 'text',
    meaning: 'a shell command that must exit with 0 for the output to count',
  },
  check_outside: {
    type: YES,
    option: yes,
    flag: { summary: 'Run the check with your rights, outside the sandbox of the task.' },
    asks: 'check_outside',
    form: 'true, false',
    meaning:
      'run the check with your rights, outside the sandbox of the run; refused for tasks that must stay on this machine',
  },
  extract: {
    type: oneOf(EXTRACTS),
    option: z.optional(z.enum(EXTRACTS)),
    flag: { summary: 'Keep only this part of the answer: code or json.', helpValue: 'WHAT' },
    form: '`code`, `json`',
    meaning:
      'keep only the code block, or the JSON, of the answer. Without it, a fence around the whole answer is removed if `schema` is given or `output` names a source file',
  },
  expect: {
    type: TEXTS,
    option: z.optional(z.array(z.string())),
    flag: { summary: 'Require that the task creates or changes these files (not empty).', helpValue: 'GLOB' },
    notDropped: { what: 'expect' },
    asks: 'files_outside',
    form: 'list of text',
    meaning:
      'files that the task must create or change: they exist in the end, are not empty, and differ from before its first attempt ([how it works](how-it-works.md#when-a-result-counts))',
  },
  expect_existing: {
    type: YES,
    option: yes,
    flag: { summary: 'Let --expect also accept files that exist and do not change.' },
    form: 'true, false',
    meaning: 'expected files may exist before and stay unchanged',
  },
  output: {
    type: TEXT,
    option: text,
    flag: { summary: 'Also write the accepted output to this file.', helpValue: 'FILE' },
    notDropped: { what: 'output' },
    asks: 'output_outside',
    form: 'text',
    meaning: 'file to which the accepted output is also written',
  },
  local_only: {
    type: YES,
    option: yes,
    flag: { summary: 'Never send the task to another machine.' },
    form: 'true, false',
    meaning: 'the task must not leave this machine',
  },
  allow_no_change: {
    type: YES,
    option: yes,
    flag: { summary: 'Accept a code task that changes no files.' },
    form: 'true, false',
    meaning: 'a code task may change no files ([code-tasks.md](code-tasks.md))',
  },
  worktree: {
    type: YES,
    option: yes,
    flag: { summary: 'Work in a separate git worktree; `koubou apply` brings the changes over.' },
    notDropped: { what: 'worktree', where: (value) => value === true },
    form: 'true, false',
    meaning: 'type code: the task runs in a separate git worktree; its result is the branch `koubou/ID`',
  },
  sandbox: {
    type: oneOf(SANDBOXES),
    option: z.optional(z.enum(SANDBOXES)),
    flag: {
      summary: "Limit what the agent's commands may write: workspace-write or read-only.",
      helpValue: 'MODE',
    },
    notDropped: { what: 'sandbox' },
    asks: 'full_access',
    form: '`read-only`, `workspace-write`, `danger-full-access`',
    meaning: "what the agent's commands may write",
  },
  resume_from: {
    type: TEXT,
    option: text,
    flag: { summary: 'Continue the conversation of this task.', helpValue: 'TASK' },
    notDropped: { what: 'resume_from' },
    form: 'id',
    meaning: 'the task whose conversation this one continues',
  },
  after: {
    type: TEXTS,
    flag: { summary: 'Start only after this task has completed.', helpValue: 'TASK' },
    form: 'list of ids',
    meaning: 'start only after these have completed; if one fails, this task fails too',
  },
  after_any: {
    type: TEXTS,
    flag: {
      summary: 'Start only after this task has ended, whether it completed or failed.',
      helpValue: 'TASK',
    },
    form: 'list of ids',
    meaning: 'start only after these have ended, completed or failed',
  },
  in: {
    type: FROM_NOW,
    fills: 'not_before',
    flag: { summary: 'Start no earlier than this long from now.', exclusive: ['at'] },
    form: 'seconds',
    meaning: 'start no earlier than this long from now',
  },
  not_before: {
    type: TIME,
    aliases: ['at'],
    flag: { name: 'at', summary: 'Start no earlier than this time: 14:30, or ISO 8601.', helpValue: 'TIME' },
    form: 'time or null',
    meaning: 'start no earlier than this time',
  },
  key: {
    type: TEXT,
    flag: {
      summary: 'Idempotency key: the same key adds no second task and prints the id of the first.',
      helpValue: 'KEY',
    },
    form: 'text or null',
    meaning: 'idempotency key: adding a task with the same key again adds nothing and returns this task',
  },
} as const satisfies Readonly<Record<string, FieldRow>>;
