/**
 * What settings of agents lead to: an agent obeys a file behind a link as well, so that is held, too, and a link is watched, as
 * nothing can be mounted over one.
 */
import { KoubouError } from '../../errors.ts';
import { asName, shownName } from '../../git/names.ts';
import { nestedGit } from '../../git/repository/nested-git.ts';
import { ledTo, SETTINGS_BOUNDS } from '../../names/led-to.ts';
import { isProject, settingsAbove } from '../../names/reserved.ts';
import { LEADING } from '../../names/reserved-names.ts';
import { field, say, type Words } from '../../say/say.ts';
import { isWithin } from '../../text/is-within.ts';

/** Each costs mounts for each command. */
const MOST_PLACES = 300;

export interface ObeyedPlaces {
  /** Without links, below `top`. */
  kept: string[];
  /** Links on the way to them, below `top`, that lie in nothing that is kept. */
  links: string[];
  /** A folder around `cwd`, or itself, that links of settings above lead to: no repository, which is a project of its own. */
  around: string | undefined;
}

/** `settings`: names of settings that are there. Throws KoubouError `not_allowed` where not all that they lead to can be held. */
export const obeyedPlaces = (settings: readonly string[], top: string, cwd = top): ObeyedPlaces => {
  const { ends: below, links: linksBelow, unnamed, isWhole } = ledTo(settings, SETTINGS_BOUNDS);
  // Of what lies above, such as ~/.claude, as far as is looked; there only links lead here.
  const above = ledTo(settingsAbove(top), SETTINGS_BOUNDS);
  const ends = [...below, ...above.ends];
  const links = [...linksBelow, ...above.links];
  const [odd] = unnamed;
  if (odd !== undefined)
    throw unheld(`${odd} leads to a name that is no UTF-8`, 'Give that folder another name');
  if (!isWhole)
    throw unheld(
      `settings of agents there have more than ${SETTINGS_BOUNDS.entries.toLocaleString('en')} entries, or links with very long ways`,
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
  const around = above.ends.find(
    ({ path, from }) => from !== path && isWithin(cwd, path) && !isProject(path),
  );
  return { kept, links: watched, around: around?.path };
};

/** Names in these folders and below of what may lead to what is obeyed, but for what no text names. */
export const settingsBelow = async (folders: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(folders.map((folder) => nestedGit(asName(folder), { also: NAMES })));
  return found.flatMap(({ also, found: repositories }) =>
    [...also, ...repositories].map(shownName).filter((path) => !path.includes('\uFFFD')),
  );
};

const NAMES: ReadonlySet<string> = new Set(LEADING.filter((name) => name !== '.git'));
const unheld = (why: string, cure: Words): KoubouError =>
  new KoubouError(
    'not_allowed',
    `Nothing of a sandbox was started: ${why}, and koubou could not hold what agents obey.`,
    {
      hint: say`${cure}, or delegate with another ${field('cwd')}.`,
    },
  );
