/**
 * Puts on the device what a run left in the repository: git puts there neither the folders of its files nor, called by an
 * agent, the objects and refs. After a power cut such a file is there and empty, and every git of the user's ends with an
 * error at it.
 */
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncAll } from '../process/sync.ts';
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

const syncWithFolders = async (top: string, files: readonly string[]): Promise<void> => {
  await syncAll(files);
  await syncAll(files.flatMap((path) => foldersUpTo(top, path)));
};

const foldersUpTo = (top: string, path: string): string[] => {
  const folder = dirname(path);
  return folder === top ? [top] : [folder, ...foldersUpTo(top, folder)];
};

/** Of the many objects of a repository, those in whose folder something was made since. */
const changedObjects = async (objects: string, sinceMs: number): Promise<string[]> => {
  const changed: string[] = [];
  for (const name of await readdir(objects).catch(() => [])) {
    const folder = join(objects, name);
    const facts = await lstat(folder).catch(() => undefined);
    if (facts?.isDirectory() && facts.mtimeMs >= sinceMs)
      changed.push(...(await changedBelow(folder, sinceMs)));
  }
  return changed;
};

const changedBelow = async (folder: string, sinceMs: number): Promise<string[]> => {
  const changed: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) changed.push(...(await changedBelow(path, sinceMs)));
    else if (((await lstat(path).catch(() => undefined))?.ctimeMs ?? -1) >= sinceMs) changed.push(path);
  }
  return changed;
};
