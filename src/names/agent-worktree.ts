/** Agents have linked work trees in `.claude/worktrees`: projects of their own, of which nothing is obeyed from around. */
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { OBEYED, REPOSITORIES } from './reserved-names.ts';

/** What agents and version control obey in a project. */
export const SETTINGS: ReadonlySet<string> = new Set([...OBEYED, ...REPOSITORIES]);

/**
 * Known by git's own record on both sides, as a submodule has a file `.git`, too, and may lie at any path: the file names a folder
 * in `worktrees` of the repository around, and that names the file.
 */
export const isWorktreeOfAgent = (folder: string): boolean => {
  if (basename(dirname(folder)) !== 'worktrees') return false;
  const settings = dirname(dirname(folder));
  if (!SETTINGS.has(basename(settings))) return false;
  const record = linkedFrom(join(folder, '.git'));
  const common = gitFolderAround(dirname(settings));
  if (record === undefined || common === undefined) return false;
  return (
    real(dirname(record)) === real(join(common, 'worktrees')) &&
    real(resolve(record, firstLine(join(record, 'gitdir')) ?? '')) === real(join(folder, '.git'))
  );
};

/** A path in such a work tree, as seen from it; any other one as it is. */
export const withinWorktreeOfAgent = (path: string): string => {
  const at = /\/worktrees\//.test(path) ? path : '/';
  for (let folder = at; folder !== '/'; folder = dirname(folder))
    if (isWorktreeOfAgent(folder)) return path.slice(folder.length) || '/';
  return path;
};

/** That of all work trees of the repository; undefined: there is none. */
const gitFolderAround = (top: string): string | undefined => {
  for (let folder = top; ; folder = dirname(folder)) {
    const path = join(folder, '.git');
    const facts = factsOf(path);
    if (facts?.isDirectory() === true) return path;
    if (facts !== undefined) {
      const own = linkedFrom(path);
      return own === undefined ? undefined : resolve(own, firstLine(join(own, 'commondir')) ?? '.');
    }
    if (folder === '/') return undefined;
  }
};

/** The folder that a file `.git` names. */
const linkedFrom = (path: string): string | undefined => {
  const [, named] = /^gitdir: (.+)$/.exec(firstLine(path) ?? '') ?? [];
  return named === undefined ? undefined : resolve(dirname(path), named);
};

/** git writes a path of one line. */
const MOST_BYTES = 8192;

const firstLine = (path: string): string | undefined => {
  const facts = factsOf(path);
  if (facts?.isFile() !== true || facts.size > MOST_BYTES) return undefined;
  try {
    return readFileSync(path, 'utf8').split('\n')[0];
  } catch {
    return undefined;
  }
};

const factsOf = (path: string) => {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
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
