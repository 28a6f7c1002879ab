/**
 * Repositories below a folder, and the places in it where git would enter one. The user's git does not stay at the top:
 * where the index has a gitlink (a submodule) and a `.git` lies there, status and diff start a git in there, which runs
 * what that repository's settings say. Nothing here asks git itself. Paths are absolute, in git's bytes.
 */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { systemCode } from '../../errors.ts';
import { NameRefused } from '../../names/walk.ts';
import { inFolder, isInReach } from '../deep-folder.ts';
import { asBytes } from '../names.ts';
import { readGitFile } from '../own-index.ts';
import { gitlinksIn } from './gitlinks.ts';

export interface NestedGitOptions {
  /** Absolute paths, in git's bytes: not looked into. */
  except?: readonly string[];
  /** More folders than these are not looked through. */
  most?: number;
  /** Names that are looked for besides, in the folder too; none of them is looked into. */
  also?: ReadonlySet<string>;
  signal?: AbortSignal | undefined;
}

export interface NestedGit {
  /** The `.git` of each repository, but for the folder's own. */
  found: string[];
  /** Paths of what was looked for besides. */
  also: string[];
  /** false: there are too many folders to look through, or one could not be reached. */
  whole: boolean;
  /** Folders that may not be read: a repository may lie in there, for later. */
  closed: string[];
  /** All folders that were looked through. */
  others: string[];
}

export const MOST_FOLDERS = 200_000;
const PARALLEL = 32;

/** Packages and homes as well: no index says what git enters, as a model may have written it. */
export const nestedGit = async (folder: string, wish: NestedGitOptions = {}): Promise<NestedGit> => {
  const { most = MOST_FOLDERS } = wish;
  const also: string[] = [];
  const except = new Set(wish.except);
  const found: string[] = [];
  const closed: string[] = [];
  const others: string[] = [];
  let whole = true;
  let looked = 0;
  for (let level = [folder]; level.length > 0; ) {
    looked += level.length;
    if (looked > most) return { found, also, whole: false, closed, others };
    const deeper: string[] = [];
    for (let at = 0; at < level.length; at += PARALLEL) {
      wish.signal?.throwIfAborted();
      const part = level.slice(at, at + PARALLEL);
      const lists = await Promise.all(part.map(entriesOf));
      for (const [nth, entries] of lists.entries()) {
        const path = part[nth] ?? folder;
        others.push(path);
        if (entries === 'closed') closed.push(path);
        else if (entries === undefined) whole = false;
        for (const { name, isFolder } of entries === 'closed' ? [] : (entries ?? [])) {
          const inside = `${path}/${name}`;
          if (name === '.git') {
            if (path !== folder) found.push(inside);
          } else if (wish.also?.has(name) === true) also.push(inside);
          else if (isFolder && !except.has(inside) && isInReach(inside, folder)) deeper.push(inside);
        }
      }
    }
    level = deeper;
  }
  return { found, also, whole, closed, others };
};

