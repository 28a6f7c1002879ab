/**
 * What lies in a git work tree at a moment, as a tree object: what is tracked and what is new, without what git
 * ignores. Neither the user's index nor, unless asked, the object store is written to.
 */
import { existsSync } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { KoubouError } from '../errors.ts';
import {
  asBytes,
  asName,
  type GitPlace,
  git,
  gitLine,
  gitOutput,
  pathIn,
  shownName,
  zeroEnded,
} from '../process/git.ts';
import { copyIndex } from '../process/git-index.ts';

export interface GitScope {
  place: GitPlace;
  /** Folders and files that never count, absolute and real. */
  excluded: readonly string[];
  /** A folder for the index and the objects of the snapshots. */
  scratch: string;
  /** New objects go to the repository itself, where a commit can name them. */
  keepObjects: boolean;
  bounds?: Bounds;
}

/** Of how many files at most. */
export interface Bounds {
  /** The content is read. */
  read: number;
  /** At least size and time are looked at. */
  seen: number;
}

export const BOUNDS: Bounds = { read: 20_000, seen: 200_000 };

export interface GitTree {
  kind: 'git';
  /** The id of the tree. */
  tree: string;
  /** New files that were read. */
  read: ReadonlySet<string>;
  /** New files that are too large to be read, or too many, by what their size and time say. */
  timed: ReadonlyMap<string, string>;
  /** There were more new files than are looked at. */
  bounded: boolean;
}

export interface Changed {
  /** Sorted, as text. */
  names: string[];
  bounded: boolean;
}

const LARGE_BYTES = 16 * 1024 * 1024;

/** Whether git has a say in this folder: it lies in a work tree that does not ignore it. */
export const isGitFolder = async (place: GitPlace): Promise<boolean> => {
  const inside = await git(place, ['rev-parse', '--is-inside-work-tree', '--show-prefix']);
  const [within, prefix = ''] = inside.stdout.toString('utf8').split('\n');
  if (inside.code !== 0 || within !== 'true') return false;
  return prefix === '' || (await git(place, ['check-ignore', '-q', '.'])).code !== 0;
};

/**
 * `before`: an earlier look, with which this one is to be compared: what was read then is read again, and the rest is
 * not, so that no file seems changed for being looked at in another way. Throws `usage` where git cannot read the tree.
 */
export const takeGitTree = async (scope: GitScope, before?: GitTree): Promise<GitTree> => {
  const { place, scratch, excluded, keepObjects } = scope;
  const variables = await variablesOf(scope);
  const index = await gitLine(place, ['rev-parse', '--path-format=absolute', '--git-path', 'index']);
  await mkdir(scratch, { recursive: true });
  await copyIndex(index, join(scratch, 'index'));
  const list = async (...flags: string[]) =>
    zeroEnded(await gitOutput(place, ['ls-files', '-z', ...flags], { variables }));
  const outside = (name: string): boolean => !excluded.some((path) => isWithin(nameOf(path, place), name));
  const tracked = (await list('--modified', '--deleted')).filter(outside);
  // What is done in a submodule is in a repository of its own, which may go with the worktree.
  const changed = tracked.filter((name) => !existsSync(pathIn(place.folder, `${name}/.git`)));
  // What ends with a slash is another repository.
  const fresh = (await list('--others', '--exclude-standard')).filter((n) => outside(n) && !n.endsWith('/'));
  const { read, timed, bounded } = await lookAtFresh(scope, fresh, before);
  const update = (flags: string[], names: readonly string[]) =>
    gitOutput(place, ['update-index', ...flags, '-z', '--stdin'], {
      variables,
      input: asBytes(names.map((name) => `${name}\0`).join('')),
    });
  await update(['--add', '--remove', '--replace'], [...new Set([...changed, ...read])]);
  // The run may have committed what must be in no commit.
  if (keepObjects && excluded.length > 0) {
    const linked = (await list()).filter((name) => !outside(name));
    await update(['--force-remove'], linked);
  }
  const tree = await gitLine(place, ['write-tree', '--missing-ok'], { variables });
  return { kind: 'git', tree, read, timed, bounded };
};

