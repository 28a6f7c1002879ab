/**
 * Ignored files of the repository that a worktree is given as links, because the work needs them (node_modules). They
 * are the user's own: what writes through a link changes them.
 */
import { lstat, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asBytes, asName, type GitPlace, git, shownName, zeroEnded } from '../process/git.ts';
import { exists, ownGitFolder, type WorktreeRecord } from './record.ts';

/** Of `names`, those that are there and that git ignores. */
export const linkable = async (place: GitPlace, names: readonly string[]): Promise<string[]> => {
  const there: string[] = [];
  for (const name of names) if (await exists(join(place.folder, name))) there.push(name);
  if (there.length === 0) return [];
  const input = asBytes(there.map((name) => `${asName(name)}\0`).join(''));
  const { stdout } = await git(place, ['check-ignore', '-z', '--stdin'], { input });
  return zeroEnded(stdout).map(shownName);
};

export const makeLinks = async ({ repository, path, links }: WorktreeRecord): Promise<void> => {
  for (const name of links) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await symlink(join(repository, name), join(path, name));
  }
};

/** git takes a link for a new file, as `node_modules/` in a .gitignore is for folders only. */
export const removeLinks = async ({ path, links }: WorktreeRecord): Promise<void> => {
  for (const name of links) {
    const facts = await lstat(join(path, name)).catch(() => undefined);
    if (facts?.isSymbolicLink()) await rm(join(path, name));
  }
};

const MOST_LOOKED_AT = 20_000;

/**
 * What was changed behind the links since the worktree was made, by whomever: names in the repository, where a folder
 * stands for what is gone from it. Of more than 20,000 files not all are looked at.
 */
export const changedBehindLinks = async (record: WorktreeRecord): Promise<string[]> => {
  const { repository, links } = record;
  if (links.length === 0) return [];
  // A file's time, because the clock of files is some milliseconds late.
  const made = await lstat(join(ownGitFolder(record), 'commondir')).catch(() => undefined);
  const sinceMs = made?.ctimeMs ?? Number.POSITIVE_INFINITY;
  const names = [...links];
  const changed: string[] = [];
  for (let at = 0; at < names.length && at < MOST_LOOKED_AT; at += 1) {
    const name = names[at] ?? '';
    const path = join(repository, name);
    const facts = await lstat(path).catch(() => undefined);
    if (facts === undefined || facts.ctimeMs >= sinceMs) changed.push(name);
    if (!facts?.isDirectory()) continue;
    for (const inner of await readdir(path).catch(() => [])) names.push(join(name, inner));
  }
  return changed;
};
