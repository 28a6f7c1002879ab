/** What lies in a folder that git knows nothing of: a list of its files with their hashes, bounded. */
import { hash } from 'node:crypto';
import { type Dirent } from 'node:fs';
import { lstat, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { BOUNDS, type Bounds, type Changed } from './git-tree.ts';

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
}

/** Without a repository nothing says what is ignored; these are never anybody's work. */
const NEVER = new Set(['.git', '.hg', '.svn', '.jj', 'node_modules', '__pycache__', '.venv', '.cache']);
const UNREADABLE: Looked = { content: 'unreadable', stamp: 'unreadable' };
const HASHED_BYTES = 8 * 1024 * 1024;
const ALL_HASHED_BYTES = 256 * 1024 * 1024;

export const takeListTree = async ({ folder, excluded, bounds = BOUNDS }: ListScope): Promise<ListTree> => {
  const files = new Map<string, Looked>();
  let bytesLeft = ALL_HASHED_BYTES;
  const describe = async (path: string): Promise<Looked> => {
    const facts = await lstat(path);
    const mode = (facts.mode & 0o777).toString(8);
    const stamp = `${mode} ${facts.size} ${facts.mtimeMs}`;
    if (facts.isSymbolicLink()) return { content: `link ${await readlink(path)}`, stamp };
    const isMuch = facts.size > HASHED_BYTES || facts.size > bytesLeft || files.size >= bounds.read;
    if (isMuch) return { content: null, stamp };
    bytesLeft -= facts.size;
    return { content: `${mode} ${hash('sha256', await readFile(path))}`, stamp };
  };
  const waiting = [folder];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const entry of await entriesOf(next)) {
      const path = join(next, entry.name);
      if (NEVER.has(entry.name) || excluded.includes(path)) continue;
      if (entry.isDirectory()) waiting.push(path);
      if (!entry.isFile() && !entry.isSymbolicLink()) continue;
      if (files.size >= bounds.seen) return { kind: 'list', files, bounded: true };
      // A file may go, or be unreadable, before and after alike.
      files.set(relative(folder, path), await describe(path).catch(() => UNREADABLE));
    }
  }
  return { kind: 'list', files, bounded: false };
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

export const compareListTrees = async (
  before: ListTree,
  after: ListTree,
  patchPath: string,
): Promise<Changed> => {
  const bounded = before.bounded || after.bounded;
  const lines: string[] = [];
  const names: string[] = [];
  for (const name of [...new Set([...before.files.keys(), ...after.files.keys()])].sort()) {
    const [was, is] = [before.files.get(name), after.files.get(name)];
    if (was !== undefined && is !== undefined && isSame(was, is)) continue;
    // Of a list that was cut, the end tells nothing.
    if (bounded && (was === undefined ? before.bounded : is === undefined && after.bounded)) continue;
    names.push(name);
    lines.push(`${was === undefined ? 'A' : is === undefined ? 'D' : 'M'} ${name}\n`);
  }
  if (lines.length > 0) await writeFile(patchPath, HEADING + lines.join(''), { mode: 0o600 });
  return { names, bounded };
};
