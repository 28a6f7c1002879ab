/**
 * Puts on the device what somebody's git wrote into a repository: git puts there neither the folders of its files nor,
 * unless told, the objects and refs. After a power cut such a file is there and empty, and every git of the user's ends
 * with an error at it.
 */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncWithFolders } from '../process/sync.ts';
import type { Repository } from './repository/repository.ts';

/** What was written since, by the clock of files: objects first, then what names them. */
export const syncRepository = async (
  { gitFolder, commonFolder }: Pick<Repository, 'gitFolder' | 'commonFolder'>,
  sinceMs: number,
): Promise<void> => {
  await syncWithFolders(commonFolder, await changedObjects(join(commonFolder, 'objects'), sinceMs));
  const below = ['refs', 'logs', 'reftable', 'worktrees'].map((name) => join(commonFolder, name));
  const changed = await Promise.all(below.map((folder) => changedBelow(folder, sinceMs)));
  await syncWithFolders(commonFolder, [...changed.flat(), ...(await changedIn(commonFolder, sinceMs))]);
  if (gitFolder !== commonFolder) await syncWithFolders(gitFolder, await changedBelow(gitFolder, sinceMs));
};

/** Of the many objects of a repository, those in whose folder something was made since. */
export const changedObjects = async (objects: string, sinceMs: number): Promise<string[]> => {
  const changed: string[][] = [];
  for (const entry of await entriesOf(objects)) {
    const folder = join(objects, entry.name);
    const facts = entry.isDirectory() ? await lstat(folder).catch(() => undefined) : undefined;
    if (facts !== undefined && facts.mtimeMs >= sinceMs) changed.push(await changedBelow(folder, sinceMs));
  }
  return changed.flat();
};

export const changedBelow = async (folder: string, sinceMs: number): Promise<string[]> => {
  const changed = [await changedIn(folder, sinceMs)];
  for (const entry of await entriesOf(folder)) {
    if (entry.isDirectory()) changed.push(await changedBelow(join(folder, entry.name), sinceMs));
  }
  return changed.flat();
};

const changedIn = async (folder: string, sinceMs: number): Promise<string[]> => {
  const changed: string[] = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (((await lstat(path).catch(() => undefined))?.ctimeMs ?? -1) >= sinceMs) changed.push(path);
  }
  return changed;
};

/** None where a link lies in the folder's place: behind it may be the whole disk. */
const entriesOf = async (folder: string): Promise<Dirent[]> => {
  try {
    return (await lstat(folder)).isDirectory() ? await readdir(folder, { withFileTypes: true }) : [];
  } catch {
    return [];
  }
};
