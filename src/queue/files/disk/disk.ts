/**
 * The one narrow door between the queue and the file system, so that a simulated one can stand in (node-disk.ts is the real
 * one), and how an answer of it is read.
 */
import { KoubouError, systemCode } from '../../../errors.ts';

export interface FileFacts {
  kind: 'file' | 'folder' | 'other';
  size: number;
  links: number;
  inode: number;
  modifiedMs: number;
  bornMs: number;
}

export interface Disk {
  /** From here on nothing is made, moved, removed or listed below `home` by way of a link: that is ENOTDIR. Costs nothing. */
  keepTo(home: string): void;
  /** Makes a new file (0600) with all of `data` on the device. EEXIST when it exists; on any error nothing is left. */
  create(path: string, data: string | Uint8Array, durable: boolean): Promise<void>;
  /** A regular file's content, never through a symbolic link. Throws BadFile for anything else or over `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Buffer>;
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  /** Names in a folder, sorted. ENOENT when it is not there, ENOTDIR when it is none; a link to a folder is none. */
  list(path: string): Promise<string[]>;
  /** Facts of what lies there, symbolic links not followed; undefined when nothing does. */
  facts(path: string): Promise<FileFacts | undefined>;
  /** Puts a folder's entries on the device. Calls for one folder that come together share one fsync. */
  syncFolder(path: string): Promise<void>;
  syncFile(path: string): Promise<void>;
  /** Free bytes, and free inodes where the file system counts them. */
  free(path: string): Promise<{ bytes: number; inodes: number | null }>;
}

/** Something lies where a regular file of ours should, but it is not one. */
export class BadFile extends Error {
  override readonly name = 'BadFile';
}

/** Runs `action`; true when it went through, false when the system said one of `codes`. */
export const unlessCode = async (codes: readonly string[], action: () => Promise<void>): Promise<boolean> => {
  try {
    await action();
    return true;
  } catch (error) {
    if (codes.includes(systemCode(error) ?? '')) return false;
    throw error;
  }
};

/** Names in a folder, or none when it is gone: a folder can vanish between listing it and listing in it. */
export const listOrNone = async (disk: Disk, path: string): Promise<string[]> => {
  try {
    return await disk.list(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
};

export const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '') ||
  (error instanceof KoubouError && error.code === 'disk_full');
