/**
 * Programs that koubou itself starts by name, with the rights of the user, where they lie in a folder that commands may
 * write to: a PATH as npm makes it begins with `node_modules/.bin` of the project.
 */
import { realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { findProgram } from '../process/find-program.ts';
import { isWithin } from '../text/is-within.ts';

/** What of it must stay as it is: the folders of the PATH below `top`, and the packages that the programs belong to. */
export const ownPrograms = async (
  top: string,
  { bin, path }: { bin: string; path: string | undefined },
): Promise<string[]> => {
  const folders = (path ?? '').split(delimiter).filter(isAbsolute);
  const named = await Promise.all([bin, 'node', 'git'].map((name) => findProgram(name, '/', path)));
  const programs = [...named, process.execPath].filter((program) => program !== undefined);
  const packages = (await Promise.all(programs.map(realOf))).map((program) => packageOf(program) ?? program);
  // Who works on koubou itself has it in no package.
  const koubou = process.argv[1] === undefined ? undefined : packageOf(await realOf(process.argv[1]));
  const kept = [...(await Promise.all(folders.map(placeOf))), ...packages, koubou];
  return [...new Set(kept)].filter(
    (each) => each !== undefined && each !== top && isWithin(each, top),
  ) as string[];
};

const realOf = (path: string): Promise<string> => realpath(path).catch(() => path);

/** npm names folders, too, that are not there: then the first that is missing, so that nobody makes it. */
const placeOf = async (folder: string): Promise<string | undefined> => {
  const real = await realpath(folder).catch(() => undefined);
  if (real !== undefined) return real;
  const above = await realpath(dirname(folder)).catch(() => undefined);
  if (above === undefined) return placeOf(dirname(folder));
  return MADE_BY_NPM.has(basename(folder)) ? join(above, basename(folder)) : undefined;
};

const MADE_BY_NPM: ReadonlySet<string> = new Set(['node_modules', '.bin']);

/** The package in `node_modules` that a program belongs to, with its neighbours of the same scope. */
const packageOf = (program: string): string | undefined => /^(.*\/node_modules\/[^/]+)\//.exec(program)?.[1];
