import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Replaces a file whole: a reader sees the old content or the new, never a part. `durable` also waits until
 * the content is on the disk. Rejects with the system's error, the old file untouched.
 */
export const writeAtomic = async (
  path: string,
  text: string,
  { mode = 0o600, durable = false }: { mode?: number; durable?: boolean } = {},
): Promise<void> => {
  const half = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
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
};
