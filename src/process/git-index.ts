/** A git index to work on without touching the user's own. */
import { constants } from 'node:fs';
import { open, rm, utimes, writeFile } from 'node:fs/promises';
import { systemCode } from '../errors.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const ABSENT = ['ENOENT', 'ELOOP', 'EMLINK', 'ENXIO'];

/**
 * A file of a git folder, with its time. undefined: no file lies there, or one of more than `mostBytes`. An agent may put a pipe in its place, at which
 * a reader would wait for ever, or a link to what is none of the repository's.
 */
export const readGitFile = async (
  path: string | Buffer,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<{ bytes: Buffer; mtimeMs: number } | undefined> => {
  try {
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const facts = await file.stat();
      if (!facts.isFile() || facts.size > mostBytes) return undefined;
      return { bytes: await file.readFile(), mtimeMs: facts.mtimeMs };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (ABSENT.includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
};

/**
 * With the time of the original, rounded down: git looks into a file that changed no earlier than the index, since
 * a change within the clock's tick leaves its time and size as they were. A newer index would hide such a change.
 * No index, no copy.
 */
export const copyIndex = async (index: string, copy: string): Promise<void> => {
  await rm(copy, { force: true });
  const found = await readGitFile(index);
  if (found === undefined) return;
  await writeFile(copy, found.bytes);
  await setTime(copy, found.mtimeMs);
};

/** The same for a copy that git has written since. */
export const giveTime = async (index: string, copy: string): Promise<void> => {
  const found = await readGitFile(index);
  if (found !== undefined) await setTime(copy, found.mtimeMs);
};

const setTime = async (path: string, timeMs: number): Promise<void> => {
  const seconds = Math.floor(timeMs) / 1000;
  await utimes(path, seconds, seconds);
};
