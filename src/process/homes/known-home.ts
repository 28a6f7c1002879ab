/**
 * Which folders are homes of this user, wherever they were moved and whatever they are called: the id in home.json is
 * written down beside the key (home/signature.ts). That is enough to hide a folder, and too little to trust it.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { objectOf } from '../../text/formats/json.ts';
import { readTextFile } from '../../text/formats/read-text.ts';

export const HOME_FILE = 'home.json';
const MOST_BYTES = 4096;
const ID = /^[0-9a-f]{32}$/;

/** The id that a folder carries; undefined: it is no home. */
const homeIdOf = (folder: string): string | undefined => {
  const file = join(folder, HOME_FILE);
  // Thousands of folders are asked, and most have none: an error for each would take long.
  if (!existsSync(file)) return undefined;
  try {
    const id = objectOf(readTextFile(file, { mostBytes: MOST_BYTES, follow: false }))?.['id'];
    return typeof id === 'string' && ID.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
};

/** `keys`: where the user's key may lie. */
export const isKnownHome = (folder: string, keys: readonly string[]): boolean => {
  const id = homeIdOf(folder);
  return id !== undefined && keys.some((key) => existsSync(join(key, 'homes', id)));
};

/** Those that a path leads through, the last one first. */
export const knownHomesAround = (path: string, keys: readonly string[]): string[] => {
  const around = isKnownHome(path, keys) ? [path] : [];
  return dirname(path) === path ? around : [...around, ...knownHomesAround(dirname(path), keys)];
};

/** Homes that are written down and lie elsewhere by now: where each was. */
export const lostHomes = (registered: readonly { file: string; path: string }[]): string[] =>
  registered
    .filter(({ file, path }) => ID.test(basename(file)) && homeIdOf(path) !== basename(file))
    .map(({ path }) => path);
