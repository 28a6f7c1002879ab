/**
 * Removes the branch of a task as git does it, but by hand: a git that is killed at `branch -D` leaves locks that name
 * nobody (of the branch, of packed-refs, of the config), and nobody may remove those. Here no lock is needed but where
 * the branch is packed, and that one names its holder.
 */
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { git } from '../git/git.ts';
import { readGitFile } from '../git/own-index.ts';
import { type GitPlace } from '../git/place.ts';
import { removeTree } from '../names/remove-tree.ts';
import { syncAll } from '../process/sync.ts';
import { holdingLock, removeDead } from './apply/index-lock.ts';
import type { WorktreeRecord } from './record.ts';

/** Throws `conflict` where somebody is at work on it. */
export const removeBranch = async (
  { git_folder, branch }: WorktreeRecord,
  environment: Readonly<Record<string, string>>,
): Promise<void> => {
  const place = { folder: git_folder, environment };
  const name = `refs/heads/${branch}`;
  if (!(await isOfFiles(git_folder))) return removeByGit(place, branch);
  const user = await userOf(git_folder, branch);
  if (user !== undefined) throw keptFor(`it is checked out, or being worked on, in ${user}`);
  await removeFromPacked(git_folder, name);
  const path = join(git_folder, ...name.split('/'));
  // Left by a git that was killed; nobody else's, as the branch is the task's own.
  const log = join(git_folder, 'logs', ...name.split('/'));
  for (const each of [`${path}.lock`, path, log]) {
    await removeTree(each, { from: git_folder }).catch((error: unknown) => {
      if (systemCode(error) === 'ENOTDIR')
        throw keptFor(`a link, or a file, lies on the way to ${each}`, 'Put a folder in its place');
      throw error;
    });
  }
  await syncAll([dirname(path)]);
  const settings = (await readGitFile(join(git_folder, 'config')))?.bytes.toString('utf8') ?? '';
  const section = `branch.${branch}`;
  if (settings.includes(`"${branch}"`))
    await git(place, ['config', '--remove-section', section], { alone: true });
};

const keptFor = (why: string, cure = 'Check out another branch there'): KoubouError =>
  new KoubouError('conflict', `The worktree is removed, but git keeps its branch: ${why}.`, {
    hint: `${cure}, then discard again.`,
  });

/** Else branches lie in tables (reftable), which only git knows. */
const isOfFiles = async (gitFolder: string): Promise<boolean> =>
  (await readdir(join(gitFolder, 'reftable')).catch(() => undefined)) === undefined;

const removeByGit = async (place: GitPlace, branch: string): Promise<void> => {
  const { code, stderr } = await git(place, ['branch', '-D', branch], { alone: true });
  const isThere = ['show-ref', '--verify', '--quiet', `refs/heads/${branch}`];
  if (code !== 0 && (await git(place, isThere)).code === 0) throw keptFor(stderr);
};

/** Where the steps of a work tree name a branch, and how. */
const NAMED_IN: readonly [file: string, before: string][] = [
  ['HEAD', 'ref: refs/heads/'],
  ['rebase-merge/head-name', 'refs/heads/'],
  ['rebase-apply/head-name', 'refs/heads/'],
  ['BISECT_START', ''],
];

/** The git folder of a work tree that has the branch checked out, or comes back to it. */
const userOf = async (gitFolder: string, branch: string): Promise<string | undefined> => {
  const linked = await readdir(join(gitFolder, 'worktrees')).catch(() => []);
  for (const folder of [gitFolder, ...linked.map((name) => join(gitFolder, 'worktrees', name))]) {
    for (const [file, before] of NAMED_IN) {
      const said = (await readGitFile(join(folder, file)))?.bytes.toString('utf8').trimEnd();
      if (said === `${before}${branch}`) return folder;
    }
  }
  return undefined;
};

/** Where `git gc` has put it. The rest stays, byte for byte. */
const removeFromPacked = async (gitFolder: string, name: string): Promise<void> => {
  const path = join(gitFolder, 'packed-refs');
  await removeDead(path);
  if ((await without(path, name)) === undefined) return;
  await holdingLock(path, 'the branch was not removed', async () => {
    const rest = await without(path, name);
    if (rest === undefined) return;
    const half = `${path}.koubou`;
    await rm(half, { force: true });
    const file = await open(half, 'wx', 0o644);
    try {
      await file.writeFile(rest);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(half, path);
  });
};

/** undefined: it is not in there. */
const without = async (path: string, name: string): Promise<string | undefined> => {
  const text = (await readGitFile(path))?.bytes.toString('latin1') ?? '';
  const lines = text.split('\n');
  const rest = lines.filter((line) => line.startsWith('#') || line.slice(line.indexOf(' ') + 1) !== name);
  return rest.length === lines.length ? undefined : rest.join('\n');
};
