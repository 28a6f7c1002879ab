/** What is neither a file nor a folder in a git folder: git writes through links, and waits at pipes. */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode } from '../errors.ts';
import { Folder } from '../names/folder.ts';
import { NameRefused } from '../names/walk.ts';

/** Below it lie folders by the hundred, in which git makes files under new names and by renaming. */
const OBJECTS = 'objects';

/** `folder`: a git folder, or one of its parts. Absolute, without symbolic links. */
export const oddEntries = async (folder: string): Promise<string[]> => {
  const odd: string[] = [];
  await eachOdd(folder, async (path) => void odd.push(path));
  return odd;
};

/** For folders of koubou's own. */
export const removeOddEntries = (folder: string): Promise<void> =>
  eachOdd(folder, async (_, at) => rm(at, { force: true }));

/**
 * No link is followed, not on the way to the folder either: a repository may bring one in the place of a folder, an agent
 * may put one there while this goes on, and what lies behind it is not git's. `at`: a path that stays in the folder.
 */
export const eachOdd = async (
  top: string,
  take: (path: string, at: string) => Promise<void>,
): Promise<void> => {
  const objects = basename(top) === OBJECTS ? top : join(top, OBJECTS);
  const waiting = [top];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const folder = openIn(path);
    if (folder === undefined) continue;
    try {
      for (const entry of await readdir(folder.at('.'), { withFileTypes: true }).catch(() => [])) {
        const whole = join(path, entry.name);
        if (!entry.isDirectory() && !entry.isFile()) await take(whole, folder.at(entry.name));
        if (entry.isDirectory() && path !== objects) waiting.push(whole);
      }
    } finally {
      folder.close();
    }
  }
};

/** undefined: it is gone, or no folder. */
const openIn = (path: string): Folder | undefined => {
  try {
    return Folder.open(path);
  } catch (error) {
    if (error instanceof NameRefused || systemCode(error) !== undefined) return undefined;
    throw error;
  }
};
