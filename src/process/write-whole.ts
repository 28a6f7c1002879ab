/** Writes a file so that nobody ever sees a part of it, also after a power cut. What dead writers of it left goes. */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';
import { halfMadePath, removeHalfMade } from './half-made.ts';

/** `durable` (true): it also waits until the content and the name are on the disk. */
interface Way {
  mode?: number;
  durable?: boolean;
}

/** Where nothing lies yet; false where something does: it stays as it is. Throws the system's error. */
export const writeFirst = (path: string, content: Uint8Array | string, way: Way = {}): boolean =>
  withDraft(path, content, way, (draft) => {
    try {
      linkSync(draft, path);
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
  });

/** In the place of what lies there. Throws the system's error, the old file untouched. */
export const writeOver = (path: string, content: Uint8Array | string, way: Way = {}): void =>
  withDraft(path, content, way, (draft) => renameSync(draft, path));

const withDraft = <T>(
  path: string,
  content: Uint8Array | string,
  { mode = 0o600, durable = true }: Way,
  publish: (draft: string) => T,
): T => {
  removeHalfMade(path);
  const draft = halfMadePath(path);
  try {
    const file = openSync(draft, 'wx', mode);
    try {
      writeFileSync(file, content);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const published = publish(draft);
    if (durable) syncFolder(dirname(path));
    return published;
  } finally {
    rmSync(draft, { force: true });
  }
};

const syncFolder = (path: string): void => {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } catch (error) {
    // Of a file system that cannot do it for folders nothing better can be had.
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    closeSync(folder);
  }
};
