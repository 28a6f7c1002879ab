/**
 * Programs that the user's commands start by name, and those that the config names by their place, where they lie in a
 * folder that commands may write to: a PATH as npm makes it begins with `node_modules/.bin` of the project. What koubou starts
 * for itself is not looked for there (process/programs/own-path.ts).
 */
import { realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { type LookBounds, ledTo } from '../../names/led-to.ts';
import { findProgram } from '../../process/programs/find-program.ts';
import { isWithin } from '../../text/is-within.ts';

/**
 * What of it must stay as it is: the folders of the PATH below `top`, `bins`, the packages that the programs belong to,
 * and the folders of the links that lead to them. Throws KoubouError `not_allowed` where such a link lies in `top` itself, which
 * nothing can hold.
 */
export const ownPrograms = async (
  top: string,
  { bins, path }: { bins: readonly string[]; path: string | undefined },
): Promise<string[]> => {
  const folders = (path ?? '').split(delimiter).filter(isAbsolute);
  // By its place it is one also where it cannot be started by itself, as a script that an interpreter is given.
  const placeNamed = async (name: string): Promise<string | undefined> =>
    isAbsolute(name) ? name : findProgram(name, '/', path);
  const named = await Promise.all([...bins, 'node', 'git'].map(placeNamed));
  const programs = [...named, process.execPath].filter((program) => program !== undefined);
  const packages = (await Promise.all(programs.map(realOf))).map((program) => packageOf(program) ?? program);
  // Who works on koubou itself has it in no package.
  const koubou = process.argv[1] === undefined ? undefined : packageOf(await realOf(process.argv[1]));
  const placed = bins.filter(isAbsolute);
  const { links, passed } = ledTo(placed, PROGRAM_BOUNDS);
  const open = links.find((link) => dirname(link) === top);
  if (open !== undefined) {
    const program = placed.find((bin) => ledTo([bin], PROGRAM_BOUNDS).links.includes(open)) ?? open;
    throw turnable(top, open, await realOf(program));
  }
  // A link cannot be held itself, only the folder that it lies in.
  const linked = [...links.map((link) => dirname(link)), ...passed];
  const kept = [...(await Promise.all(folders.map(placeOf))), ...packages, koubou, ...linked];
  return [...new Set(kept)].filter(
    (each) => each !== undefined && each !== top && isWithin(each, top),
  ) as string[];
};

/** Nothing below it. */
export const PROGRAM_BOUNDS: LookBounds = { folders: 0, entries: 0, depth: 0, steps: 200_000 };

/** The packages around a folder whose programs the config names by their place. */
export const packagesAround = async (cwd: string, programs: readonly string[]): Promise<string[]> => {
  const packages = (await Promise.all(programs.map(realOf))).flatMap((program) => packageOf(program) ?? []);
  return packages.filter((each) => isWithin(cwd, each));
};

const turnable = (top: string, link: string, program: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `No program of a sandbox may work in ${top}: it could turn round the link ${link}, by which a config names a program.`,
    { hint: `In the config write the place of the program itself: ${program}` },
  );

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
export const packageOf = (program: string): string | undefined =>
  /^(.*\/node_modules\/[^/]+)\//.exec(program)?.[1];
