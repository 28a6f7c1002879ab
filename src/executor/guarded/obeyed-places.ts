/**
 * What settings of agents lead to: an agent obeys a file behind a link as well, so that is held, too, and a link is watched, as
 * nothing can be mounted over one.
 */
import { dirname } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { asName, shownName } from '../../git/names.ts';
import { nestedGit } from '../../git/repository/nested-git.ts';
import { liesInWorktree } from '../../names/agent-worktree.ts';
import { isRepository, ledTo, SETTINGS_BOUNDS } from '../../names/led-to.ts';
import { obeyedOfGit, obeyedWithin, settingsAbove } from '../../names/reserved.ts';
import { LEADING } from '../../names/reserved-names.ts';
import { factsIfAny } from '../../names/walk.ts';
import { field, say } from '../../say/say.ts';
import { closestAround, isWithin } from '../../text/is-within.ts';

/** Each costs mounts for each command. */
const MOST_PLACES = 300;

export interface ObeyedPlaces {
  /** Without links, below `top`; none lies in another one. */
  kept: string[];
  /** Links on the way to them, below `top`, that lie in nothing that is kept. */
  links: string[];
  /** Folders on those ways that `..` leaves again, or in which the rest of the way would have to be made, the same. */
  pinned: string[];
  /** A folder around `cwd`, or itself, that links of settings above lead to: no repository, which is a project of its own. */
  around: string | undefined;
}

/**
 * `settings`: names of settings that are there; `repositories`: git folders, which are held by themselves. Throws KoubouError
 * `not_allowed` where not all that they lead to can be held.
 */
export const obeyedPlaces = (
  settings: readonly string[],
  top: string,
  { cwd = top, repositories = [] }: { cwd?: string; repositories?: readonly string[] } = {},
): ObeyedPlaces => {
  const ofGit = repositories.flatMap(obeyedOfGit);
  const below = ledTo([...settings.flatMap(obeyedWithin), ...ofGit], SETTINGS_BOUNDS);
  // Of what lies above, such as ~/.claude, as far as is looked; there only links lead here.
  const above = ledTo(settingsAbove(top), SETTINGS_BOUNDS);
  const [odd] = [...below.unknown, ...above.unknown];
  if (odd !== undefined)
    throw unheld(
      `nobody knows where ${odd} leads: its name, or that of its end, is no UTF-8, or its way is too long`,
    );
  if (!below.isWhole)
    throw unheld(
      `settings of agents there have more than ${SETTINGS_BOUNDS.entries.toLocaleString('en')} entries`,
    );
  // The folder of the work itself is what a task is given, also where settings lead to it as a whole.
  const held = new Set(repositories);
  const isHeld = (path: string): boolean =>
    path !== top && isWithin(path, top) && closestAround(path, held) === undefined;
  const ends = [...below.ends, ...above.ends].flatMap(({ path, facts }) =>
    facts === undefined ? [] : [path],
  );
  const all = [...settings.filter((path) => factsIfAny(path)?.isSymbolicLink() === false), ...ends].filter(
    isHeld,
  );
  const kept = outer(all);
  const links = [...new Set([...below.links, ...above.links])].filter(isHeld);
  if (kept.length > MOST_PLACES)
    throw unheld(`settings of agents there lead to more than ${MOST_PLACES} places`);
  const closed = new Set(kept);
  const isOpen = (path: string): boolean => closestAround(path, closed) === undefined;
  const watched = links.filter(isOpen);
  if (kept.length + watched.length > MOST_PLACES)
    throw unheld(`settings of agents there lead to more than ${MOST_PLACES} places`);
  // A folder around what is mounted or watched is held by that.
  const isPinned = (path: string): boolean => [...kept, ...watched].some((each) => isWithin(each, path));
  const missing = [...below.ends, ...above.ends].flatMap(({ path, facts }) =>
    facts === undefined && isHeld(path) ? [thereAround(path)] : [],
  );
  const pinned = [...new Set([...below.passed, ...above.passed, ...missing])].filter(
    (path) => isHeld(path) && isOpen(path) && !isPinned(path),
  );
  if (pinned.length > MOST_PLACES)
    throw unheld(`ways of settings there pass more than ${MOST_PLACES} folders`);
  const around = above.ends.find(
    ({ path, from }) =>
      from !== path && isWithin(cwd, path) && !isRepository(path) && !liesInWorktree(cwd, path),
  );
  return { kept, links: watched, pinned, around: around?.path };
};

/** The closest folder that is there. */
const thereAround = (path: string): string => {
  let folder = dirname(path);
  while (factsIfAny(folder) === undefined) folder = dirname(folder);
  return folder;
};

/** Those that lie in no other one. */
const outer = (paths: readonly string[]): string[] => {
  const found: string[] = [];
  // In this order what lies in a folder comes right behind it.
  for (const path of [...new Set(paths)].sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1)))
    if (found.length === 0 || !isWithin(path, found.at(-1) ?? '')) found.push(path);
  return found;
};

/** Names in these folders and below of what may lead to what is obeyed; for Reserved, also what no text names. */
export const settingsBelow = async (folders: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(folders.map((folder) => nestedGit(asName(folder), { also: NAMES })));
  return found.flatMap(({ also, found: repositories }) => [...also, ...repositories].map(shownName));
};

const NAMES: ReadonlySet<string> = new Set(LEADING.filter((name) => name !== '.git'));
const unheld = (why: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `Nothing of a sandbox was started: ${why}, and koubou could not hold what agents obey.`,
    {
      hint: say`Change that in those settings, or delegate with another ${field('cwd')}.`,
    },
  );
