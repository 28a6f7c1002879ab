/**
 * Programs that the user's commands start by name, and those that the config names by their place, where they lie in a
 * folder that commands may write to: a PATH as npm makes it begins with `node_modules/.bin` of the project. What koubou starts
 * for itself is not looked for there (process/own-path.ts).
 */
import { lstat, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { findProgram } from '../process/find-program.ts';
import { isWithin } from '../text/is-within.ts';

/**
 * What of it must stay as it is: the folders of the PATH below `top`, `bins`, and the packages that the programs belong to.
 */
export const ownPrograms = async (
  top: string,
  { bins, path }: { bins: readonly string[]; path: string | undefined },
): Promise<string[]> => {
  const folders = (path ?? '').split(delimiter).filter(isAbsolute);
  const named = await Promise.all([...bins, 'node', 'git'].map((name) => findProgram(name, '/', path)));
  const programs = [...named, process.execPath].filter((program) => program !== undefined);
  const packages = (await Promise.all(programs.map(realOf))).map((program) => packageOf(program) ?? program);
  // Who works on koubou itself has it in no package.
  const koubou = process.argv[1] === undefined ? undefined : packageOf(await realOf(process.argv[1]));
  const links = await Promise.all(bins.filter(isAbsolute).map(folderOfLink));
  const kept = [...(await Promise.all(folders.map(placeOf))), ...packages, koubou, ...links];
  return [...new Set(kept)].filter(
    (each) => each !== undefined && each !== top && isWithin(each, top),
  ) as string[];
};

/** What the config names by its place, of all runners: none may be changed while another one's model works. */
export const placedPrograms = (runners: Readonly<Record<string, object>>): string[] =>
  Object.values(runners).flatMap((runner) =>
    'bin' in runner && typeof runner.bin === 'string' && isAbsolute(runner.bin) ? [runner.bin] : [],
  );

/** A link cannot be held itself, only the folder that it lies in. */
const folderOfLink = async (program: string): Promise<string | undefined> => {
  const isLink = (await lstat(program).catch(() => undefined))?.isSymbolicLink() === true;
  return isLink ? realOf(dirname(program)) : undefined;
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
