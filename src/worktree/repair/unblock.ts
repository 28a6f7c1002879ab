/** What stops other gits at worktrees of koubou's: links and pipes that an agent left, and worktrees that are half there. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { clearHalfWorktree } from '../../git/repository/half-worktree.ts';
import { removeOddEntries } from '../../git/repository/odd-entries.ts';
import { runNamed } from '../record.ts';

/** A git that adds a worktree or removes a branch reads HEAD of each worktree there is, and waits at a pipe for ever. */
export const unblockWorktrees = async (gitFolder: string): Promise<void> => {
  const folder = join(gitFolder, 'worktrees');
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => runNamed(each) !== undefined)) {
    await removeOddEntries(join(folder, name));
    await clearHalfWorktree(name, gitFolder);
  }
};
