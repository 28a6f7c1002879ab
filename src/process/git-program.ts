/**
 * Which git is run. A PATH may hold folders that an agent writes to: a task's own `node_modules/.bin` (npx and npm scripts
 * put it there), `.`, a `bin` of the project. What lies there is the tree's, and is not run with the user's rights.
 */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, relative } from 'node:path';
import { findProgram } from './find-program.ts';

interface GitProgram {
  /** Absolute; plain `git` where there is none. */
  program: string;
  /** For git itself: what it starts is looked for there. */
  path: string;
}

const known = new Map<string, GitProgram>();
const MOST_KNOWN = 100;
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** `inside`: absolute folders of the work trees that others write to. */
export const gitProgram = async (
  path: string | undefined,
  inside: readonly string[],
): Promise<GitProgram> => {
  const key = [path ?? '', ...inside].join('\0');
  const before = known.get(key);
  if (before !== undefined) return before;
  const { outside, all } = await split(path ?? DEFAULT_PATH, inside);
  const program =
    (await findProgram('git', '/', outside)) ??
    // Whose only git lies below the folder has put it there: a home folder that is a work tree, with tools in it.
    (await findProgram('git', '/', all));
  if (program === undefined) return { program: 'git', path: outside };
  if (known.size >= MOST_KNOWN) known.clear();
  const found = { program, path: outside };
  known.set(key, found);
  return found;
};

const split = async (path: string, inside: readonly string[]): Promise<{ outside: string; all: string }> => {
  const absolute = path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !/\/node_modules\/\.bin\/*$/.test(folder));
  const trees = new Set((await Promise.all(inside.map(real))).map(outermost));
  const outside: string[] = [];
  for (const folder of absolute) {
    const found = await real(folder);
    if (![...trees].some((tree) => isWithin(tree, found))) outside.push(folder);
  }
  return { outside: outside.join(delimiter), all: absolute.join(delimiter) };
};

/** The outermost folder around `inside` that is a work tree, or has a home in it; else the folder itself. */
const outermost = (inside: string): string => {
  let found = inside;
  for (let folder = inside; dirname(folder) !== folder; folder = dirname(folder)) {
    if (['.git', '.koubou'].some((name) => existsSync(join(folder, name)))) found = folder;
  }
  return found;
};

const isWithin = (outer: string, path: string): boolean => {
  const between = relative(outer, path);
  return between !== '..' && !between.startsWith('../');
};

const real = (path: string): Promise<string> => realpath(path).catch(() => path);
