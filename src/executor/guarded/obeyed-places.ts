/**
 * What settings of agents lead to: an agent obeys a file behind a link as well, so that is held, too, and a link is watched, as
 * nothing can be mounted over one.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { ledTo } from '../../names/led-to.ts';
import { OBEYED } from '../../names/reserved-names.ts';
import { field, say, type Words } from '../../say/say.ts';
import { isWithin } from '../../text/is-within.ts';

/** Settings are small. */
const BOUNDS = { entries: 20_000, depth: Number.POSITIVE_INFINITY };
const BOUNDS_ABOVE = { entries: 2000, depth: 2 };
/** Each costs mounts for each command. */
const MOST_PLACES = 300;

export interface ObeyedPlaces {
  /** Without links, below `top`. */
  kept: string[];
  /** Links on the way to them, below `top`, that lie in nothing that is kept. */
  links: string[];
}

/** `settings`: names of settings that are there. Throws KoubouError `not_allowed` where not all that they lead to can be held. */
export const obeyedPlaces = (settings: readonly string[], top: string): ObeyedPlaces => {
  const { ends: below, links: linksBelow, unnamed, isWhole } = ledTo(settings, BOUNDS);
  // Of what lies above, such as ~/.claude, as far as is looked; there only links lead here.
  const above = ledTo(settingsAbove(top), BOUNDS_ABOVE);
  const ends = [...below, ...above.ends];
  const links = [...linksBelow, ...above.links];
  const [odd] = unnamed;
  if (odd !== undefined)
    throw unheld(`${odd} leads to a name that is no UTF-8`, 'Give that folder another name');
  if (!isWhole)
    throw unheld(
      `settings of agents there have more than ${BOUNDS.entries.toLocaleString('en')} entries`,
      'Move away what is not needed there',
    );
  // The folder of the work itself is what a task is given, also where settings lead to it as a whole.
  const isHeld = (path: string): boolean => path !== top && isWithin(path, top);
  const kept = ends.flatMap(({ path, facts }) => (facts !== undefined && isHeld(path) ? [path] : []));
  const watched = [...new Set(links)].filter(
    (path) => isWithin(path, top) && !kept.some((each) => isWithin(path, each)),
  );
  if (kept.length + watched.length > MOST_PLACES)
    throw unheld(
      `settings of agents there lead to more than ${MOST_PLACES} places`,
      'Have fewer links in them',
    );
  return { kept, links: watched };
};

const settingsAbove = (top: string): string[] => {
  const found: string[] = [];
  for (let folder = dirname(top); ; folder = dirname(folder)) {
    const there = new Set(namesIn(folder));
    for (const name of OBEYED) if (there.has(name)) found.push(join(folder, name));
    if (folder === '/') return found;
  }
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const unheld = (why: string, cure: Words): KoubouError =>
  new KoubouError(
    'not_allowed',
    `Nothing of a sandbox was started: ${why}, and koubou could not hold what agents obey.`,
    {
      hint: say`${cure}, or delegate with another ${field('cwd')}.`,
    },
  );
