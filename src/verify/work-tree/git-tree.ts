/**
 * What lies in a git work tree at a moment, as a tree object: what is tracked and what is new, without what git
 * ignores, and without any part of a home. Neither the user's index nor, unless asked, the object store is written to.
 *
 * The first look begins with a copy of the user's index; every later one with the index of the first look. So what a run
 * does to the index of its folder (bits that hide a change, forged times) shows and hides nothing.
 */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { git, gitLine, gitOutput } from '../../git/git.ts';
import { asName, pathIn, shownName, zeroEnded } from '../../git/names.ts';
import { copyIndex, copySharedIndex, giveTime, isSameFile } from '../../git/own-index.ts';
import { type GitPlace } from '../../git/place.ts';
import { forgedObject } from '../../git/repository/forged-object.ts';
import { withFilter } from '../../git/repository/lfs-pointer.ts';
import { createOwn } from '../../names/own-file.ts';
import { homeIn } from '../../text/home-name.ts';
import { reencoded } from './encodings.ts';
import { factsOf, Look } from './git-look.ts';

export interface GitScope {
  /** With a git folder of koubou's own. */
  place: GitPlace;
  /** The folder within the work tree; empty at its top. */
  prefix: string;
  /** Absolute: the index of the work tree. */
  index: string;
  /** Folders and files that never count, absolute and real. */
  excluded: readonly string[];
  /** A folder for the indexes of the looks. */
  scratch: string;
  /** Of a tree that is to be committed all of it is read. */
  whole: boolean;
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
  /** New files that are too large to be read, or too many, by what their size and time say. */
  timed: ReadonlyMap<string, string>;
  /** There were more new files than are looked at. */
  bounded: boolean;
  /** Of a tree that is to be committed: what changed and would go through a filter, which is not run. */
  filtered: readonly string[];
  /** Changed files that git reads by another encoding than it did at the first look. */
  reencoded: readonly string[];
}

export interface Changed {
  /** Sorted, as text. */
  names: string[];
  bounded: boolean;
}

const LARGE_BYTES = 16 * 1024 * 1024;

/** Whether git ignores the folder that it lies in. */
export const isIgnored = async (place: GitPlace, prefix: string): Promise<boolean> =>
  prefix !== '' && (await git(place, ['check-ignore', '-q', '.'])).code === 0;

/**
 * `before`: an earlier look, with which this one is to be compared: what was read then is read again, and the rest is
 * not, so that no file seems changed for being looked at in another way. Throws `conflict` where git cannot read the tree.
 */
export const takeGitTree = async (scope: GitScope, before?: GitTree): Promise<GitTree> => {
  const { place, scratch, excluded, index } = scope;
  const first = join(scratch, 'index');
  const now = before === undefined ? first : join(scratch, 'index.now');
  await copyIndex(before === undefined ? index : first, now);
  const began = join(scratch, 'index.began');
  if (before === undefined) await copyIndex(index, began);
  const look = new Look(place, now);
  await look.clearBits();
  const counts = (name: string): boolean =>
    homeIn(shownName(name)) === undefined && !excluded.some((path) => isWithin(nameOf(path, place), name));

  const moved = await look.moved();
  const changed = moved.changed.filter(counts);
  const others = (await look.list('--others', '--exclude-standard')).filter(counts);
  // What ends with a slash is another repository.
  const untracked = others.filter((name) => !name.endsWith('/'));
  const tracked = before === undefined ? [] : await trackedSince(scope, look, new Set(others));
  const fresh = [...untracked, ...tracked.filter(counts)];
  const { read, timed, bounded } = await lookAtFresh(scope, fresh, before);
  const written = [...new Set([...changed, ...read])];
  await look.update(moved.gone.filter(counts), written);
  const tree = await gitLine(place, ['write-tree', '--missing-ok'], { variables: look.variables });
  if (before === undefined && existsSync(began)) await giveTime(began, first);
  const filtered = scope.whole ? await withFilter(place, written) : [];
  const odd =
    before === undefined
      ? []
      : [...(await reencoded(place, written, { before: first, tree })), ...(await look.refused([...read]))];
  return { kind: 'git', tree, timed, bounded, filtered: filtered.map(shownName), reencoded: odd };
};

/** What the run itself added to the index of its folder, though git would ignore it. */
const trackedSince = async (
  { place, index, scratch }: GitScope,
  look: Look,
  others: ReadonlySet<string>,
): Promise<string[]> => {
  const theirs = join(scratch, 'index.theirs');
  if (await isSameFile(index, join(scratch, 'index.began'))) return [];
  await copyIndex(index, theirs);
  if (place.own !== undefined) await copySharedIndex(dirname(index), place.own.path);
  // Theirs may be none that git can read.
  const listed = await git(place, ['ls-files', '-z', '--cached'], { variables: { GIT_INDEX_FILE: theirs } });
  if (listed.code !== 0) return [];
  const added: string[] = [];
  for (const name of zeroEnded(listed.stdout)) {
    if (!look.known.has(name) && !others.has(name) && (await isPlain(place, name))) added.push(name);
  }
  return added;
};

/** Whether no link leads to a name. */
const isPlain = async ({ folder }: GitPlace, name: string): Promise<boolean> => {
  const parent = dirname(name);
  if (parent === '.') return true;
  const path = pathIn(folder, parent);
  const found = await realpath(path, { encoding: 'buffer' }).catch(() => undefined);
  return found?.equals(path) === true;
};

