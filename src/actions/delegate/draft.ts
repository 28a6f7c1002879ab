/** From what is asked for to the task that is added. Pure: whatever lies in files was read before. */
import { resolve } from 'node:path';
import type { App } from '../../app/app.ts';
import { KoubouError } from '../../errors.ts';
import { actionLine, field, say, type Words } from '../../say/say.ts';
import { shellQuote } from '../../say/shell-quote.ts';
import { type Fields, optionFields } from '../../task/fields/asked-task.ts';
import { EXTRACTS, SANDBOXES } from '../../task/fields/fields.ts';
import { kindOf, shortTypeList, typeNames } from '../../task/fields/types.ts';
import type { NewTask, TaskOptions } from '../../task/record.ts';
import { nearest } from '../../text/nearest.ts';

export interface DraftDefaults {
  /** Where the command was typed: what paths are relative to. */
  cwd: string;
  createdBy: string;
  /** For tasks that name none. */
  priority: number;
}

export const draftDefaults = ({
  cwd,
  caller,
  config,
}: Pick<App, 'cwd' | 'caller' | 'config'>): DraftDefaults => ({
  cwd,
  createdBy: caller.principal.name,
  priority: config.defaults.priority,
});

/**
 * `after` holds full ids, `schema` the schema itself, `prompt` the text. Throws `usage`. The files' sha256 is
 * left to whoever reads them.
 */
export const draftTask = (fields: Fields, defaults: DraftDefaults): NewTask => {
  const kind = typeOf(fields.type ?? 'general');
  const cwd = resolve(defaults.cwd, fields.cwd ?? '.');
  return {
    type: kind.type,
    prompt: kind.type === 'command' ? '' : promptOf(fields),
    command: commandOf(kind.type, fields),
    files: (fields.files ?? []).map((path) => ({ path: resolve(defaults.cwd, path), sha256: null })),
    context: fields.context ?? {},
    difficulty: fields.difficulty ?? null,
    cwd,
    priority: fields.priority ?? defaults.priority,
    labels: fields.labels ?? {},
    created_by: defaults.createdBy,
    sensitive: fields.sensitive ?? false,
    options: optionsOf(fields, kind.template, cwd),
    after: [...(fields.after ?? [])],
    // A conversation can be continued once it has ended.
    after_any: [
      ...new Set([
        ...(fields.afterAny ?? []),
        ...(fields.resumeFrom === undefined ? [] : [fields.resumeFrom]),
      ]),
    ],
    not_before: fields.notBefore ?? null,
    key: fields.key ?? null,
  };
};

export const typeOf = (written: string): NonNullable<ReturnType<typeof kindOf>> => {
  const kind = kindOf(written);
  if (kind) return kind;
  const guess = nearest(written, typeNames());
  throw usage(
    `'${written}' is no type of task.`,
    guess ? `Did you mean ${guess}?` : `Types: ${shortTypeList()}.`,
  );
};

const promptOf = ({ prompt, command }: Fields): string => {
  if (command !== undefined) {
    throw usage(
      'The words after -- are a program, and only a command task runs one.',
      say`Add ${field('type', 'command')}, or give the prompt before any --.`,
    );
  }
  if (prompt === undefined || prompt.trim() === '') {
    throw usage(
      prompt === undefined ? 'There is no prompt.' : 'The prompt is empty.',
      say`Say what is to be done: ${actionLine('delegate', 'Explain this', field('file', 'a.ts'))}`,
    );
  }
  refuseNul(prompt, 'The prompt');
  return prompt;
};

const commandOf = (type: NewTask['type'], { prompt, command }: Fields): string[] => {
  if (type !== 'command') return [];
  const hasPrompt = prompt !== undefined && prompt.trim() !== '';
  if (command === undefined || command.length === 0 || command[0] === '') {
    const script = hasPrompt ? shellQuote(prompt) : "'…'";
    throw usage(
      say`A command task runs ${field('command')}, and there are none.`,
      say`Write ${field('command', 'npm test')}, or for a shell's syntax ${field('command', `sh -c ${script}`)}`,
    );
  }
  if (hasPrompt) {
    throw usage('A command task takes no prompt.', 'Put all of the program behind the --.');
  }
  for (const word of command) refuseNul(word, 'A word of the command');
  return [...command];
};

const optionsOf = (fields: Fields, template: string | undefined, cwd: string): TaskOptions => {
  if (fields.checkOutside === true) refuseOutside(fields);
  if (fields.expectExisting === true && fields.expect === undefined) {
    throw usage(
      say`${field('expect_existing')} says which expected files count, and there are none.`,
      say`Add ${field('expect', 'GLOB')}.`,
    );
  }
  const options: TaskOptions = {
    ...optionFields(fields),
    template: fields.template ?? template,
    extract: fields.extract === undefined ? undefined : extractNamed(fields.extract),
    expect: fields.expect?.map((pattern) => decodable(pattern, say`${field('expect', `'${pattern}'`)}`)),
    output: fields.output === undefined ? undefined : outputPath(fields.output, cwd),
    sandbox: fields.sandbox === undefined ? undefined : sandboxOf(fields.sandbox),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
};

/** What the worker finds out of the rest, it refuses in the same way. */
const refuseOutside = ({ check, localOnly, sensitive }: Fields): void => {
  if (check === undefined) {
    throw usage(
      say`${field('check_outside')} says where a check runs, and there is none.`,
      say`Add ${field('check', 'CMD')}.`,
    );
  }
  if (localOnly !== true && sensitive !== true) return;
  throw new KoubouError(
    'not_local',
    'The task must stay on this machine, and a check outside the sandbox reaches any network; it was not added.',
    { hint: say`Delegate it without ${field('check_outside')}.` },
  );
};

const extractNamed = (written: string): NonNullable<TaskOptions['extract']> => {
  const found = EXTRACTS.find((each) => each === written);
  if (found !== undefined) return found;
  throw usage(`'${written}' cannot be extracted.`, `Of an answer can be taken: ${EXTRACTS.join(', ')}.`);
};

const sandboxOf = (written: string): NonNullable<TaskOptions['sandbox']> => {
  const found = SANDBOXES.find((each) => each === written);
  if (found !== undefined) return found;
  throw usage(`'${written}' is no sandbox.`, `Sandboxes: ${SANDBOXES.join(', ')}.`);
};

const outputPath = (written: string, cwd: string): string => {
  if (written.trim() !== '' && !written.endsWith('/')) {
    return resolve(cwd, decodable(written, say`${field('output', `'${written}'`)}`));
  }
  throw usage(
    say`${field('output', `'${written}'`)} names no file.`,
    'Name the file that the result goes to.',
  );
};

/** Node gives bytes that are not UTF-8 as U+FFFD: another file would be meant. */
const decodable = (name: string, what: Words): string => {
  if (!name.includes('\uFFFD')) return name;
  throw usage(
    say`${what} is not UTF-8, so no task can name it.`,
    'Choose a name, or a pattern with * in that place.',
  );
};

/** A program's arguments, file names and most models end at a zero byte: it would be lost, or worse. */
const refuseNul = (text: string, what: string): void => {
  if (!text.includes('\0')) return;
  throw usage(
    `${what} holds a zero byte, so it is no text.`,
    'Take it out, or give a file that a program can read by its path.',
  );
};

const usage = (message: Words, hint: Words): KoubouError =>
  new KoubouError('usage', say`${message} Nothing was added.`, { hint });
