/**
 * A file `commondir` for a git folder that has none. Whoever made one there would have every git that runs meanwhile, and
 * after a kill every later one, take its settings from elsewhere. This one names the folder itself, so git works on as
 * it did, and it can be mounted over, which what is not there cannot.
 */
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';

const NAME = 'commondir';
const ITSELF = '.\n';

/** How many programs run over one: with the file, the mounts over it would go. */
const holders = new Map<string, number>();

/** `missing`: paths at which there is nothing, or a stand-in. Each of them is to be given to `isFree` once. */
export const makeStandIns = async (missing: readonly string[]): Promise<void> => {
  for (const path of missing.filter((each) => basename(each) === NAME)) {
    holders.set(path, (holders.get(path) ?? 0) + 1);
    // Where it cannot be made here, it cannot be made in the sandbox.
    await writeFile(path, ITSELF, { flag: 'wx' }).catch(() => undefined);
  }
};

/** Whether what lies there may be taken away when a program has ended: no other one runs over it. */
export const isFree = (path: string): boolean => {
  const left = (holders.get(path) ?? 1) - 1;
  if (left > 0) holders.set(path, left);
  else holders.delete(path);
  return left <= 0;
};

/** One of a run that goes on, or of one that was killed. */
export const isStandIn = async (path: string): Promise<boolean> => {
  if (basename(path) !== NAME) return false;
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== ITSELF.length) return false;
  return (await readFile(path, 'utf8').catch(() => '')) === ITSELF;
};
