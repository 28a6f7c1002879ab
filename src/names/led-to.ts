/**
 * Where links lead that stand at some names, or in folders there: what is obeyed, run or hidden by such a name is so by another
 * one as well. What is not there counts, too, as somebody may make it.
 */
import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from '../text/is-within.ts';
import { isWorktreeOfAgent } from './agent-worktree.ts';
import { NameRefused, type StepBudget, type Walk, walk } from './walk.ts';

export interface LedTo {
  /** The ends of all ways, the names themselves included; without links. `from`: the first name or link that led there. */
  ends: { path: string; facts: Stats | undefined; from: string }[];
  /** The links on them. */
  links: string[];
  /** Names that lead to where no text does. */
  unnamed: string[];
  /** Whether all was looked at. */
  isWhole: boolean;
}

export interface LookBounds {
  /** Of each name or link. */
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
  steps: 100_000,
};

/** Work trees of agents among their settings are projects of their own, and not looked through. */
export const ledTo = (names: readonly string[], bounds: LookBounds): LedTo => {
  const found: LedTo = { ends: [], links: [], unnamed: [], isWhole: true };
  const seen = new Set<string>();
  const budget = { steps: bounds.steps };
  const waiting = names.toReversed();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const way = wayOf(name, budget);
    if (way === 'long') {
      found.isWhole = false;
      continue;
    }
    if (way === undefined) {
      found.unnamed.push(name);
      continue;
    }
    for (const { path } of way.links) found.links.push(path);
    if (seen.has(way.end)) continue;
    seen.add(way.end);
    found.ends.push({ path: way.end, facts: way.facts, from: name });
    if (way.facts?.isDirectory() !== true) continue;
    const below = linksBelow(way.end, bounds);
    if (!below.isWhole) found.isWhole = false;
    for (const link of below.links) waiting.push(link);
    for (const each of below.odd) {
      const end = endOfOdd(each);
      if (end === undefined) found.unnamed.push(each.toString());
      else waiting.push(end);
    }
  }
  return found;
};

/** All places that decide what the names give: who changes one of them, or a folder around it, changes that. */
export const decisive = ({ ends, links }: Pick<LedTo, 'ends' | 'links'>): string[] => [
  ...new Set([...links, ...ends.map(({ path }) => path)]),
];

/** Whether a change at one of the two places changes what lies at the other one. */
export const meets = (a: string, b: string): boolean => isWithin(a, b) || isWithin(b, a);

/** Programs follow also what a walk does not: a link of another user, or one to a name that is no text (undefined). */
const wayOf = (
  name: string,
  budget: StepBudget,
): Pick<Walk, 'end' | 'facts' | 'links'> | 'long' | undefined => {
  try {
    return walk(name, budget);
  } catch (error) {
    if (!(error instanceof NameRefused)) throw error;
  }
  if (budget.steps < 0) return 'long';
  const links = [{ path: name, target: '' }];
  try {
    const end = realpathSync.native(name, { encoding: 'buffer' });
    const text = end.toString();
    return Buffer.from(text).equals(end) ? { end: text, facts: statSync(text), links } : undefined;
  } catch {
    return { end: name, facts: undefined, links };
  }
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

/** The upper ones first, so that nothing deep down hides them. */
const linksBelow = (top: string, bounds: LookBounds): Below => {
  const links: string[] = [];
  const odd: Buffer[] = [];
  const left = { folders: bounds.folders, entries: bounds.entries };
  let isWhole = true;
  let level = [top];
  for (let depth = 1; level.length > 0 && depth <= bounds.depth; depth += 1) {
    const deeper: string[] = [];
    for (const folder of level) {
      left.folders -= 1;
      if (left.folders < 0 || left.entries < 0) return { links, odd, isWhole: false };
      const entries = entriesOf(folder);
      left.entries -= entries.length;
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
  if (level.length > 0) isWhole = false;
  return { links, odd, isWhole };
};

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
