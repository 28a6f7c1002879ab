/** What a merge moves, and what lies in the work tree at the names that it moves. */
import { lstat, readdir, rm } from 'node:fs/promises';
import { gitOutput } from '../../git/git.ts';
import { asBytes, pathIn, shownName, zeroEnded } from '../../git/names.ts';
import { type GitPlace } from '../../git/place.ts';
import { pointedTo } from '../../git/repository/lfs-pointer.ts';
import { within } from './within.ts';

/** `MODE ID` as git has it; null: no such file. */
export type State = string | null;

export interface Move {
  /** git's bytes. */
  name: string;
  from: State;
  to: State;
}

const modeOf = (state: string): string => state.slice(0, state.indexOf(' '));
export const idOf = (state: string): string => state.slice(state.indexOf(' ') + 1);
export const isSubmodule = (state: State): boolean => state?.startsWith('160000 ') ?? false;

export const movesBetween = async (place: GitPlace, from: string, to: string): Promise<Move[]> => {
  const raw = ['diff-tree', '-r', '-z', '--raw', '--no-abbrev', '--no-renames', '--ignore-submodules=none'];
  const fields = zeroEnded(await gitOutput(place, [...raw, from, to]));
  const moves: Move[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [was = '', is = '', wasId, isId] = (fields[at] ?? '').slice(1).split(' ');
    const state = (mode: string, id: string | undefined) => (/^0+$/.test(mode) ? null : `${mode} ${id}`);
    moves.push({ name: fields[at + 1] ?? '', from: state(was, wasId), to: state(is, isId) });
  }
  return moves;
};

export type Lying = 'nothing' | 'file' | 'link' | 'folder' | 'other';

/** What lies at a name; nothing does where a file or a link lies on the way. */
export const lyingAt = async (top: string, name: string): Promise<Lying> => {
  const facts = await within(top, name, ({ path }) => lstat(path)).catch(() => undefined);
  if (facts === undefined) return 'nothing';
  if (facts.isFile()) return 'file';
  if (facts.isSymbolicLink()) return 'link';
  return facts.isDirectory() ? 'folder' : 'other';
};

/** Neither of the states that a move knows. */
const OTHER = 'other';

/**
 * For each move whether the work tree is as it begins, as it ends, or otherwise. The user's index is not asked: what it is
 * told to take for unchanged is looked at all the same. How a file is read (line ends, modes that the file system does
 * not have) depends on what git has of it, so it is compared with each of both. A folder is no file.
 */
export const currentStates = async (
  place: GitPlace,
  index: string,
  moves: readonly Move[],
): Promise<Map<string, State>> => {
  const states = new Map<string, State>();
  const there: Move[] = [];
  const alias = aliases(place.folder);
  for (const move of moves) {
    const lies = (await alias(move.name)) ? 'nothing' : await lyingAt(place.folder, move.name);
    if (lies === 'file' || lies === 'link') there.push(move);
    else states.set(move.name, lies === 'other' ? OTHER : null);
  }
  const asBegun = await statesBeside(place, index, there, ({ from }) => from);
  for (const move of there) states.set(move.name, asBegun.get(move.name) ?? OTHER);
  const differing = there.filter(({ name, from }) => states.get(name) !== from);
  const asEnded = await statesBeside(place, index, differing, ({ to }) => to);
  for (const { name, to } of differing) if (asEnded.get(name) === to) states.set(name, to);
  for (const name of await pointed(place, differing, states)) {
    states.set(name, moves.find((move) => move.name === name)?.from ?? null);
  }
  return states;
};

/**
 * Whether a file system that does not tell cases apart finds, at a name, a file of another name. What differs only in how
 * its letters are composed is the same.
 */
const aliases = (top: string): ((name: string) => Promise<boolean>) => {
  const listed = new Map<string, Promise<ReadonlySet<string>>>();
  const list = (parent: string): Promise<ReadonlySet<string>> => {
    const path = parent === '' ? top : pathIn(top, parent);
    const names = readdir(path, { encoding: 'buffer' }).catch(() => []);
    return names.then((all) => new Set(all.map((each) => each.toString('latin1'))));
  };
  return async (name) => {
    const cut = name.lastIndexOf('/');
    const parent = cut < 0 ? '' : name.slice(0, cut);
    const own = name.slice(cut + 1);
    const names = listed.get(parent) ?? list(parent);
    listed.set(parent, names);
    if ((await names).has(own)) return false;
    const composed = shownName(own).normalize();
    return ![...(await names)].some((each) => shownName(each).normalize() === composed);
  };
};

/** What git would have of the files, where it has `known` of them. */
const statesBeside = async (
  place: GitPlace,
  index: string,
  moves: readonly Move[],
  known: (move: Move) => State,
): Promise<Map<string, string>> => {
  const states = new Map<string, string>();
  if (moves.length === 0) return states;
  await rm(index, { force: true });
  const variables = { GIT_INDEX_FILE: index };
  const entries = moves.filter((move) => known(move) !== null && !isSubmodule(known(move)));
  await gitOutput(place, ['update-index', '-z', '--index-info'], {
    variables,
    input: asBytes(entries.map((move) => `${known(move)}\t${move.name}\0`).join('')),
  });
  await gitOutput(place, ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'], {
    variables,
    input: asBytes(moves.map(({ name }) => `${name}\0`).join('')),
  });
  for (const line of zeroEnded(
    await gitOutput(place, ['ls-files', '-s', '-z', '--full-name'], { variables }),
  )) {
    const tab = line.indexOf('\t');
    const [mode, id] = line.slice(0, tab).split(' ');
    states.set(line.slice(tab + 1), `${mode} ${id}`);
  }
  return states;
};

/** Files that are themselves what git has a pointer to. */
const pointed = async (
  place: GitPlace,
  moves: readonly Move[],
  states: ReadonlyMap<string, State>,
): Promise<ReadonlySet<string>> => {
  const pointers = new Map<string, string>();
  for (const { name, from, to } of moves) {
    const is = states.get(name) ?? null;
    if (from !== null && is !== null && is !== to && modeOf(is) === modeOf(from)) {
      pointers.set(name, idOf(from));
    }
  }
  return pointedTo(place, pointers);
};
