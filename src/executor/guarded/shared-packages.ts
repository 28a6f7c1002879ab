/**
 * Installed packages whose files have a second name elsewhere: pnpm, bun, uv and others link them from a store of the user's,
 * which all projects share. Who writes to one here writes to it everywhere, so they are held.
 */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** An installer links all files of a package, or none. */
const LOOKED_AT = 4;
/** Each costs a mount. With more of them the whole folder is held. */
const MOST_HELD = 100;
/** Where each file that a program leaves for itself can be done without. */
const HELD_AS_A_WHOLE = 'site-packages';

/** Folders in which packages lie, by name. */
export const PACKAGE_FOLDERS: ReadonlySet<string> = new Set(['node_modules', HELD_AS_A_WHOLE]);

/** Of these folders, what has to be held: packages, or all of it. Caches that lie beside them stay writable. */
export const sharedPackages = async (folders: readonly string[]): Promise<string[]> =>
  (await Promise.all(folders.map(heldOf))).flat();

const heldOf = async (folder: string): Promise<string[]> => {
  const packages = (await entriesOf(folder)).filter((entry) => entry.isDirectory());
  const held: string[] = [];
  for (const { name } of packages) {
    if (!(await hasSecondNames(join(folder, name)))) continue;
    if (basename(folder) === HELD_AS_A_WHOLE) return [folder];
    held.push(join(folder, name));
  }
  return held.length > MOST_HELD ? [folder] : held;
};

/** Looks deep first: a store within, as pnpm has one, holds packages in folders. */
const hasSecondNames = async (folder: string): Promise<boolean> => {
  let left = LOOKED_AT;
  const waiting = [folder];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const entry of await entriesOf(path)) {
      const whole = join(path, entry.name);
      if (entry.isDirectory()) waiting.push(whole);
      if (!entry.isFile()) continue;
      if (((await lstat(whole).catch(() => undefined))?.nlink ?? 1) > 1) return true;
      left -= 1;
      if (left === 0) return false;
    }
  }
  return false;
};

const entriesOf = (path: string): Promise<Dirent[]> => readdir(path, { withFileTypes: true }).catch(() => []);
