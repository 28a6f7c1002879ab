/** The user's homes of koubou, of other projects too: tasks, results and keys lie in each. */
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { objectOf } from '../../text/formats/json.ts';
import { readTextFile } from '../../text/formats/read-text.ts';
import type { Homes } from '../../text/home-name.ts';
import { isKnownHome, lostHomes } from './known-home.ts';
import { movedHomes } from './moved-homes.ts';

/** Each is a mount in a sandbox. */
const MOST_HOMES = 1000;
const MOST_BYTES = 4096;

/** `keys`: where the user's key may lie; the homes that are signed with it are written down beside it (home/signature.ts). */
const registeredHomes = (keys: readonly string[]): string[] =>
  [...new Set(keys.flatMap(homesBeside))].filter(isFolder);

/**
 * As registeredHomes, for a sandbox: those too that were moved since. Throws KoubouError `not_allowed` where they are too
 * many to be hidden.
 */
export const homesToHide = (keys: readonly string[]): string[] => {
  const lost = lostHomes(keys.flatMap((key) => writtenIn(join(key, 'homes'))));
  const homes = [...new Set([...registeredHomes(keys), ...movedHomes(lost, keys)])];
  if (homes.length <= MOST_HOMES) return homes;
  throw new KoubouError(
    'not_allowed',
    `${homes.length} homes of koubou are yours, and a sandbox can hide ${MOST_HOMES}; nothing was started.`,
    {
      hint: `Remove the folders .koubou that you no longer need; ${join(keys[0] ?? '', 'homes')} names them.`,
    },
  );
};

/** All that are written down there, whether they are still where they were or not. */
export const homesBeside = (key: string): string[] => writtenPaths(join(key, 'homes'));

/** The places that the files of a folder name. */
export const writtenPaths = (folder: string): string[] => [
  ...new Set(writtenIn(folder).map(({ path }) => path)),
];

const writtenIn = (folder: string): { file: string; path: string }[] =>
  namesIn(folder).flatMap((name) => {
    const path = pathIn(join(folder, name));
    return path === undefined ? [] : [{ file: join(folder, name), path }];
  });

/**
 * That of a task, and those that are registered: by their names, by where these lead, and by what they carry where they
 * were moved.
 */
export const homesOf = ({ home, keys }: { home: string; keys: readonly string[] }): Homes => {
  const named = [home, ...registeredHomes(keys)];
  const known = new Map<string, boolean>();
  const isHome = (folder: string): boolean => {
    if (!known.has(folder)) known.set(folder, isKnownHome(folder, keys));
    return known.get(folder) === true;
  };
  return { places: [...new Set([...named, ...named.map(realPath)])], isHome };
};

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const isFolder = (path: string): boolean => {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false;
  }
};

export const pathIn = (file: string): string | undefined => {
  try {
    const path = objectOf(readTextFile(file, { mostBytes: MOST_BYTES }))?.['path'];
    return typeof path === 'string' && isAbsolute(path) ? path : undefined;
  } catch {
    return undefined;
  }
};
