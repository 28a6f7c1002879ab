/**
 * Installed packages whose files have a second name elsewhere: pnpm, bun, uv and others link them from a store of the user's,
 * which all projects share. Who writes to one here writes to it everywhere, so they are held.
 */
import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Of a package: an installer links all of its files, or none. */
const LOOKED_AT = 8;
/** Each costs a mount. With more of them the whole folder is held. */
const MOST_HELD = 100;
const SITE_PACKAGES = 'site-packages';

/** Folders in which packages lie, by name. */
export const PACKAGE_FOLDERS: ReadonlySet<string> = new Set(['node_modules', SITE_PACKAGES]);

/** Of these folders, what has to be held: packages, or all of it. Caches that lie beside them stay writable. */
export const sharedPackages = async (folders: readonly string[]): Promise<string[]> =>
  (await Promise.all(folders.map(heldOf))).flat();

const heldOf = async (folder: string): Promise<string[]> => {
  const held: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (!(await isShared(path, entry))) continue;
    // Python finds modules of one file there as well, and can do without what it leaves for itself.
    if (basename(folder) === SITE_PACKAGES) return [folder];
    held.push(path);
  }
  return held.length > MOST_HELD ? [folder] : held;
};

const isShared = async (path: string, entry: Dirent): Promise<boolean> => {
  if (entry.isFile()) return hasSecondName(path);
  if (!entry.isDirectory()) return false;
  for (const each of await packagesIn(path, entry.name)) if (await isLinked(each)) return true;
  return false;
};

/** A scope (`@types`) holds packages, and so does a store within, each with its version (`.pnpm/NAME@1.0/node_modules/NAME`). */
const packagesIn = async (path: string, name: string): Promise<string[]> => {
  if (!/^[@.]/.test(name)) return [path];
  const inside = (await entriesOf(path)).filter((entry) => entry.isDirectory());
  return inside.map((entry) => join(path, entry.name));
};

const isLinked = async (folder: string): Promise<boolean> => {
  let left = LOOKED_AT;
  const waiting = [folder];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const entry of await entriesOf(path)) {
      const whole = join(path, entry.name);
      if (entry.isDirectory()) waiting.push(whole);
      if (!entry.isFile()) continue;
      if (await hasSecondName(whole)) return true;
      left -= 1;
      if (left === 0) return false;
    }
  }
  return false;
};

const hasSecondName = async (path: string): Promise<boolean> =>
  ((await lstat(path).catch(() => undefined))?.nlink ?? 1) > 1;

const entriesOf = (path: string): Promise<Dirent[]> => readdir(path, { withFileTypes: true }).catch(() => []);
