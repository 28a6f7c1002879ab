/** Agents have linked work trees in `.claude/worktrees`: projects of their own, of which nothing is obeyed from around. */
import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OBEYED, REPOSITORIES } from './reserved-names.ts';

/** What agents and version control obey in a project. */
export const SETTINGS: ReadonlySet<string> = new Set([...OBEYED, ...REPOSITORIES]);

export const isWorktreeOfAgent = (folder: string): boolean =>
  basename(dirname(folder)) === 'worktrees' &&
  SETTINGS.has(basename(dirname(dirname(folder)))) &&
  isFile(join(folder, '.git'));

/** A path in such a work tree, as seen from it; any other one as it is. */
export const withinWorktreeOfAgent = (path: string): string => {
  const at = /\/worktrees\//.test(path) ? path : '/';
  for (let folder = at; folder !== '/'; folder = dirname(folder))
    if (isWorktreeOfAgent(folder)) return path.slice(folder.length) || '/';
  return path;
};

const isFile = (path: string): boolean => {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
};
