/**
 * Ignored files of the repository that a worktree is given as links, because the work needs them (node_modules). They
 * are the user's own: what writes through a link changes them.
 */
import { lstat, readdir, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { git } from '../git/git.ts';
import { asBytes, asName, shownName, zeroEnded } from '../git/names.ts';
import { ownGit } from '../git/own-git.ts';
import { copyIndex } from '../git/own-index.ts';
import { type GitPlace } from '../git/place.ts';
import type { Repository } from '../git/repository/repository.ts';
import { folderWithin } from './folder-within.ts';
import { exists, ownGitFolder, type WorktreeRecord } from './record.ts';

/** Of `names`, those that are there and that git ignores. */
export const linkable = async (
  place: GitPlace,
  { repository, scratch, names }: { repository: Repository; scratch: string; names: readonly string[] },
): Promise<string[]> => {
  const there: string[] = [];
  for (const name of names) if (await exists(join(place.folder, name))) there.push(name);
  return there.length === 0 ? [] : ignoredOf(place, { repository, scratch, names: there });
};

/** Of `names`, those that git ignores. */
export const ignoredOf = async (
  place: GitPlace,
  { repository, scratch, names }: { repository: Repository; scratch: string; names: readonly string[] },
): Promise<string[]> => {
  const made = await ownGit(place, {
    path: scratch,
    repository,
    objects: { in: 'folder', folder: join(scratch, 'objects') },
  });
  const own = { ...made, folder: repository.top };
  const index = join(scratch, 'index');
  await copyIndex(join(repository.gitFolder, 'index'), index);
  const input = asBytes(names.map((name) => `${asName(name)}\0`).join(''));
  const { stdout } = await git(own, ['check-ignore', '-z', '--stdin'], {
    input,
    variables: { GIT_INDEX_FILE: index },
  });
  return zeroEnded(stdout).map(shownName);
};

export const makeLinks = async ({ repository, path, links }: WorktreeRecord): Promise<void> => {
  for (const name of links) {
    const parent = await folderWithin(path, dirname(name));
    if (parent !== undefined) await symlink(join(repository, name), join(parent, basename(name)));
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
