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
  const found = new Set<string>();
  for (const folder of keys.map((each) => join(each, 'homes'))) {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = pathIn(join(folder, name));
      if (path === undefined || found.has(path)) continue;
      if (found.size >= MOST_HOMES) return [...found];
      if ((await lstat(path).catch(() => undefined))?.isDirectory()) found.add(path);
    }
  }
  return [...found];
};

const pathIn = (file: string): string | undefined => {
  try {
    const path = objectOf(readTextFile(file, { mostBytes: MOST_BYTES }))?.['path'];
    return typeof path === 'string' && isAbsolute(path) ? path : undefined;
  } catch {
    return undefined;
  }
};
