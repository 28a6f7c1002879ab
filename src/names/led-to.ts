/**
 * Where links lead that stand at some names, or in folders there: what is obeyed, run or hidden by such a name is so by another
 * one as well. What is not there counts, too, as somebody may make it.
 */
import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { NameRefused, type Walk, walk } from './walk.ts';

export interface LedTo {
  /** The ends of all ways, the names themselves included; without links. */
  ends: { path: string; facts: Stats | undefined }[];
  /** The links on them. */
  links: string[];
  /** Names that lead to where no text does. */
  unnamed: string[];
  /** Whether all was looked at. */
  isWhole: boolean;
}

export interface LookBounds {
  /** Of all folders together. */
  entries: number;
  /** Folders within folders; 1: what lies right in those at the names. */
  depth: number;
}

/** Work trees of agents among their settings are projects of their own, and not looked through. */
export const ledTo = (names: readonly string[], bounds: LookBounds): LedTo => {
  const found: LedTo = { ends: [], links: [], unnamed: [], isWhole: true };
  const seen = new Set<string>();
  const left = { entries: bounds.entries };
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const way = wayOf(name);
    if (way === undefined) {
      found.unnamed.push(name);
      continue;
    }
    for (const { path } of way.links) found.links.push(path);
    if (seen.has(way.end)) continue;
    seen.add(way.end);
    found.ends.push({ path: way.end, facts: way.facts });
    if (way.facts?.isDirectory() !== true) continue;
    const below = linksBelow(way.end, left, bounds.depth);
    if (below === undefined) found.isWhole = false;
    for (const link of below ?? []) waiting.push(link);
  }
  return found;
};

/** Programs follow also what a walk does not: a link of another user, or one to a name that is no text (undefined). */
const wayOf = (name: string): Pick<Walk, 'end' | 'facts' | 'links'> | undefined => {
  try {
    return walk(name);
  } catch (error) {
    if (!(error instanceof NameRefused)) throw error;
  }
  const links = [{ path: name, target: '' }];
  try {
    const end = realpathSync.native(name, { encoding: 'buffer' });
    const text = end.toString();
    return Buffer.from(text).equals(end) ? { end: text, facts: statSync(text), links } : undefined;
  } catch {
    return { end: name, facts: undefined, links };
  }
};

/** undefined: there is more than may be looked at. */
const linksBelow = (folder: string, left: { entries: number }, depth: number): string[] | undefined => {
  const found: string[] = [];
  const waiting = [{ path: folder, level: 1 }];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const entries = entriesOf(at.path);
    if (at.level > 1 && entries.some(({ name }) => name === '.git')) continue;
    left.entries -= entries.length;
    if (left.entries < 0) return undefined;
    for (const entry of entries) {
      const path = join(at.path, entry.name);
      if (entry.isSymbolicLink()) found.push(path);
      else if (entry.isDirectory() && at.level < depth) waiting.push({ path, level: at.level + 1 });
    }
  }
  return found;
};

const entriesOf = (path: string): Dirent[] => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
};
