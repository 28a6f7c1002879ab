/** Agents have linked work trees in `.claude/worktrees`: projects of their own, of which nothing is obeyed from around. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readTextFile } from '../text/formats/read-text.ts';
import { isWithin } from '../text/is-within.ts';
import { OBEYED, REPOSITORIES } from './reserved-names.ts';
import { factsIfAny } from './walk.ts';

/** What agents and version control obey in a project. */
export const SETTINGS: ReadonlySet<string> = new Set([...OBEYED, ...REPOSITORIES]);

/** Whether it is one, wherever in `worktrees` of such settings: some keep them by repository. */
export const isWorktreeOfAgent = (folder: string): boolean => {
  for (let at = dirname(folder); at !== '/'; at = dirname(at))
    if (basename(at) === 'worktrees' && SETTINGS.has(basename(dirname(at))))
      return isWorktreeIn(folder, dirname(at));
  return false;
};

/** The same of settings of any name, as they may be reached by a link: of `path`, and the folders around it within them. */
export const liesInWorktree = (path: string, settings: string): boolean => {
  const worktrees = join(settings, 'worktrees');
  for (let folder = path; isWithin(folder, worktrees) && folder !== worktrees; folder = dirname(folder))
    if (isWorktreeIn(folder, settings)) return true;
  return false;
};

const isWorktreeIn = (folder: string, settings: string): boolean => {
  const common = repositoryOf(folder);
  return common !== undefined && !isWithin(common, settings);
};

export const isLinkedWorktree = (folder: string): boolean => repositoryOf(folder) !== undefined;

/**
 * The git folder of which it is a linked work tree, known by git's own record on both sides, as a submodule has a file `.git`, too, and
 * may lie at any path: the file names a folder in `worktrees` of a repository, and that names the file.
 */
const repositoryOf = (folder: string): string | undefined => {
  const record = linkedFrom(join(folder, '.git'));
  if (record === undefined || basename(dirname(record)) !== 'worktrees') return undefined;
  const common = real(dirname(dirname(record)));
  if (factsIfAny(join(common, 'HEAD')) === undefined || !isOwnGit(common)) return undefined;
  const named = resolve(record, firstLine(join(record, 'gitdir')) ?? '');
  return real(named) === real(join(folder, '.git')) ? common : undefined;
};

/** A clone cannot contain a `.git`. A git folder of another name, such as `.bare`, counts only if no other repository contains it. */
const isOwnGit = (common: string): boolean => {
  if (basename(common) === '.git') return true;
  for (let folder = dirname(common); ; folder = dirname(folder)) {
    const path = join(folder, '.git');
    if (factsIfAny(path) !== undefined) return real(linkedFrom(path) ?? path) === common;
    if (folder === '/') return true;
  }
};

/** A path in such a work tree, as seen from it; any other one as it is. */
export const withinWorktreeOfAgent = (path: string): string => {
  const at = /\/worktrees\//.test(path) ? path : '/';
  for (let folder = at; folder !== '/'; folder = dirname(folder))
    if (isWorktreeOfAgent(folder)) return path.slice(folder.length) || '/';
  return path;
};

/** The folder that a file `.git` names. */
const linkedFrom = (path: string): string | undefined => {
  const [, named] = /^gitdir: (.+)$/.exec(firstLine(path) ?? '') ?? [];
  return named === undefined ? undefined : resolve(dirname(path), named);
};

/** git writes a path of one line. */
const MOST_BYTES = 8192;

const firstLine = (path: string): string | undefined => {
  try {
    return readTextFile(path, { mostBytes: MOST_BYTES, follow: false }).split('\n')[0];
  } catch {
    return undefined;
  }
};

const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};
