/** One task for each of many files: `{file}` and its like are filled in. Pure. */
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { KoubouError } from '../errors.ts';
import type { NewTask } from '../task/record.ts';
import { typeOf } from './draft.ts';
import type { Fields } from './fields.ts';
import { shellQuote } from './shell-quote.ts';

const PLACEHOLDER = /\{(file|dir|name|stem|ext)\}/g;
const SHELLS = /^(ba|da|z|k|a)?sh$/;

type Values = Readonly<Record<string, string>>;

/**
 * `paths` are absolute, `cwd` is where the command was typed. Names are filled in as they are seen from the
 * task's own folder. Throws `usage` where a name would become part of a shell's program.
 */
export const expandEach = (fields: Fields, paths: readonly string[], cwd: string): Fields[] => {
  const isCommand = typeOf(fields.type ?? 'general').type === 'command';
  refuseInShellProgram(fields.command ?? []);
  const home = resolve(cwd, fields.cwd ?? '.');
  return paths.map((path) => {
    const values = valuesOf(path, home);
    const fill = (text: string) => text.replace(PLACEHOLDER, (_, name: string) => values[name] ?? '');
    const quoted = (text: string) =>
      text.replace(PLACEHOLDER, (_, name: string) => shellQuote(values[name] ?? ''));
    return {
      ...fields,
      files: isCommand ? fields.files : [path, ...(fields.files ?? [])],
      prompt: mapped(fields.prompt, fill),
      command: fields.command?.map(fill),
      output: mapped(fields.output, fill),
      expect: fields.expect?.map(fill),
      check: mapped(fields.check, quoted),
      // One key for all would make every task but the first a conflict.
      key: mapped(fields.key, (key) => `${key}:${values['file']}`),
    };
  });
};

const mapped = (text: string | undefined, change: (text: string) => string): string | undefined =>
  text === undefined ? undefined : change(text);

const valuesOf = (path: string, cwd: string): Values => {
  const file = relative(cwd, path);
  const ext = extname(file);
  return {
    // A program would take a leading - for an option.
    file: file.startsWith('-') ? `./${file}` : file,
    dir: dirname(file),
    name: basename(file),
    stem: basename(file, ext),
    ext: ext.slice(1),
  };
};

/** A file's name may hold anything, `$(…)` too; a word of its own cannot harm, a piece of a script can. */
const refuseInShellProgram = (command: readonly string[]): void => {
  const [program = ''] = command;
  if (!SHELLS.test(basename(program))) return;
  const at = command.findIndex((word) => /^-[a-z]*c$/.test(word));
  const script = at === -1 ? undefined : command[at + 1];
  if (script?.match(PLACEHOLDER) == null) return;
  throw new KoubouError(
    'usage',
    "A file's name cannot be put into the program of a shell: it may hold anything. Nothing was added.",
    { hint: `Pass it as an argument: -- ${program} -c '… "$1"' ${program} {file}` },
  );
};

/** Two tasks that write one file: the second result would silently replace the first. Throws `usage`. */
export const refuseEqualOutputs = (tasks: readonly NewTask[]): void => {
  const seen = new Set<string>();
  for (const { options } of tasks) {
    if (options.output === undefined) continue;
    if (seen.has(options.output)) {
      throw new KoubouError('usage', `Two tasks would write ${options.output}. Nothing was added.`, {
        hint: 'Let the names differ, as with --output "out/{dir}/{stem}.txt".',
      });
    }
    seen.add(options.output);
  }
};
