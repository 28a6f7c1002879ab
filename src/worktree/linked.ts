/**
 * git's own record of a worktree (`.git/worktrees/NAME`). git writes its files one by one in place, and where it is killed
 * meanwhile, or the power fails, every git of the user's ends with an error. So it is made whole and synced beside, then
 * renamed into place, and taken away in the opposite order.
 */
import { renameSync } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { git, gitOutput } from '../git/git.ts';
import { type GitPlace } from '../git/place.ts';
import { Folder } from '../names/folder.ts';
import { removeTree } from '../names/remove-tree.ts';
import { lostLease } from '../process/lease.ts';
import { syncAll } from '../process/sync.ts';
import { action, field, say } from '../say/say.ts';
import { nameOf, ownGitFolder, type WorktreeRecord } from './record.ts';

/** Makes the folder of the worktree and git's record of it, at the commit `record.base`, without any file. */
export const makeLinked = async (place: GitPlace, record: WorktreeRecord): Promise<void> => {
  const { git_folder, path, base } = record;
  const own = ownGitFolder(record);
  if (await needsGit(place)) {
    const add = ['worktree', 'add', '--quiet', '--no-checkout', '--force', '--detach'];
    await gitOutput(place, [...add, path, base]);
    await requireIn(git_folder, own);
    return;
  }
  await mkdir(path);
  await writeFile(join(path, '.git'), `gitdir: ${own}\n`, { flag: 'wx' });
  const half = halfOf(git_folder, nameOf(record));
  await removeTree(half);
  await mkdir(half);
  // An agent that works in the repository may put a link in its place at any time.
  const made = Folder.open(join(await realpath(git_folder), basename(half)));
  try {
    const files = { HEAD: `${base}\n`, commondir: '../..\n', gitdir: `${join(path, '.git')}\n` };
    for (const [name, text] of Object.entries(files)) await writeFile(made.at(name), text, { flag: 'wx' });
    await syncAll([...Object.keys(files).map((name) => made.at(name)), made.at('.')]);
    const all = join(git_folder, 'worktrees');
    await mkdir(all).catch(unless('EEXIST'));
    if (!(await lstat(all)).isDirectory()) throw isElsewhere(all);
    const lost = lostLease(place.leaseFolder);
    if (lost !== undefined) {
      // A successor looked for them before they were there, and git may know of no worktree without its folder.
      for (const each of [half, path]) await removeTree(each);
      throw lost;
    }
    renameSync(half, own);
    if (!made.isAt(own)) {
      await rename(own, half);
      throw new KoubouError(
        'git_killed',
        `${half} was replaced by something else while koubou made a worktree.`,
        {
          hint: say`A program that works in the repository does that: look at ${action('list', field('status', 'processing'))}.`,
        },
      );
    }
    await syncAll([all, git_folder]);
  } finally {
    made.close();
  }
};

/** Throws `conflict` where git, which follows links, made its record elsewhere. */
const requireIn = async (gitFolder: string, own: string): Promise<void> => {
  const [place, real] = await Promise.all([realpath(gitFolder), realpath(own)]);
  if (real !== join(place, relative(gitFolder, own))) throw isElsewhere(dirname(own));
};

const isElsewhere = (all: string): KoubouError =>
  new KoubouError('conflict', `${all} is a link, and git's records of worktrees would lie elsewhere.`, {
    hint: say`Remove it where you did not make it, or delegate without ${field('worktree')}.`,
  });

/** Of each worktree that `isGone` names, and of what a koubou that was killed left beside. No git finds a part of one. */
export const removeLinked = async (gitFolder: string, isGone: (name: string) => boolean): Promise<void> => {
  const linked = join(gitFolder, 'worktrees');
  const isLink = (await lstat(linked).catch(() => undefined))?.isSymbolicLink() ?? false;
  for (const name of isLink ? [] : (await readdir(linked).catch(() => [])).filter(isGone)) {
    const half = halfOf(gitFolder, name);
    await removeTree(half);
    await rename(join(linked, name), half).catch(unless('ENOENT'));
  }
  await removeHalves(gitFolder, isGone);
};

/** What a koubou that was killed left beside, while it made or removed a worktree. */
export const removeHalves = async (gitFolder: string, isGone: (name: string) => boolean): Promise<void> => {
  const halves = (await readdir(gitFolder).catch(() => [])).filter((name) => name.startsWith(HALF));
  for (const name of halves.filter((each) => isGone(each.slice(HALF.length)))) {
    await removeTree(join(gitFolder, name));
  }
};

/** Before the name of a worktree: its record in git's folder while it is made or removed. */
const HALF = 'koubou-';

const halfOf = (gitFolder: string, name: string): string => join(gitFolder, `${HALF}${name}`);

/** What changes nothing in how a worktree is kept. */
const HARMLESS =
  /^extensions\.(?:objectformat|compatobjectformat|partialclone|noop|preciousobjects) |\.refstorage files$/;

/** Where a repository keeps its refs in a table, or settings for each worktree, git alone knows how. */
const needsGit = async (place: GitPlace): Promise<boolean> => {
  const { stdout } = await git(place, ['config', '--get-regexp', '^extensions\\.']);
  const lines = stdout.toString('utf8').toLowerCase().split('\n');
  return lines.some((line) => line !== '' && !HARMLESS.test(line));
};

const unless =
  (code: string) =>
  (error: unknown): void => {
    if (systemCode(error) !== code) throw error;
  };
