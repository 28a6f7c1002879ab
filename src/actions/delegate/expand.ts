/** One task for each of many files: `{file}` and its like are filled in. Pure. */
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { field, say } from '../../say/say.ts';
import type { Fields } from '../../task/fields/asked-task.ts';
import type { NewTask } from '../../task/record.ts';
import { isWithin } from '../../text/is-within.ts';
import { programHolder } from '../callers/program-words.ts';
import { fillProgram, NoPlaceForName } from '../callers/shell-program.ts';
import { typeOf } from './draft.ts';
import { filled, hasPlaceholder, PLACEHOLDER, type Values } from './placeholders.ts';

export interface Expanded extends Fields {
  /** Absolute: what the names that were filled into `output` may not lead out of. */
  outputWithin?: string;
}

/**
 * `paths` are absolute, `cwd` is where the command was typed. Names are filled in as they are seen from the
 * task's own folder. Throws `usage` where a name would become part of a shell's program, or lead --output out of the
 * folder that was written in it.
 */
export const expandEach = (fields: Fields, paths: readonly string[], cwd: string): Expanded[] => {
  const isCommand = typeOf(fields.type ?? 'general').type === 'command';
  refuseInProgram(fields.command ?? []);
  const folder = resolve(cwd, fields.cwd ?? '.');
  return paths.map((path) => {
    const values = valuesOf(path, folder);
    const fill = (text: string) => filled(text, values);
    return {
      ...fields,
      files: isCommand ? fields.files : [path, ...(fields.files ?? [])],
      prompt: mapped(fields.prompt, fill),
      command: fields.command?.map(fill),
      ...outputOf(fields.output, { path, folder, fill }),
      expect: fields.expect?.map(fill),
      check: mapped(fields.check, (check) => checkOf(check, values)),
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
    dir: dirname(file).startsWith('-') ? `./${dirname(file)}` : dirname(file),
    name: basename(file),
    stem: basename(file, ext),
    ext: ext.slice(1),
  };
};

interface Filling {
  path: string;
  folder: string;
  fill: (text: string) => string;
}

/** Beside the file, where the output begins with the file's own folder; else below what is written before the names. */
const outputOf = (
  output: string | undefined,
  { path, folder, fill }: Filling,
): Pick<Expanded, 'output' | 'outputWithin'> => {
  if (output === undefined) return {};
  if (!hasPlaceholder(output)) return { output };
  const before = output.slice(0, output.search(PLACEHOLDER));
  const fixed = resolve(folder, before.slice(0, before.lastIndexOf('/') + 1));
  const isBeside = /^(\.\/+)*\{(file|dir)\}/.test(output);
  const target = resolve(folder, fill(output));
  const within = [fixed, ...(isBeside ? [dirname(path)] : [])].find((each) => isWithin(target, each));
  if (within !== undefined && within !== target) return { output: fill(output), outputWithin: within };
  throw new KoubouError(
    'usage',
    say`${field('output', `'${output}'`)} would lead out of ${fixed} for ${path}, to ${target}. Nothing was added.`,
    {
      hint: say`Use {name} or {stem}, which hold no folder, or choose another folder to work in with ${field('cwd')}.`,
    },
  );
};

const checkOf = (check: string, values: Values): string => {
  try {
    return fillProgram(check, values);
  } catch (error) {
    if (!(error instanceof NoPlaceForName)) throw error;
    throw new KoubouError(
      'usage',
      `A file's name cannot be put into ${error.message}: it may hold anything. Nothing was added.`,
      {
        hint: say`Pass it as an argument: ${field('check', `'sh -c "… \\"\\$1\\"" sh {file}'`)}, or write "$KOUBOU_FILE".`,
        cause: error,
      },
    );
  }
};

/** A file's name may hold anything, `$(…)` too; a word of its own cannot harm, a piece of a program can. */
const refuseInProgram = (command: readonly string[]): void => {
  const holder = programHolder(command.map((text) => ({ text, said: text, holds: hasPlaceholder(text) })));
  if (holder === undefined) return;
  throw new KoubouError(
    'usage',
    `A file's name cannot be put into the program of a shell or the like (${holder}): it may hold anything. Nothing was added.`,
    { hint: say`Pass it as an argument: ${field('command', `sh -c '… "$1"' sh {file}`)}` },
  );
};

/** Two tasks that write one file: the second result would silently replace the first. Throws `usage`. */
export const refuseEqualOutputs = (tasks: readonly NewTask[]): void => {
  const seen = new Set<string>();
  for (const { options, places } of tasks) {
    if (options.output === undefined) continue;
    const place = places?.[options.output] ?? options.output;
    if (seen.has(place)) {
      throw new KoubouError('usage', `Two tasks would write ${options.output}. Nothing was added.`, {
        hint: say`Let the names differ, as with ${field('output', '"out/{dir}/{stem}.txt"')}.`,
      });
    }
    seen.add(place);
  }
};
