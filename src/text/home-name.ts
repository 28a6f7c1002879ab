/**
 * Whether a name would be taken for `.koubou`, where homes are looked for, by some file system. Pure. What travels in a
 * patch or on a branch is unpacked elsewhere: on macOS, where case does not count, letters are decomposed and some
 * invisible ones are dropped, or on Windows' file systems, which drop dots and spaces at the end and have short names.
 */
import { isWithin } from './is-within.ts';

const SHORT = /^(koubou|ko[0-9a-f]{4})~[0-9]+$/;

export const isHomeName = (name: string): boolean => {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase()
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '');
  return plain === '.koubou' || SHORT.test(plain);
};

export interface Homes {
  /** Real places, absolute, whatever they are called. */
  places: readonly string[];
  /** Whether a folder is one that was moved there; absent: nobody looks. */
  isHome?: (folder: string) => boolean;
}

/**
 * The home of koubou that a path leads into: one of `homes`, or a folder of the name; this one, and one that was moved,
 * is looked for below `below`. Real places, absolute.
 */
export const homeAround = (path: string, { places, isHome }: Homes, below = ''): string | undefined => {
  const known = places.find((home) => isWithin(path.toLowerCase(), home.toLowerCase()));
  if (known !== undefined || !path.startsWith(below)) return known;
  const named = homeIn(path.slice(below.length));
  if (named !== undefined) return `${below}${named}`;
  return isHome === undefined ? undefined : foldersOf(path, below).find(isHome);
};

/** The path and what lies above it, down to right below `below`. */
const foldersOf = (path: string, below: string): string[] => {
  const names = path.slice(below.length).split('/');
  return names
    .map((_, nth) => `${below}${names.slice(0, nth + 1).join('/')}`)
    .filter((each) => each !== below);
};

/** The part of a path up to and with the first such name, or undefined. A backslash parts names on Windows. */
export const homeIn = (path: string): string | undefined => {
  let end = 0;
  for (const name of path.split(/[/\\]/)) {
    end += name.length;
    if (isHomeName(name)) return path.slice(0, end);
    end += 1;
  }
  return undefined;
};