const lookAtFresh = async (
  { place, keepObjects, bounds = BOUNDS }: GitScope,
  fresh: readonly string[],
  before: GitTree | undefined,
): Promise<Pick<GitTree, 'read' | 'timed' | 'bounded'>> => {
  // A commit must hold all of it.
  const limits = keepObjects ? { read: fresh.length, seen: fresh.length } : bounds;
  const mostRead = limits.read + (before?.read.size ?? 0);
  const known = (name: string): boolean =>
    before?.read.has(name) === true || before?.timed.has(name) === true;
  // Where not all was looked at before, nobody can tell what is new.
  const wanted = before?.bounded === true ? fresh.filter(known) : fresh;
  const read = new Set<string>();
  const timed = new Map<string, string>();
  let bounded = wanted.length < fresh.length;
  for (const name of wanted) {
    const facts = await lstat(pathIn(place.folder, name)).catch(() => undefined);
    if (facts === undefined || !(facts.isFile() || facts.isSymbolicLink())) continue;
    const isSmall = keepObjects || facts.size <= LARGE_BYTES;
    const again = before?.read.has(name) === true;
    const hasRoom = read.size < mostRead && before?.timed.has(name) !== true;
    if (isSmall && (again || hasRoom)) read.add(name);
    else if (read.size + timed.size < limits.seen || known(name))
      timed.set(name, `${facts.size} ${facts.mtimeMs} ${facts.mode}`);
    else bounded = true;
  }
  return { read, timed, bounded };
};

/** What differs between two trees of one scope. The patch's names are relative to the top of the repository. */
export const compareGitTrees = async (
  scope: GitScope,
  before: GitTree,
  after: GitTree,
  patchPath: string,
): Promise<Changed> => {
  const { place } = scope;
  const variables = await variablesOf(scope);
  const paths = await pathspecsOf(scope);
  const diff = [
    'diff-tree',
    '-r',
    '--no-renames',
    '--ignore-submodules=all',
    '--no-ext-diff',
    '--no-textconv',
  ];
  const trees = [before.tree, after.tree, '--', ...paths];
  const found = await gitOutput(place, [...diff, '-z', '--name-only', ...trees], { variables });
  const names = zeroEnded(found);
  const prefix = asName(await gitLine(place, ['rev-parse', '--show-prefix']));
  const timed = new Set([...before.timed.keys(), ...after.timed.keys()]);
  for (const name of timed) {
    if (before.timed.get(name) !== after.timed.get(name)) names.push(`${prefix}${name}`);
  }
  if (names.length > 0) {
    const patch = ['-p', '--binary', '--full-index', '--src-prefix=a/', '--dst-prefix=b/'];
    const { code, stderr } = await git(place, [...diff, ...patch, ...trees], {
      variables,
      stdoutPath: patchPath,
    });
    if (code !== 0) throw new KoubouError('internal', `The patch could not be written: ${stderr}`);
  }
  return { names: [...new Set(names)].map(shownName).sort(), bounded: before.bounded || after.bounded };
};

const variablesOf = async ({ place, scratch, keepObjects }: GitScope): Promise<Record<string, string>> => {
  const own = { GIT_INDEX_FILE: join(scratch, 'index') };
  if (keepObjects) return own;
  const real = await gitLine(place, ['rev-parse', '--path-format=absolute', '--git-path', 'objects']);
  const objects = join(scratch, 'objects');
  await mkdir(objects, { recursive: true });
  return {
    ...own,
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: /[:"]/.test(real) ? JSON.stringify(real) : real,
  };
};

const pathspecsOf = async ({ place, excluded }: GitScope): Promise<string[]> => {
  const prefix = (await gitLine(place, ['rev-parse', '--show-prefix'])).replace(/\/$/, '');
  const within = excluded
    .map((path) => relative(place.folder, path))
    .filter((name) => !name.startsWith('..'));
  return [
    prefix === '' ? ':/' : `:(top,literal)${prefix}`,
    ...within.map((name) => `:(top,exclude,literal)${prefix === '' ? name : `${prefix}/${name}`}`),
  ];
};

const nameOf = (path: string, { folder }: GitPlace): string => asName(relative(folder, path));

const isWithin = (outer: string, name: string): boolean =>
  outer === '' || name === outer || name.startsWith(`${outer}/`);
