/** Puts on the device what a program wrote that did not do so itself, as git does not with most of its files. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const NOTHING_TO_SYNC = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EACCES'];
const NOT_FOR_FOLDERS = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'];
const AT_ONCE = 16;

/** Files and folders; what is gone by now, is neither, or may not be read is passed over. Absolute. */
export const syncAll = async (paths: Iterable<string | Buffer>): Promise<void> => {
  const left = [...new Set(paths)];
  const work = async (): Promise<void> => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) await syncOne(path);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, work));
};

/** Files below `top`, then the folders that lead to them from there. */
export const syncWithFolders = async (top: string, files: readonly string[]): Promise<void> => {
  await syncAll(files);
  await syncAll(files.flatMap((path) => foldersUpTo(top, path)));
};

const foldersUpTo = (top: string, path: string): string[] => {
  const folder = dirname(path);
  return folder === top || folder === path ? [top] : [folder, ...foldersUpTo(top, folder)];
};

const syncOne = async (path: string | Buffer): Promise<void> => {
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (NOTHING_TO_SYNC.includes(systemCode(error) ?? '')) return;
    throw error;
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile() && !facts.isDirectory()) return;
    await syncOpen(file, facts.isDirectory());
    // An xfs that has shut down says of a folder that it is synced, and fails whatever else it is asked.
    await file.stat();
  } finally {
    await file.close();
  }
};

const syncOpen = async (file: FileHandle, isFolder: boolean): Promise<void> => {
  try {
    await file.sync();
  } catch (error) {
    // Of a file system that cannot do it for folders nothing better can be had.
    if (!isFolder || !NOT_FOR_FOLDERS.includes(systemCode(error) ?? '')) throw error;
  }
};
