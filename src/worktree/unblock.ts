/** Links and pipes that an agent whose worker was killed left, or makes now, in the git folder of its worktree. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeOddEntries } from '../process/odd-entries.ts';
import { isTaskId } from '../task/id.ts';

/** A git that adds a worktree or removes a branch reads HEAD of each worktree there is, and waits at a pipe for ever. */
export const unblockWorktrees = async (gitFolder: string): Promise<void> => {
  const folder = join(gitFolder, 'worktrees');
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter(isTaskId)) await removeOddEntries(join(folder, name));
};
