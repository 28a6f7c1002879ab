/** A git index to work on without touching the user's own. */
import { constants, createWriteStream, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemCode } from '../errors.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const ABSENT = ['ENOENT', 'ELOOP', 'EMLINK', 'ENXIO'];

/** Of an honest file less; one that an agent made may be a hole of any size. */
const MOST_BYTES = 256 * 1024 * 1024;

/** A file of a git folder. undefined: none lies there, or one of more than `mostBytes`. */
export const readGitFile = async (
  path: string | Buffer,
  mostBytes = MOST_BYTES,
): Promise<{ bytes: Buffer } | undefined> => {
  const found = await openGitFile(path);
  if (found === undefined) return undefined;
  const { file, facts } = found;
  try {
    return facts.size > mostBytes ? undefined : { bytes: await file.readFile() };
  } finally {
    await file.close();
  }
};

/**
 * undefined: no file lies there. An agent may put a pipe in its place, at which a reader would wait for ever, or a link to what
 * is none of the repository's.
 */
const openGitFile = async (
  path: string | Buffer,
): Promise<{ file: FileHandle; facts: Stats } | undefined> => {
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (ABSENT.includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const facts = await file.stat();
    if (facts.isFile()) return { file, facts };
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
};

/**
 * With the time of the original, rounded down: git looks into a file that changed no earlier than the index, since
 * a change within the clock's tick leaves its time and size as they were. A newer index would hide such a change.
 * No index, no copy.
 */
export const copyIndex = async (index: string, copy: string): Promise<void> => {
  await rm(copy, { force: true });
  const found = await openGitFile(index);
  if (found === undefined) return;
  // A model may have made it of any size: of such a one there is nothing to read.
  if (found.facts.size > MOST_BYTES) return found.file.close();
  await pipeline(found.file.createReadStream(), createWriteStream(copy));
  await setTime(copy, found.facts.mtimeMs);
};

/** The same for a copy that git has written since. */
export const giveTime = async (index: string, copy: string): Promise<void> => {
  const found = await openGitFile(index);
  if (found === undefined) return;
  await found.file.close();
  await setTime(copy, found.facts.mtimeMs);
};

const setTime = async (path: string, timeMs: number): Promise<void> => {
  const seconds = Math.floor(timeMs) / 1000;
  await utimes(path, seconds, seconds);
};

/** Of an index that is kept in two parts, git looks for the other one in its git folder. */
export const copySharedIndex = async (gitFolder: string, path: string): Promise<void> => {
  const names = await readdir(gitFolder).catch(() => []);
  for (const name of names.filter((each) => /^sharedindex\.[0-9a-f]+$/.test(each))) {
    const found = await readGitFile(join(gitFolder, name));
    if (found !== undefined) await writeFile(join(path, name), found.bytes);
  }
};

/** Not where one is none that is read. */
export const isSameFile = async (one: string, other: string): Promise<boolean> => {
  const [first, second] = await Promise.all([readGitFile(one), readGitFile(other)]);
  return first !== undefined && second !== undefined && first.bytes.equals(second.bytes);
};
