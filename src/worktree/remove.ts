/** The end of a worktree: its folder, git's own record of it, and its branch. */
import { rm } from 'node:fs/promises';
import { KoubouError } from '../errors.ts';
import { git } from '../process/git.ts';
import { removeLinks } from './links.ts';
import { exists, forgetWorktree, ownGitFolder, type WorktreeRecord } from './record.ts';

type Environment = Readonly<Record<string, string>>;

/** Whether it was removed: not while it holds anything that is in no commit. */
export const removeIfClean = async (record: WorktreeRecord, environment: Environment): Promise<boolean> => {
  if (await exists(record.path)) {
    await removeLinks(record);
    const place = { folder: record.path, gitFolder: ownGitFolder(record), environment };
    const status = await git(place, ['status', '--porcelain', '--untracked-files=normal']);
    if (status.code !== 0 || status.stdout.length > 0) return false;
  }
  await removeFolders(record);
  return true;
};

/**
 * Removes the worktree, its branch and what is known of it, also where the repository has gone. Throws `usage` where the
 * branch cannot be removed; then it can be tried again.
 */
export const discardWorktree = async (
  home: string,
  record: WorktreeRecord,
  environment: Environment,
): Promise<void> => {
  await removeFolders(record);
  // What an apply that was killed left.
  await rm(`${record.path}.apply`, { recursive: true, force: true });
  const place = { folder: record.git_folder, environment };
  const { code, stderr } = await git(place, ['branch', '-D', record.branch]);
  const isThere = ['show-ref', '--verify', '--quiet', `refs/heads/${record.branch}`];
  if (code !== 0 && (await git(place, isThere)).code === 0) {
    throw new KoubouError('usage', `The worktree is removed, but git keeps its branch: ${stderr}`, {
      hint: 'Check out another branch there, then discard again.',
    });
  }
  await forgetWorktree(home, record.task_id);
};

/**
 * By hand: `git worktree remove` knows nothing of one that was half made when its git was killed, and one that is half
 * there stops the user's own git commands.
 */
export const removeFolders = async (record: WorktreeRecord): Promise<void> => {
  await rm(record.path, { recursive: true, force: true, maxRetries: 3 });
  await rm(ownGitFolder(record), { recursive: true, force: true, maxRetries: 3 });
};
