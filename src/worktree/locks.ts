/** Locks that a git leaves which is killed, and at which every later one gives up. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import type { Lease } from '../process/lease.ts';
import { ownGitFolder, type WorktreeRecord } from './record.ts';

/**
 * After an act whose git was killed its locks are removed: they are of names that are the task's own, so no other git has
 * them while the task is held.
 */
export const leavingNoLocks = async <T>(
  record: WorktreeRecord,
  lease: Pick<Lease, 'assertOwned'>,
  act: () => Promise<T>,
): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    if (error instanceof KoubouError && error.code === 'git_killed') {
      await lease.assertOwned();
      await removeLocks(record);
    }
    throw error;
  }
};

/** The branch's, and those of the worktree's own git folder. */
export const removeLocks = async (record: WorktreeRecord): Promise<void> => {
  const own = ownGitFolder(record);
  const names = (await readdir(own).catch(() => [])).filter((name) => name.endsWith('.lock'));
  await rm(join(record.git_folder, 'refs', 'heads', `${record.branch}.lock`), { force: true });
  for (const name of names) await rm(join(own, name), { force: true });
};
