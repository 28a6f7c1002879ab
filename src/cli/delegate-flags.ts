/** The flags of `koubou delegate`, and what they ask for. */
import { parseDueTime } from '../actions/due-time.ts';
import { type Fields, parseSettings } from '../actions/fields.ts';
import { KoubouError } from '../errors.ts';
import { boolean, duration, integer, repeatable, text } from './flags.ts';
import { readLabels } from './labels.ts';

export const delegateFlags = {
  type: text({ summary: 'general (the default), code or command.', helpValue: 'TYPE' }),
  file: repeatable({ summary: 'A file that goes with the prompt; - is stdin.', helpValue: 'F' }),
  'prompt-file': text({ summary: 'The prompt is in this file; - is stdin.', helpValue: 'F' }),
  wait: boolean({ summary: 'Wait for it and print the result.', aliases: ['sync'] }),
  'wait-timeout': duration({ summary: 'Wait no longer than this; the task goes on.', dependsOn: ['wait'] }),
  runner: text({ summary: 'What does it; by default as the config says.', helpValue: 'NAME' }),
  model: text({ summary: 'Which model does it.', helpValue: 'M' }),
  template: text({ summary: 'Which prompt template is put around it.', helpValue: 'NAME' }),
  system: text({ summary: 'Instructions in place of a template.', helpValue: 'TEXT' }),
  set: repeatable({ summary: 'A model option, such as temperature=0.7.', helpValue: 'K=V' }),
  context: text({ summary: 'Facts that go with the prompt: a JSON object.', helpValue: 'JSON' }),
  'local-only': boolean({ summary: 'It must not leave this machine.' }),
  check: text({ summary: 'A shell command that must end with 0 for the output to count.', helpValue: 'CMD' }),
  'check-outside': boolean({
    summary: 'The check runs with your rights, not in the sandbox that the work was done in.',
  }),
  schema: text({ summary: 'A JSON schema that the output has to fit.', helpValue: 'FILE' }),
  extract: text({ summary: 'The result is the code, or the json, in the answer.', helpValue: 'WHAT' }),
  expect: repeatable({ summary: 'Files that it must make or change, not empty.', helpValue: 'GLOB' }),
  'expect-existing': boolean({ summary: 'Expected files may be there already, and stay as they are.' }),
  output: text({ summary: 'Where the accepted output is written, too.', helpValue: 'FILE' }),
  'allow-no-change': boolean({ summary: 'A code task may leave everything as it was.' }),
  sandbox: text({
    summary: "What an agent's commands may touch: workspace-write, read-only.",
    helpValue: 'MODE',
  }),
  'resume-from': text({ summary: "Goes on with this task's conversation.", helpValue: 'TASK' }),
  worktree: boolean({ summary: 'In a git worktree of its own; `koubou apply` brings it over.' }),
  cwd: text({ summary: 'The folder it works in; by default this one.', helpValue: 'DIR' }),
  priority: integer({ summary: '1 to 10; 10 is most urgent.', min: 1, max: 10, helpValue: 'N' }),
  timeout: duration({ summary: 'For each attempt; 0 is no limit.' }),
  retries: integer({ summary: 'How often it is tried again.', min: 0, max: 100, helpValue: 'N' }),
  after: repeatable({ summary: 'Not before this task is completed.', helpValue: 'TASK' }),
  'after-any': repeatable({ summary: 'Not before this task has ended, however.', helpValue: 'TASK' }),
  in: duration({ summary: 'Not before so much time has passed.', exclusive: ['at'] }),
  at: text({ summary: 'Not before this time: 14:30, or ISO 8601.', helpValue: 'TIME' }),
  key: text({ summary: 'Given again, it adds nothing and names the task that exists.', helpValue: 'KEY' }),
  label: repeatable({ summary: 'A label to choose tasks by.', helpValue: 'K=V' }),
  each: text({
    summary: 'A task a file, with {file} {dir} {name} {stem} {ext} filled in.',
    helpValue: 'GLOB',
    exclusive: ['batch'],
  }),
  batch: text({
    summary: 'A task a line of JSON, with the names of these flags; - is stdin.',
    helpValue: 'FILE',
  }),
  'skip-existing': boolean({ summary: 'Leave out what has its output already.' }),
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
