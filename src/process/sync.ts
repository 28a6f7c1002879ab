/** Puts on the device what a program wrote that did not do so itself, as git does not with most of its files. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemCode } from '../errors.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const NOTHING_TO_SYNC = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'];
const AT_ONCE = 16;

/** Files and folders; what is gone by now, or is neither, is passed over. Absolute. */
export const syncAll = async (paths: Iterable<string | Buffer>): Promise<void> => {
  const left = [...new Set(paths)];
  const work = async (): Promise<void> => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) await syncOne(path);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, work));
};

const syncOne = async (path: string | Buffer): Promise<void> => {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (NOTHING_TO_SYNC.includes(systemCode(error) ?? '')) return;
    throw error;
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile() && !facts.isDirectory()) return;
    await file.sync();
    // An xfs that has shut down says of a folder that it is synced, and fails whatever else it is asked.
    await file.stat();
  } finally {
    await file.close();
  }
};
