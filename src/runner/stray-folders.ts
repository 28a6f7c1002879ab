/**
 * Codex's sandbox mounts over .git, .codex, .agents and .aws of the folder it works in and makes them where
 * they are missing; killed, it leaves them there, empty.
 */
import { lstat, rmdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const NAMES = ['.git', '.codex', '.agents', '.aws'];

/** Call it before the run; `remove` then takes away what is new and empty, and never anything that holds something. */
export const strayFolders = async (cwd: string): Promise<{ remove: () => Promise<void> }> => {
  const missing: string[] = [];
  for (const name of NAMES) {
    const path = join(cwd, name);
    if ((await lstat(path).catch(() => undefined)) === undefined) missing.push(path);
  }
  return {
    remove: async () => {
      for (const path of missing) {
        const found = await stat(path).catch(() => undefined);
        // rmdir refuses a folder that is not empty.
        if (found?.isDirectory()) await rmdir(path).catch(() => undefined);
        else if (found?.isFile() && found.size === 0) await unlink(path).catch(() => undefined);
      }
    },
  };
};