/** undefined: git may reach what cannot be reached here. */
const entriesOf = async (
  path: string,
): Promise<{ name: string; isFolder: boolean }[] | 'closed' | undefined> => {
  try {
    // Its types know only encodings of text.
    const entries = await inFolder(path, (at) =>
      readdir(at('.'), { withFileTypes: true, encoding: 'latin1' }),
    );
    return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch (error) {
    if (CLOSED.includes(systemCode(error) ?? '')) return 'closed';
    // Gone, or another kind of thing by now.
    return MAY_BE.includes(systemCode(error) ?? '') || error instanceof NameRefused ? [] : undefined;
  }
};
const MAY_BE = ['ENOENT', 'ENOTDIR'];
const CLOSED = ['EACCES', 'EPERM'];

/** The top of the work tree that a folder lies in; undefined: in none. */
export const topAround = async (folder: string): Promise<string | undefined> => {
  for (let top = folder; top !== ''; top = parentOf(top)) {
    if ((await lstat(asBytes(`${top}/.git`)).catch(() => undefined)) !== undefined) return top;
  }
  return undefined;
};

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/**
 * The folders that the indexes of these work trees have as gitlinks, and those of the repositories there: git goes on from
 * each into its own.
 */
export const gitlinkFolders = async (tops: readonly string[]): Promise<string[]> => {
  const found = new Set<string>();
  let next = await ofEach(tops, gitlinksOf);
  while (next.length > 0 && found.size < MOST_FOLDERS) {
    const fresh = [...new Set(next)].filter((path) => !found.has(path));
    for (const path of fresh) found.add(path);
    next = await ofEach(fresh, gitlinksBelow);
  }
  return [...found];
};

/** One after the other: each may be large. */
const ofEach = async (
  paths: readonly string[],
  list: (path: string) => Promise<string[]>,
): Promise<string[]> => {
  const all: string[][] = [];
  for (const path of paths) all.push(await list(path));
  return all.flat();
};

/** git enters nothing behind a link, and a link may lead round for ever. */
const gitlinksBelow = async (path: string): Promise<string[]> => {
  const isRepository = (await lstat(asBytes(`${path}/.git`)).catch(() => undefined)) !== undefined;
  return isRepository && (await real(path)) === path ? gitlinksOf(path) : [];
};

const HASH_BYTES = [20, 32];

/** Absolute. */
const gitlinksOf = async (top: string): Promise<string[]> => {
  const folder = await gitFolderOf(`${top}/.git`);
  if (folder === undefined) return [];
  const index = await bytesOf(`${folder}/index`, MOST_BYTES);
  if (index === undefined) return [];
  const shared = await sharedIndexes(folder);
  // Settings that git would read otherwise could lie about which it is.
  const names = HASH_BYTES.flatMap((length) => gitlinksIn(index, length, shared));
  const paths = await Promise.all(names.map((name) => placeOf(top, name)));
  return paths.filter((path) => path !== undefined);
};

/** git takes each name of an index as it stands, `./a`, `a/../b` and `/a` as well, which it would put into none. */
const placeOf = async (top: string, name: string): Promise<string | undefined> => {
  const path = name.startsWith('/') ? name : `${top}/${name}`;
  return name.split('/').some((part) => ['', '.', '..'].includes(part)) ? real(path) : path;
};

/** Of an index that is kept in two parts, what may be the other one: which it is, is said in an index that may be forged. */
const sharedIndexes = async (gitFolder: string): Promise<Buffer[]> => {
  const names = await readdir(asBytes(gitFolder), { encoding: 'latin1' }).catch(() => []);
  const read: Buffer[] = [];
  for (const name of names.filter((each) => /^sharedindex\.[0-9a-f]+$/.test(each))) {
    const left = MOST_BYTES - read.reduce((sum, { length }) => sum + length, 0);
    const bytes = await bytesOf(`${gitFolder}/${name}`, left);
    if (bytes !== undefined) read.push(bytes);
  }
  return read;
};

/** What a `.git` is or names, without links; undefined: nothing that git would take. */
export const gitFolderOf = async (dotGit: string): Promise<string | undefined> => {
  const facts = await lstat(asBytes(dotGit)).catch(() => undefined);
  if (facts?.isFile() !== true) return facts === undefined ? undefined : real(dotGit);
  const named = /^gitdir: ([^\n]+?)[\r\n]*$/.exec(await textOf(dotGit))?.[1];
  if (named === undefined) return undefined;
  return real(named.startsWith('/') ? named : `${parentOf(dotGit)}/${named}`);
};

/** The folder that a git folder shares with other work trees; undefined: none. */
export const commonOf = async (gitFolder: string): Promise<string | undefined> => {
  const named = (await textOf(`${gitFolder}/commondir`)).replace(/[\r\n]+$/, '');
  if (named === '') return undefined;
  return real(named.startsWith('/') ? named : `${gitFolder}/${named}`);
};

const real = async (path: string): Promise<string | undefined> => {
  const found = await realpath(asBytes(path), { encoding: 'buffer' }).catch(() => undefined);
  return found?.toString('latin1');
};

/** What a model wrote may be a hole of any size; what is longer is not read. */
const MOST_BYTES = 128 * 1024 * 1024;
const MOST_TEXT = 1024 * 1024;

/** Nothing is waited for that is no file. */
const bytesOf = async (path: string, most: number): Promise<Buffer | undefined> =>
  (await readGitFile(asBytes(path), most).catch(() => undefined))?.bytes;

/** In git's bytes; undefined: it is no file that can be read, or none of git's by its length. */
export const readText = async (path: string): Promise<string | undefined> =>
  (await bytesOf(path, MOST_TEXT))?.toString('latin1');

const textOf = async (path: string): Promise<string> => (await readText(path)) ?? '';
