/** The flags of `koubou delegate`, and what they ask for. */
import { parseDueTime } from '../actions/due-time.ts';
import { type Fields, parseSettings } from '../actions/fields.ts';
import { KoubouError } from '../errors.ts';
import { boolean, duration, integer, repeatable, text } from './flags.ts';
import { readLabels } from './labels.ts';

export const delegateFlags = {
  type: text({ summary: 'Task type: general (the default), code or command.', helpValue: 'TYPE' }),
  file: repeatable({ summary: 'Attach this file to the prompt; - reads stdin.', helpValue: 'F' }),
  'prompt-file': text({ summary: 'Read the prompt from this file; - reads stdin.', helpValue: 'F' }),
  wait: boolean({ summary: 'Wait for the task and print its result.', aliases: ['sync'] }),
  'wait-timeout': duration({
    summary: 'Stop waiting after this time; the task goes on.',
    dependsOn: ['wait'],
  }),
  runner: text({
    summary: 'Run the task with this runner of the config; default: routing decides.',
    helpValue: 'NAME',
  }),
  model: text({ summary: 'Use this model.', helpValue: 'M' }),
  template: text({ summary: 'Wrap the prompt in this template.', helpValue: 'NAME' }),
  system: text({ summary: 'Use these system instructions instead of a template.', helpValue: 'TEXT' }),
  set: repeatable({ summary: 'Set a model option, such as temperature=0.7.', helpValue: 'K=V' }),
  context: text({ summary: 'Add facts to the prompt: a JSON object.', helpValue: 'JSON' }),
  'local-only': boolean({ summary: 'Never send the task to another machine.' }),
  check: text({ summary: 'Accept the output only if this shell command exits with 0.', helpValue: 'CMD' }),
  'check-outside': boolean({
    summary: 'Run the check with your rights, outside the sandbox of the task.',
  }),
  schema: text({ summary: 'Accept the output only if it matches this JSON schema.', helpValue: 'FILE' }),
  extract: text({ summary: 'Keep only this part of the answer: code or json.', helpValue: 'WHAT' }),
  expect: repeatable({
    summary: 'Require that the task creates or changes these files (not empty).',
    helpValue: 'GLOB',
  }),
  'expect-existing': boolean({ summary: 'Let --expect also accept files that exist and do not change.' }),
  output: text({ summary: 'Also write the accepted output to this file.', helpValue: 'FILE' }),
  'allow-no-change': boolean({ summary: 'Accept a code task that changes no files.' }),
  sandbox: text({
    summary: "Limit what the agent's commands may write: workspace-write or read-only.",
    helpValue: 'MODE',
  }),
  'resume-from': text({ summary: 'Continue the conversation of this task.', helpValue: 'TASK' }),
  worktree: boolean({ summary: 'Work in a separate git worktree; `koubou apply` brings the changes over.' }),
  cwd: text({ summary: 'Working folder of the task; default: the current folder.', helpValue: 'DIR' }),
  priority: integer({
    summary: 'Priority from 1 to 10; 10 is the most urgent.',
    min: 1,
    max: 10,
    helpValue: 'N',
  }),
  timeout: duration({ summary: 'Time limit of each attempt; 0 means none.' }),
  retries: integer({
    summary: 'Number of retries after a failed attempt.',
    min: 0,
    max: 100,
    helpValue: 'N',
  }),
  after: repeatable({ summary: 'Start only after this task has completed.', helpValue: 'TASK' }),
  'after-any': repeatable({
    summary: 'Start only after this task has ended, whether it completed or failed.',
    helpValue: 'TASK',
  }),
  in: duration({ summary: 'Start no earlier than this long from now.', exclusive: ['at'] }),
  at: text({ summary: 'Start no earlier than this time: 14:30, or ISO 8601.', helpValue: 'TIME' }),
  key: text({
    summary: 'Idempotency key: the same key adds no second task and prints the id of the first.',
    helpValue: 'KEY',
  }),
  label: repeatable({ summary: 'Add a label, by which commands select tasks.', helpValue: 'K=V' }),
  each: text({
    summary: 'Add one task per file; {file} {dir} {name} {stem} {ext} are filled in.',
    helpValue: 'GLOB',
    exclusive: ['batch'],
  }),
  batch: text({
    summary: 'Add one task per line of JSON, with these flags as keys; - reads stdin.',
    helpValue: 'FILE',
  }),
  'skip-existing': boolean({ summary: 'Skip files whose output exists already.' }),
};

/** As oclif parses them. */
export interface DelegateFlags {
  type?: string;
  file?: string[];
  'prompt-file'?: string;
  runner?: string;
  model?: string;
  template?: string;
  system?: string;
  set?: string[];
  context?: string;
  'local-only'?: boolean;
  check?: string;
  'check-outside'?: boolean;
  extract?: string;
  schema?: string;
  expect?: string[];
  'expect-existing'?: boolean;
  output?: string;
  'allow-no-change'?: boolean;
  sandbox?: string;
  'resume-from'?: string;
  worktree?: boolean;
  cwd?: string;
  priority?: number;
  timeout?: number;
  retries?: number;
  after?: string[];
  'after-any'?: string[];
  in?: number;
  at?: string;
  key?: string;
  label?: string[];
}

/** Only what was said: the rest is the config's. `command` are the words after `--`. */
export const fieldsOf = (
  flags: DelegateFlags,
  prompt: string | undefined,
  command: readonly string[] | undefined,
  nowMs: number,
): Fields => {
  const { context, in: wait, at, label, set } = flags;
  const dueMs =
    wait !== undefined ? nowMs + wait * 1000 : at === undefined ? undefined : parseDueTime(at, nowMs);
  const fields: Record<keyof Fields, unknown> = {
    prompt: prompt === '-' ? undefined : prompt,
    promptFile: prompt === '-' ? '-' : flags['prompt-file'],
    type: flags.type,
    command,
    files: flags.file,
    context: context === undefined ? undefined : parseContext(context),
    difficulty: undefined,
    worktree: flags.worktree || undefined,
    cwd: flags.cwd,
    priority: flags.priority,
    labels: label && readLabels(label),
    sensitive: undefined,
    runner: flags.runner,
    model: flags.model,
    template: flags.template,
    system: flags.system,
    set: set && parseSettings(set),
    timeout: flags.timeout,
    stallTimeout: undefined,
    retries: flags.retries,
    schema: flags.schema,
    check: flags.check,
    extract: flags.extract,
    checkOutside: flags['check-outside'] || undefined,
    expect: flags.expect,
    expectExisting: flags['expect-existing'] || undefined,
    output: flags.output,
    sandbox: flags.sandbox,
    resumeFrom: flags['resume-from'],
    localOnly: flags['local-only'] || undefined,
    allowNoChange: flags['allow-no-change'] || undefined,
    after: flags.after,
    afterAny: flags['after-any'],
    notBefore: dueMs === undefined ? undefined : new Date(dueMs).toISOString(),
    key: flags.key,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
};

const parseContext = (written: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    // Said below, as for JSON that is no object.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new KoubouError('usage', '--context is no JSON object. Nothing was added.', {
    hint: `Write it as --context '{"language": "ja"}'.`,
  });
};
