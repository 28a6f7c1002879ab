/**
 * What settings of agents lead to: an agent obeys a file behind a link as well, so that is held, too, and a link is watched, as
 * nothing can be mounted over one.
 */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { NameRefused, type Walk, walk } from '../../names/walk.ts';
import { field, say } from '../../say/say.ts';
import { isWithin } from '../../text/is-within.ts';

/** Settings are small; work trees that agents have among them are projects of their own, and not looked through. */
const MOST_ENTRIES = 100_000;
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
    const way = await wayOf(name);
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

/** An agent follows also what a walk does not: a link of another user, or one to a name that is no text. */
const wayOf = async (name: string): Promise<Pick<Walk, 'end' | 'facts' | 'links'>> => {
  try {
    return walk(name);
  } catch (error) {
    if (!(error instanceof NameRefused)) throw error;
  }
  const links = [{ path: name, target: '' }];
  const end = await realpath(name, { encoding: 'buffer' }).catch(() => undefined);
  if (end === undefined) return { end: name, facts: undefined, links };
  const text = end.toString();
  if (!Buffer.from(text).equals(end)) throw unnamed(name);
  return { end: text, facts: await stat(text), links };
};

const linksBelow = async (folder: string, left: { entries: number }): Promise<string[]> => {
  const found: string[] = [];
  const waiting = [folder];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const entries: Dirent[] = await readdir(path, { withFileTypes: true }).catch(() => []);
    if (path !== folder && entries.some(({ name }) => name === '.git')) continue;
    left.entries -= entries.length;
    if (left.entries < 0) throw tooLarge(folder);
    for (const entry of entries) {
      if (entry.isSymbolicLink()) found.push(join(path, entry.name));
      else if (entry.isDirectory()) waiting.push(join(path, entry.name));
    }
  }
  return found;
};

const unnamed = (name: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `${name} leads to a name that is no UTF-8, where koubou could not hold what agents obey.`,
    { hint: say`Give that folder another name, or delegate with another ${field('cwd')}.` },
  );

const tooLarge = (folder: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `${folder} has more than ${MOST_ENTRIES.toLocaleString('en')} entries, and koubou could not look where links in there lead.`,
    { hint: say`Move away what is not needed there, or delegate with a ${field('cwd')} further down.` },
  );

const tooMany = (name: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `The settings of agents lead to more than ${MOST_PLACES} places by links (${name}, …), which koubou could not hold.`,
    { hint: say`Delegate with a ${field('cwd')} further down, or have fewer links there.` },
  );
