/** What is neither a file nor a folder in a git folder: git writes through links, and waits at pipes. */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Below it lie folders by the hundred, in which git makes files under new names and by renaming. */
const OBJECTS = 'objects';

/** `folder`: a git folder, or one of its parts. Absolute. */
export const oddEntries = async (folder: string): Promise<string[]> => {
  const objects = basename(folder) === OBJECTS ? folder : join(folder, OBJECTS);
  const odd: string[] = [];
  const folders = [folder];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      const whole = join(path, entry.name);
      if (!entry.isDirectory() && !entry.isFile()) odd.push(whole);
      if (entry.isDirectory() && path !== objects) folders.push(whole);
    }
  }
  return odd;
};

/** `known`: those that stay. */
export const removeOddEntries = async (
  folder: string,
  known: ReadonlySet<string> = new Set(),
): Promise<void> => {
  for (const path of await oddEntries(folder)) if (!known.has(path)) await rm(path, { force: true });
};
