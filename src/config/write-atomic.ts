import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { halfMadePath } from '../process/half-made.ts';

/**
 * Replaces a file whole: a reader sees the old content or the new, never a part. `durable` also waits until
 * the content and the name are on the disk. Rejects with the system's error, the old file untouched.
 */
export const writeAtomic = async (
  path: string,
  text: string,
  { mode = 0o600, durable = false }: { mode?: number; durable?: boolean } = {},
): Promise<void> => {
  const half = halfMadePath(path);
  try {
    const file = await open(half, 'wx', mode);
    try {
      await file.writeFile(text);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true }).catch(() => undefined);
    throw error;
  }
  if (durable) await syncFolder(dirname(path));
};

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};
