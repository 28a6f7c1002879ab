/** A git index to work on without touching the user's own. */
import { copyFile, rm, stat, utimes } from 'node:fs/promises';
import { systemCode } from '../errors.ts';

/**
 * With the time of the original, rounded down: git looks into a file that changed no earlier than the index, since
 * a change within the clock's tick leaves its time and size as they were. A newer index would hide such a change.
 * No index, no copy.
 */
export const copyIndex = async (index: string, copy: string): Promise<void> => {
  try {
    await rm(copy, { force: true });
    await copyFile(index, copy);
    await giveTime(index, copy);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
};

/** The same for a copy that git has written since. */
export const giveTime = async (index: string, copy: string): Promise<void> => {
  const { mtimeMs } = await stat(index);
  const seconds = Math.floor(mtimeMs) / 1000;
  await utimes(copy, seconds, seconds);
};
