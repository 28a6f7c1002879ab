/** What lies in a folder that git knows nothing of: a list of its files with their hashes, bounded. */
import { hash } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { replaceOwn } from '../../names/own-file.ts';
import { isHomeName } from '../../text/home-name.ts';
import { BOUNDS, type Bounds, type Changed } from '../work-tree/git-tree.ts';
import { pseudoSystem } from './real-files.ts';

export interface ListTree {
  kind: 'list';
  /** By name relative to the folder. */
  files: ReadonlyMap<string, Looked>;
  bounded: boolean;
}

interface Looked {
  /** null: it was not read. */
  content: string | null;
  /** Its size and time. */
  stamp: string;
}

export interface ListScope {
  folder: string;
  /** Absolute and real. */
  excluded: readonly string[];
  bounds?: Bounds;
  signal?: AbortSignal | undefined;
}

/** Without a repository nothing says what is ignored; these are never anybody's work. */
export const NEVER: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  '.jj',
  'node_modules',
  '__pycache__',
  '.venv',
  '.cache',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.tox',
  '.nyc_output',
]);
const UNREADABLE: Looked = { content: 'unreadable', stamp: 'unreadable' };
const HASHED_BYTES = 8 * 1024 * 1024;
const ALL_HASHED_BYTES = 256 * 1024 * 1024;

export const takeListTree = async (scope: ListScope): Promise<ListTree> => {
  const { folder, excluded, bounds = BOUNDS, signal } = scope;
  const files = new Map<string, Looked>();
  let bytesLeft = ALL_HASHED_BYTES;
  const describe = async (path: string): Promise<Looked> => {
    const facts = await lstat(path);
    const mode = (facts.mode & 0o777).toString(8);
    const stamp = `${mode} ${facts.size} ${facts.mtimeMs}`;
    if (facts.isSymbolicLink()) return { content: `link ${await readlink(path)}`, stamp };
    const isMuch = facts.size > HASHED_BYTES || facts.size > bytesLeft || files.size >= bounds.read;
    if (isMuch || !facts.isFile()) return { content: null, stamp };
    bytesLeft -= facts.size;
    const bytes = await readPlain(path, facts.size);
    return bytes === null ? { content: null, stamp } : { content: `${mode} ${hash('sha256', bytes)}`, stamp };
  };
  const waiting = [folder];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    signal?.throwIfAborted();
    if (next !== folder && (await isOther(next, folder))) continue;
    for (const entry of await entriesOf(next)) {
      signal?.throwIfAborted();
      const path = join(next, entry.name);
      if (NEVER.has(entry.name) || isHomeName(entry.name) || excluded.includes(path)) continue;
      if (entry.isDirectory()) waiting.push(path);
      if (!entry.isFile() && !entry.isSymbolicLink()) continue;
      if (files.size >= bounds.seen) return { kind: 'list', files, bounded: true };
      // A file may go, or be unreadable, before and after alike.
      files.set(relative(folder, path), await describe(path).catch(() => UNREADABLE));
    }
    if (files.size + waiting.length >= 2 * bounds.seen) return { kind: 'list', files, bounded: true };
  }
  return { kind: 'list', files, bounded: false };
};

/** The bytes of a regular file, or null where another thing has come in its place or it is longer by now. */
const readPlain = async (path: string, size: number): Promise<Buffer | null> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const facts = await file.stat();
    if (!facts.isFile() || facts.size !== size) return null;
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

/** Whether a folder is where a pseudo file system begins, as in the root of a container. */
const isOther = async (path: string, folder: string): Promise<boolean> => {
  try {
    const [own, outer] = await Promise.all([lstat(path), lstat(folder)]);
    return own.dev !== outer.dev && (await pseudoSystem(path)) !== undefined;
  } catch {
    return false;
  }
};

const entriesOf = async (folder: string): Promise<Dirent[]> => {
  try {
    return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
};

/** Whether a file is read depends on those before it. */
const isSame = (was: Looked, is: Looked): boolean =>
  was.content !== null && is.content !== null ? was.content === is.content : was.stamp === is.stamp;

const HEADING =
  'Files that changed (no git repository, so without their content): A added, M changed, D gone\n';

type Kind = 'A' | 'M' | 'D';

const differences = (before: ListTree, after: ListTree): [kind: Kind, name: string][] => {
  const bounded = before.bounded || after.bounded;
  const found: [Kind, string][] = [];
  for (const name of [...new Set([...before.files.keys(), ...after.files.keys()])].sort()) {
    const [was, is] = [before.files.get(name), after.files.get(name)];
    if (was !== undefined && is !== undefined && isSame(was, is)) continue;
    // Of a list that was cut, the end tells nothing.
    if (bounded && (was === undefined ? before.bounded : is === undefined && after.bounded)) continue;
    found.push([was === undefined ? 'A' : is === undefined ? 'D' : 'M', name]);
  }
  return found;
};

export const compareListTrees = async (
  before: ListTree,
  after: ListTree,
  patchPath: string,
): Promise<Changed> => {
  const found = differences(before, after);
  const lines = found.map(([kind, name]) => `${kind} ${name}\n`);
  if (lines.length > 0) await replaceOwn(patchPath, HEADING + lines.join(''));
  return { names: found.map(([, name]) => name), bounded: before.bounded || after.bounded };
};

/** As movesBetweenLooks. */
export const movesBetweenLists = (last: ListTree, now: ListTree): { came: string[]; changed: string[] } => {
  const found = differences(last, now);
  const of = (isNew: boolean): string[] =>
    found.filter(([kind]) => (kind === 'A') === isNew).map(([, name]) => name);
  return { came: of(true), changed: of(false) };
};
