/**
 * What settings of agents lead to: an agent obeys a file behind a link as well, so that is held, too, and a link is watched, as
 * nothing can be mounted over one.
 */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { NameRefused, type Walk, walk } from '../../names/walk.ts';
import { field, say } from '../../say/say.ts';
import { isWithin } from '../../text/is-within.ts';

/** Settings are small. What has more is held as a whole, and links in it are not followed. */
const MOST_ENTRIES = 5000;
const MOST_PLACES = 300;

export interface ObeyedPlaces {
  /** Without links, below `top`. */
  kept: string[];
  /** Links on the way to them, below `top`, that lie in nothing that is kept. */
  links: string[];
}

/** `settings`: names of settings that are there. Throws KoubouError `not_allowed` where they lead to more than can be held. */
export const obeyedPlaces = async (settings: readonly string[], top: string): Promise<ObeyedPlaces> => {
  const kept = new Set<string>();
  const links = new Set<string>();
  const seen = new Set<string>();
  const left = { entries: MOST_ENTRIES };
  const waiting = [...settings];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const way = wayOf(name);
    for (const { path } of way.links) if (isWithin(path, top)) links.add(path);
    if (way.facts === undefined || seen.has(way.end)) continue;
    seen.add(way.end);
    if (isWithin(way.end, top)) kept.add(way.end);
    if (kept.size + links.size > MOST_PLACES) throw tooMany(name);
    if (way.facts.isDirectory()) for (const link of await linksBelow(way.end, left)) waiting.push(link);
  }
  const all = [...kept];
  return { kept: all, links: [...links].filter((path) => !all.some((each) => isWithin(path, each))) };
};

/** Of what leads nowhere, or may not be followed, the links are held alone. */
const wayOf = (name: string): Pick<Walk, 'end' | 'facts' | 'links'> => {
  try {
    return walk(name);
  } catch (error) {
    if (error instanceof NameRefused)
      return { end: name, facts: undefined, links: [{ path: name, target: '' }] };
    throw error;
  }
};

const linksBelow = async (folder: string, left: { entries: number }): Promise<string[]> => {
  const found: string[] = [];
  const waiting = [folder];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const entries: Dirent[] = await readdir(path, { withFileTypes: true }).catch(() => []);
    left.entries -= entries.length;
    if (left.entries < 0) return found;
    for (const entry of entries) {
      if (entry.isSymbolicLink()) found.push(join(path, entry.name));
      else if (entry.isDirectory()) waiting.push(join(path, entry.name));
    }
  }
  return found;
};

const tooMany = (name: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `The settings of agents lead to more than ${MOST_PLACES} places by links (${name}, …), which koubou could not hold.`,
    { hint: say`Delegate with a ${field('cwd')} further down, or have fewer links there.` },
  );
