/** The user's homes of koubou, of other projects too: tasks, results and keys lie in each. */
import { lstat, readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { objectOf } from '../text/json.ts';
import { readTextFile } from '../text/read-text.ts';

/** More are not hidden: each is a mount. */
const MOST_HOMES = 200;
const MOST_BYTES = 4096;

/** `keys`: where the user's key may lie; the homes that are signed with it are written down beside it (home/signature.ts). */
export const registeredHomes = async (keys: readonly string[]): Promise<string[]> => {
  const found: string[] = [];
  for (const path of new Set((await Promise.all(keys.map(homesBeside))).flat())) {
    if (found.length >= MOST_HOMES) break;
    if ((await lstat(path).catch(() => undefined))?.isDirectory()) found.push(path);
  }
  return found;
};

/** All that are written down there, whether they are still where they were or not. */
export const homesBeside = (key: string): Promise<string[]> => writtenPaths(join(key, 'homes'));

/** The places that the files of a folder name. */
export const writtenPaths = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder).catch(() => []);
  return [...new Set(names.map((name) => pathIn(join(folder, name))))].filter((path) => path !== undefined);
};

export const pathIn = (file: string): string | undefined => {
  try {
    const path = objectOf(readTextFile(file, { mostBytes: MOST_BYTES }))?.['path'];
    return typeof path === 'string' && isAbsolute(path) ? path : undefined;
  } catch {
    return undefined;
  }
};
