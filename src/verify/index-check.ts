/**
 * Whether the index of a folder tells the truth. An entry that says "the file is as it was when this was written" is believed by
 * every git, and by the first look of the next run: one that a run wrote itself, with the size and times of the file and another
 * content, would hide what is done to that file later.
 */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { asName, type GitPlace, git, gitLine, shownName, zeroEnded } from '../process/git.ts';
import { isOfMachine } from '../process/git-failure.ts';
import { copyIndex, copySharedIndex, isSameFile } from '../process/git-index.ts';
import { pointedTo, withFilter } from '../process/lfs-pointer.ts';
import { factsOf, Look } from './git-look.ts';
import type { GitScope } from './git-tree.ts';

interface Entry {
  mode: string;
  id: string;
}

const GITLINK = '160000';

/**
 * Names whose entries lie, sorted. `looked`: the index of a look at the folder that was made just now. `asking`: the repository
 * itself, for its settings. What the user told git to take for unchanged is looked at all the same.
 */
export const lyingEntries = async (
  { place, index, scratch }: GitScope,
  { looked, gitFolder, asking }: { looked: string; gitFolder: string; asking: GitPlace },
): Promise<string[]> => {
  if (await isAsBefore(index, join(scratch, 'index.began'))) return [];
  const theirs = join(scratch, 'index.judged');
  await copyIndex(index, theirs);
  if (place.own !== undefined) await copySharedIndex(gitFolder, place.own.path);
  const listed = await git(place, ['ls-files', '-z'], { variables: { GIT_INDEX_FILE: theirs } });
  // What git cannot read, nobody believes.
  if (listed.code !== 0) return [];
  const look = new Look(place, theirs);
  await look.clearBits();
  const { changed, gone } = await look.moved();
  const open = new Set([...changed, ...gone]);
  const ours = entriesOf(await new Look(place, looked).list('-s'));
  const wrong = new Map<string, string>();
  for (const [name, { mode, id }] of entriesOf(await look.list('-s'))) {
    const own = ours.get(name);
    if (own === undefined || open.has(name) || [mode, own.mode].includes(GITLINK)) continue;
    // Of a file that a sparse checkout leaves out nothing is said.
    if (own.id !== id && (await factsOf(place, name)) !== undefined) wrong.set(name, id);
  }
  const folders = await lyingFolders(place, look);
  if (wrong.size === 0) return folders;
  for (const name of await nowAs(place, wrong)) wrong.delete(name);
  const pointed = await pointedTo(place, wrong);
  const filtered = new Set(await filteredByGit(place, asking, [...wrong.keys()]));
  return [...wrong.keys()]
    .filter((name) => !pointed.has(name) && !filtered.has(name))
    .map(shownName)
    .concat(folders)
    .sort();
};

/** Then a run wrote nothing into it. The other part of one in two may have changed alone. */
const isAsBefore = async (index: string, began: string): Promise<boolean> =>
  !(await readdir(dirname(index))).some((name) => name.startsWith('sharedindex.')) &&
  (await isSameFile(index, began));

/**
 * An index also holds the trees of its folders, and the next commit takes over those in which nothing changed since. So the tree
 * of the whole is made from those of each depth, and last from the entries alone. What is in conflict has none, and is taken out.
 */
const lyingFolders = async (place: GitPlace, look: Look): Promise<string[]> => {
  const unmerged = (await look.list('-u')).map((line) => line.slice(line.indexOf('\t') + 1));
  await look.update(unmerged, []);
  const levels = levelsOf(await look.list());
  const trees = new Set<string>();
  for (const folders of [[''], ...levels]) {
    // What is removed from a folder, be it there or not, has git forget the trees of it and of those around it.
    await look.update(
      [...folders].map((folder) => `${folder}${NOBODY}`),
      [],
    );
    try {
      trees.add(await gitLine(place, ['write-tree', '--missing-ok'], { variables: look.variables }));
    } catch (error) {
      // Of what git itself wrote a tree can be made, but for want of room or time.
      if (!(error instanceof KoubouError) || isOfMachine(error) || place.signal?.aborted) throw error;
      return [FOLDERS];
    }
  }
  const all = [...trees];
  const fresh = all.at(-1) ?? '';
  for (const tree of all) {
    // Of old, git wrote modes into trees that it writes into none any more: the files are the same.
    const same = await git(place, ['diff-tree', '-r', '--quiet', '--no-renames', tree, fresh]);
    if (same.code !== 0) return [FOLDERS];
  }
  return [];
};

const FOLDERS = 'the trees of its folders';
const NOBODY = '.koubou-nothing';

/** Folders by their depth, each with a slash at its end. */
const levelsOf = (names: readonly string[]): Set<string>[] => {
  const levels: Set<string>[] = [];
  for (const name of names) {
    let depth = 0;
    for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
      levels[depth] ??= new Set();
      levels[depth]?.add(name.slice(0, at + 1));
      depth += 1;
    }
  }
  return levels;
};

/** In one call. */
const MOST_HASHED = 200;

/** Of names with what an index says of them, those that are so by now: a person may have changed and staged one since the look. */
const nowAs = async (place: GitPlace, said: ReadonlyMap<string, string>): Promise<string[]> => {
  const files: string[] = [];
  for (const name of said.keys()) {
    if (asName(shownName(name)) === name && (await factsOf(place, name))?.isFile() === true) files.push(name);
  }
  const same: string[] = [];
  for (let at = 0; at < files.length; at += MOST_HASHED) {
    const part = files.slice(at, at + MOST_HASHED);
    const hashed = await git(place, ['hash-object', '--', ...part.map(shownName)]);
    const ids = hashed.stdout.toString('latin1').split('\n');
    for (const [nth, name] of part.entries()) if (ids[nth] === said.get(name)) same.push(name);
  }
  return same;
};

/** By name; without those that are in conflict. */
const entriesOf = (lines: readonly string[]): Map<string, Entry> => {
  const entries = new Map<string, Entry>();
  for (const line of lines) {
    const [, mode = '', id = '', stage, name = ''] = /^(\d+) ([0-9a-f]+) (\d)\t(.*)$/s.exec(line) ?? [];
    if (stage === '0') entries.set(name, { mode, id });
  }
  return entries;
};

/** git puts these through a program of the user's settings, which koubou does not run: what comes of it is not known. */
const filteredByGit = async (
  place: GitPlace,
  asking: GitPlace,
  names: readonly string[],
): Promise<string[]> => {
  const found = await withFilter(place, names);
  if (found.length === 0) return [];
  const settings = await git(asking, [
    'config',
    '-z',
    '--name-only',
    '--get-regexp',
    '^filter\\..*\\.(clean|process)$',
  ]);
  return zeroEnded(settings.stdout).length > 0 ? found : [];
};
