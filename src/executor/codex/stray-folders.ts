/**
 * Codex's sandbox mounts over .git, .codex, .agents and .aws of the folders it may write to and makes them where they are
 * missing; killed, it leaves them there, empty. Which were missing is noted on disk, as koubou may be killed with it.
 */
import { lstat, rmdir, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import { readOwn } from '../../names/own-file.ts';

const NOTE_BYTES = 64 * 1024;
/** The last two where a PATH names them and they are not there (own-programs.ts). */
const NAMES = ['.git', '.codex', '.agents', '.aws', 'node_modules', '.bin'];

export interface Strays {
  remove(): Promise<void>;
}

/** Beside the folder of a run, in which an agent may write. */
export const strayNote = (statePath: string): string => `${statePath}${NOTE}`;

const NOTE = '.strays.json';

export const isNote = (path: string): boolean => path.endsWith(NOTE);

/** Call it before the run; `remove` then takes away what is new and empty, and never anything that holds something. */
export const strayFolders = async (folders: readonly string[], notePath: string): Promise<Strays> => {
  const missing: string[] = [];
  for (const path of folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))) {
    if ((await lstat(path).catch(() => undefined)) === undefined) missing.push(path);
  }
  await writeFile(notePath, JSON.stringify(missing), { flush: true });
  return {
    remove: async () => {
      await removeEmpty(missing);
      await unlink(notePath).catch(() => undefined);
    },
  };
};

/** What a run that was killed noted and left; resolves with whether there is such a note. */
export const removeNoted = async (notePath: string): Promise<boolean> => {
  try {
    const paths: unknown = JSON.parse(String(await readOwn(notePath, NOTE_BYTES)));
    if (Array.isArray(paths))
      await removeEmpty(paths.map(String).filter((path) => NAMES.includes(basename(path))));
    return true;
  } catch (error) {
    // Half a note was written before anything was started.
    if (error instanceof SyntaxError) return true;
    if (error instanceof KoubouError) return false;
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
};

const removeEmpty = async (paths: readonly string[]): Promise<void> => {
  for (const path of paths) {
    const found = await lstat(path).catch(() => undefined);
    // rmdir refuses a folder that is not empty.
    if (found?.isDirectory()) await rmdir(path).catch(() => undefined);
    else if (found?.isFile() && found.size === 0) await unlink(path).catch(() => undefined);
  }
};
