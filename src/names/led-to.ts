/**
 * Where links lead that stand at some names, or in folders there: what is obeyed, run or hidden by such a name is so by another
 * one as well. What is not there counts, too, as somebody may make it.
 */
import { type Dirent, readdirSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { closestAround, isWithin } from '../text/is-within.ts';
import { isLinkedWorktree, isWorktreeOfAgent, liesInWorktree } from './agent-worktree.ts';
import { factsIfAny, factsOf, follow } from './walk.ts';

export interface LedTo {
  /** The ends of all ways, the names themselves included; without links. `from`: the first name or link that led there. */
  ends: { path: string; facts: Stats | undefined; from: string }[];
  /** The links on them. */
  links: string[];
  /** Folders on them that `..` left again. */
  passed: string[];
  /** Names of which nobody knows where they lead: by no text, or by too long a way. */
  unknown: string[];
  /** Whether all folders were looked through. */
  isWhole: boolean;
}

export interface LookBounds {
  /** Of each name or link, but for the first two levels, of which all are looked through. */
  folders: number;
  entries: number;
  /** Folders within folders; 1: what lies right in those at the names. */
  depth: number;
  /** Of all together, as StepBudget has it: how long the ways are is up to who made the links. */
  steps: number;
}

/** Settings of agents: small, but for what agents themselves keep beside them. */
export const SETTINGS_BOUNDS: LookBounds = {
  folders: 5000,
  entries: 50_000,
  depth: Number.POSITIVE_INFINITY,
  steps: 2_000_000,
};

/**
 * Work trees of agents among their settings are projects of their own, and not looked through, nor is what a link in a folder leads
 * to as a project.
 */
export const ledTo = (names: readonly string[], bounds: LookBounds): LedTo => {
  const found: LedTo = { ends: [], links: [], passed: [], unknown: [], isWhole: true };
  const links = new Set<string>();
  const passed = new Set<string>();
  const ends = new Set<string>();
  const looking = { budget: { steps: bounds.steps }, look: onceEach(factsOf), followsOthers: true };
  const looked: Looked = { folders: new Set(), left: { ...MOST_OF_ALL } };
  const waiting = [...names];
  const own = new Set(names);
  // A queue: what was found first is followed first, so that nothing deep down uses up the steps.
  for (const name of waiting) {
    const way = follow(name, looking);
    for (const { path } of way.links) links.add(path);
    for (const path of way.passed) passed.add(path);
    if (way.isUnknown) found.unknown.push(name);
    if (ends.has(way.end) || (!own.has(name) && isProject(way.end, name))) continue;
    ends.add(way.end);
    found.ends.push({ path: way.end, facts: way.facts, from: name });
    if (way.stopped !== undefined || way.facts?.isDirectory() !== true || OF_KERNEL.test(way.end)) continue;
    const below = linksBelow(way.end, bounds, looked);
    if (!below.isWhole) found.isWhole = false;
    for (const link of below.links) waiting.push(link);
    for (const each of below.odd) {
      const end = endOfOdd(each);
      if (end === undefined) found.unknown.push(each.toString());
      else waiting.push(end);
    }
  }
  return { ...found, links: [...links], passed: [...passed] };
};

/** All that decides what names give, or the part of it that counts. */
export class Ways {
  readonly #ends = new Set<string>();
  /** All that decides, and the folders around it. */
  readonly #around = new Set<string>();

  constructor(
    { ends, links, passed }: Pick<LedTo, 'ends' | 'links' | 'passed'>,
    counts: (path: string) => boolean = () => true,
  ) {
    for (const { path } of ends) if (counts(path)) this.#ends.add(path);
    for (const path of [...this.#ends, ...links.filter(counts), ...passed.filter(counts)])
      for (let at = path; !this.#around.has(at); at = dirname(at)) this.#around.add(at);
  }

  get isEmpty(): boolean {
    return this.#around.size === 0;
  }

  /** Whether a change at `place` changes what the names give: it is on a way, around it, or lies in its end. */
  decides(place: string): boolean {
    if (this.#around.has(place)) return true;
    const end = closestAround(place, this.#ends);
    return end !== undefined && !liesInWorktree(place, end);
  }
}

/** Processes and devices: nothing that is obeyed lies there, and some of it cannot be read, or not in time. */
const OF_KERNEL = /^\/(?:proc|sys|dev(?!\/(?:shm|mqueue)\/))(?:\/|$)/;

/** What a link in settings leads to as a whole and what is nobody's settings. `link`: where it stands. */
const isProject = (folder: string, link: string): boolean =>
  (link !== folder && isWithin(link, folder)) || isRepository(folder);

/**
 * A repository is a project of its own, as are the skills that a person works on and links into ~/.claude. A submodule, of which the
 * author of the repository around says where it lies, is none.
 */
export const isRepository = (folder: string): boolean =>
  factsIfAny(join(folder, '.git'))?.isDirectory() === true || isLinkedWorktree(folder);

const onceEach = <T>(look: (path: string) => T): ((path: string) => T) => {
  const known = new Map<string, T>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined || known.has(path)) return before as T;
    const now = look(path);
    known.set(path, now);
    return now;
  };
};

/** Where a link leads whose own name is no UTF-8; undefined: nowhere, to where no text does, or it is a folder. */
const endOfOdd = (path: Buffer): string | undefined => {
  try {
    const end = realpathSync.native(path, { encoding: 'buffer' });
    const text = end.toString();
    return !end.equals(path) && Buffer.from(text).equals(end) ? text : undefined;
  } catch {
    return undefined;
  }
};

interface Below {
  links: string[];
  /** Links and folders whose names are no UTF-8. */
  odd: Buffer[];
  isWhole: boolean;
}

const UPPER = 2;
/** Of all names and links together: links may lead to one folder in many ways. */
const MOST_OF_ALL = { folders: 20_000, entries: 200_000 };

interface Looked {
  folders: Set<string>;
  left: { folders: number; entries: number };
}

/** The upper ones first, so that nothing deep down hides them. */
const linksBelow = (top: string, bounds: LookBounds, all: Looked): Below => {
  const links: string[] = [];
  const odd: Buffer[] = [];
  const left = { folders: bounds.folders, entries: bounds.entries };
  let level = [top];
  for (let depth = 1; level.length > 0 && depth <= bounds.depth; depth += 1) {
    const deeper: string[] = [];
    for (const folder of level) {
      if (all.folders.has(folder)) continue;
      all.folders.add(folder);
      if (isSpent(all.left) || (depth > UPPER && isSpent(left))) return { links, odd, isWhole: false };
      const entries = entriesOf(folder);
      for (const each of [left, all.left]) {
        each.folders -= 1;
        each.entries -= entries.length;
      }
      for (const each of entries.some(isOdd) ? oddIn(folder) : []) odd.push(each);
      for (const entry of entries) {
        if (isOdd(entry)) continue;
        const path = join(folder, entry.name);
        if (entry.isSymbolicLink()) links.push(path);
        else if (entry.isDirectory() && entry.name !== '.git' && !isWorktreeOfAgent(path)) deeper.push(path);
      }
    }
    level = deeper;
  }
  return { links, odd, isWhole: level.length === 0 };
};

const isSpent = (left: Looked['left']): boolean => left.folders <= 0 || left.entries < 0;

const isOdd = ({ name }: Dirent): boolean => name.includes('\uFFFD');

const oddIn = (folder: string): Buffer[] =>
  readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }).flatMap((entry) => {
    const isText = Buffer.from(entry.name.toString()).equals(entry.name) && !entry.name.includes('\uFFFD');
    const isMeant = !isText && (entry.isSymbolicLink() || entry.isDirectory());
    return isMeant ? [Buffer.concat([Buffer.from(`${folder}/`), entry.name])] : [];
  });

const entriesOf = (path: string): Dirent[] => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
};