const lookAtFresh = async (
  { place, whole, bounds = BOUNDS }: GitScope,
  fresh: readonly string[],
  before: GitTree | undefined,
): Promise<Pick<GitTree, 'timed' | 'bounded'> & { read: ReadonlySet<string> }> => {
  // A commit must hold all of it.
  const limits = whole ? { read: fresh.length, seen: fresh.length } : bounds;
  const known = (name: string): boolean => before?.timed.has(name) === true;
  // Where not all was looked at before, nobody can tell what is new.
  const wanted = before?.bounded === true ? fresh.filter(known) : fresh;
  const read = new Set<string>();
  const timed = new Map<string, string>();
  let bounded = wanted.length < fresh.length;
  for (const name of wanted) {
    place.signal?.throwIfAborted();
    const facts = await factsOf(place, name);
    if (facts === undefined || !(facts.isFile() || facts.isSymbolicLink())) continue;
    const isSmall = whole || facts.size <= LARGE_BYTES;
    const hasRoom = read.size < limits.read && !known(name);
    if (isSmall && hasRoom) read.add(name);
    else if (read.size + timed.size < limits.seen || known(name))
      timed.set(name, `${facts.size} ${facts.mtimeMs} ${facts.ctimeMs} ${facts.mode}`);
    else bounded = true;
  }
  return { read, timed, bounded };
};

const DIFF = ['diff-tree', '-r', '--no-renames', '--ignore-submodules=all', '--no-ext-diff', '--no-textconv'];

/** What differs between two trees of one scope. The patch's names are relative to the top of the repository. */
export const compareGitTrees = async (
  scope: GitScope,
  before: GitTree,
  after: GitTree,
  patchPath: string,
): Promise<Changed> => {
  const { place, prefix } = scope;
  const trees = [before.tree, after.tree, '--', ...pathspecsOf(scope)];
  const found = await gitOutput(place, [...DIFF, '-z', '--name-only', ...trees]);
  const names = zeroEnded(found);
  for (const name of timedDifferences(before, after)) {
    names.push(prefix === '' ? name : `${asName(prefix)}/${name}`);
  }
  if (found.length > 0) await requireGenuine(place, trees);
  if (names.length > 0) {
    // A new file, and not what somebody put there for it to lead elsewhere.
    const file = await createOwn(patchPath);
    try {
      const patch = ['-p', '--binary', '--full-index', '--src-prefix=a/', '--dst-prefix=b/'];
      const { code, stderr } = await git(place, [...DIFF, ...patch, ...trees], { printsTo: file.fd });
      if (code !== 0) throw new KoubouError('internal', `The patch could not be written: ${stderr}`);
    } finally {
      await file.close();
    }
  }
  return { names: [...new Set(names)].map(shownName).sort(), bounded: before.bounded || after.bounded };
};

/** Else another content would be shown in the patch than lies in the folder. */
const requireGenuine = async (place: GitPlace, trees: readonly string[]): Promise<void> => {
  const fields = zeroEnded(await gitOutput(place, [...DIFF, '-z', '--raw', '--no-abbrev', ...trees]));
  const isIn = fields.flatMap((field, at) => (at % 2 === 0 ? [field.slice(1).split(' ')] : []));
  const ids = isIn.flatMap(([, mode = '', , id = '']) => (/^(0+|160000)$/.test(mode) ? [] : [id]));
  const forged = await forgedObject(place, [...new Set(ids)]);
  if (forged === undefined) return;
  throw new KoubouError(
    'output_changed',
    `git has the object ${forged}, which is not what its name says: something wrote into the objects of the repository.`,
    { hint: 'Look with `git fsck --full`, and remove that object.' },
  );
};

/** What came, and what is no longer as it was, between two looks. Names as compareGitTrees has them, sorted. */
export const movesBetweenLooks = async (
  scope: GitScope,
  before: GitTree,
  after: GitTree,
): Promise<{ came: string[]; changed: string[] }> => {
  const { place, prefix } = scope;
  const trees = [before.tree, after.tree, '--', ...pathspecsOf(scope)];
  const fields = zeroEnded(await gitOutput(place, [...DIFF, '-z', '--name-status', ...trees]));
  const came: string[] = [];
  const changed: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    (fields[at] === 'A' ? came : changed).push(fields[at + 1] ?? '');
  }
  for (const name of timedDifferences(before, after)) {
    (before.timed.has(name) ? changed : came).push(prefix === '' ? name : `${asName(prefix)}/${name}`);
  }
  return { came: came.map(shownName).sort(), changed: changed.map(shownName).sort() };
};

const timedDifferences = (before: GitTree, after: GitTree): string[] =>
  [...new Set([...before.timed.keys(), ...after.timed.keys()])].filter(
    (name) => before.timed.get(name) !== after.timed.get(name),
  );

const pathspecsOf = ({ place, prefix, excluded }: GitScope): string[] => {
  const within = excluded
    .map((path) => relative(place.folder, path))
    .filter((name) => name !== '..' && !name.startsWith('../'));
  return [
    prefix === '' ? ':/' : `:(top,literal)${prefix}`,
    ...within.map((name) => `:(top,exclude,literal)${prefix === '' ? name : `${prefix}/${name}`}`),
  ];
};

const nameOf = (path: string, { folder }: GitPlace): string => asName(relative(folder, path));

const isWithin = (outer: string, name: string): boolean =>
  outer === '' || name === outer || name.startsWith(`${outer}/`);
