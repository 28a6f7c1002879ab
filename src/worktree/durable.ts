/** Puts on the device what a run in a worktree left in the repository, by koubou's git or by its own. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { changedBelow, changedObjects } from '../git/sync-objects.ts';
import { syncWithFolders } from '../process/sync.ts';
import { ownGitFolder, type WorktreeRecord } from './record.ts';

/** `ids`: those that must be there, whenever they were made. To be awaited before anything names them. */
export const syncObjects = async (record: WorktreeRecord, ids: readonly string[] = []): Promise<void> => {
  const objects = join(record.git_folder, 'objects');
  const changed = await changedObjects(objects, await beganMs(record));
  await syncWithFolders(record.git_folder, [
    ...ids.map((id) => join(objects, id.slice(0, 2), id.slice(2))),
    ...changed,
  ]);
};

/** Branches, what is known of their past, and the worktree's own git folder. */
export const syncRefs = async (record: WorktreeRecord): Promise<void> => {
  const { git_folder, branch } = record;
  const sinceMs = await beganMs(record);
  const changed = await Promise.all(
    ['refs', 'logs', 'reftable'].map((name) => changedBelow(join(git_folder, name), sinceMs)),
  );
  await syncWithFolders(git_folder, [
    join(git_folder, 'refs', 'heads', branch),
    join(git_folder, 'logs', 'refs', 'heads', branch),
    join(git_folder, 'packed-refs'),
    ...changed.flat(),
    ...(await changedBelow(ownGitFolder(record), 0)),
  ]);
};

/** By the clock of files, which is the one to compare files with; where nothing says it, all files are new. */
const beganMs = async (record: WorktreeRecord): Promise<number> =>
  (await lstat(join(ownGitFolder(record), 'commondir')).catch(() => undefined))?.ctimeMs ?? 0;
