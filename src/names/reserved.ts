/**
 * The one table of places that no result is written to: what lies there runs, or decides what runs, with the rights of
 * the user. CLAUDE.md, workflows and package.json are not among them: they are files of a project, which its owner may
 * have written.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Homes, homeAround } from '../text/home-name.ts';
import { isWithin, meets } from '../text/is-within.ts';
import { withinWorktreeOfAgent } from './agent-worktree.ts';
import { type LookBounds, ledTo, SETTINGS_BOUNDS, Ways } from './led-to.ts';
import {
  ANYWHERE,
  LEADING,
  NO_DEVICES,
  OBEYED,
  OBEYED_AT_HOME,
  OBEYED_WITHIN,
  OF_A_USER,
  OF_CONFIG,
  OF_THE_SYSTEM,
} from './reserved-names.ts';
import { endOf, ownHomes, usersHomes } from './user-homes.ts';

export interface ReservedScope {
  /** koubou's, whatever their names are. */
  homes?: Homes | undefined;
  /** Settings of agents in other folders than those above a place, as those below the project. */
  settings?: readonly string[] | undefined;
  /** Home folders of users; left out: those that this user may write to. */
  users?: readonly string[] | undefined;
}

/** Judges places for one command or one run: what the users' homes hold is looked up once. */
export class Reserved {
  readonly #homes: Homes;
  readonly #users: readonly string[];
  #linked: { found: Ways; why: string }[] | undefined;
  /** By folder. */
  readonly #settings = new Map<string, readonly Leading[]>();
  readonly #others: readonly string[];
  #beside: readonly Leading[] | undefined;

  constructor({ homes = { places: [] }, settings = [], users = usersHomes() }: ReservedScope = {}) {
    this.#others = settings;
    this.#users = users;
    this.#homes = { ...homes, places: homes.places.flatMap((home) => [home, endOf(home) ?? home]) };
  }

  /**
   * Why no result may be written there, as a sentence without its end, or undefined. `place` is the end of a walk, and
   * `names` are what led to it, absolute: one that is reserved is enough.
   */
  why(place: string, names: readonly string[]): string | undefined {
    const users = this.#users.map(fold);
    for (const path of [...names, place]) {
      const folded = fold(path);
      const why =
        anywhere(fold(withinWorktreeOfAgent(path))) ??
        ofTheSystem(folded) ??
        ofAUser(folded, users, path === place ? meets : isWithin) ??
        this.#ofTheHome(path);
      if (why !== undefined) return why;
    }
    const repository = bareRepository(place);
    if (repository !== undefined) return `${repository} is a git repository without a work tree`;
    const settings = this.#settingsThatLead(place);
    if (settings !== undefined) return `${settings} leads there, and what lies there is obeyed`;
    this.#linked ??= [...linkedFrom(this.#users), ...linkedConfigs(this.#homes.places)];
    return this.#linked.find(({ found }) => found.decides(place))?.why;
  }

  /** Of the folders above: settings of agents there may be links, or hold some. */
  #settingsThatLead(place: string): string | undefined {
    for (let folder = dirname(place); folder !== '/'; folder = dirname(folder)) {
      const known = this.#settings.get(folder) ?? settingsIn(folder);
      this.#settings.set(folder, known);
      const found = leadingTo(place, known);
      if (found !== undefined) return found;
    }
    this.#beside ??= this.#others.flatMap(obeyedWithin).flatMap(leading);
    return leadingTo(place, this.#beside);
  }

  #ofTheHome(path: string): string | undefined {
    const home = homeAround(path, this.#homes);
    return home === undefined ? undefined : `it lies in ${home}, koubou's own home`;
  }
}

/** Settings and what decides about them elsewhere. */
interface Leading {
  name: string;
  found: Ways;
}

const leadingTo = (place: string, all: readonly Leading[]): string | undefined =>
  all.find(({ found }) => found.decides(place))?.name;

const settingsIn = (folder: string): Leading[] => leadingIn(folder).flatMap(leading);

const leading = (name: string): Leading[] => {
  const odd = name.split('/').findIndex((part) => part.includes('\uFFFD'));
  if (odd !== -1) {
    // Nobody can follow it, so all around the folder of that name counts.
    const path = name.split('/').slice(0, odd).join('/') || '/';
    return [
      { name, found: new Ways({ ends: [{ path, facts: undefined, from: name }], links: [], passed: [] }) },
    ];
  }
  const { unknown, ends, ...way } = ledTo([name], SETTINGS_BOUNDS);
  // Where nobody knows what a link leads to, any file around may be meant.
  const around = { path: dirname(name), facts: undefined, from: name };
  const found = elsewhere({ ...way, ends: unknown.length === 0 ? ends : [...ends, around] }, name);
  return found.isEmpty ? [] : [{ name, found }];
};

/** Of agents and version control, in the folders above this one, and of this user, which count in every folder. */
export const settingsAbove = (top: string): string[] => {
  const homes = ownHomes();
  const folders = new Set<string>(homes);
  for (let folder = top; folder !== '/'; folder = dirname(folder)) folders.add(dirname(folder));
  const atHome = homes.flatMap((home) => OBEYED_AT_HOME.map((name) => join(home, name)));
  return [...[...folders].flatMap(leadingIn), ...atHome.filter(existsSync)];
};

/** Of a folder: what may lead elsewhere, or hold what does. */
const leadingIn = (folder: string): string[] => {
  const there = namesIn(folder);
  return LEADING.filter((name) => there.has(name)).flatMap((name) => obeyedWithin(join(folder, name)));
};

/** Of a git folder, whatever its name is. */
export const obeyedOfGit = (folder: string): string[] =>
  (OBEYED_WITHIN['.git'] ?? []).map((part) => join(folder, part));

/** What is obeyed of such a name: all of it, or parts. */
export const obeyedWithin = (path: string): string[] =>
  OBEYED_WITHIN[basename(path)]?.map((part) => join(path, part)) ?? [path];

/** Some of these folders hold all of an editor. */
const USER_BOUNDS: LookBounds = { folders: 100, entries: 2000, depth: 2, steps: 20_000 };

const namesIn = (folder: string): ReadonlySet<string> => {
  try {
    return new Set(readdirSync(folder));
  } catch {
    return new Set();
  }
};

/** Start-up files and the like that are links, or hold some, as into ~/dotfiles: they have another name there. */
const linkedFrom = (users: readonly string[]): { found: Ways; why: string }[] =>
  users.flatMap((user) => {
    const there = namesIn(user);
    return [...OF_A_USER, ...OF_ANY_FOLDER].flatMap(([why, names]) =>
      names
        .filter((name) => there.has(name.split('/')[0] ?? ''))
        .flatMap((name) => {
          const path = join(user, name);
          const isSettings = OBEYED.includes(name) || OBEYED_AT_HOME.includes(name);
          const all = isSettings ? leading(path).map(({ found }) => found) : [startedFrom(path)];
          return all.flatMap((found) =>
            found.isEmpty ? [] : [{ found, why: `~/${name} leads there: ${why}` }],
          );
        }),
    );
  });

/** Of start-up files. A folder that a link within leads to is a project of its own, as `npm link` has it. */
const startedFrom = (path: string): Ways => {
  const own = endOf(path);
  const { ends, ...way } = ledTo([path], USER_BOUNDS);
  const kept = ends.filter(({ path: end, facts }) => facts?.isDirectory() !== true || end === own);
  return elsewhere({ ...way, ends: kept }, path);
};

/** As people keep their dotfiles: what a home's config leads to is its config. */
const linkedConfigs = (homes: readonly string[]): { found: Ways; why: string }[] =>
  homes.flatMap((home) => {
    const names = [home, ...OF_CONFIG.map((name) => join(home, name))];
    const found = elsewhere(ledTo(names, { ...USER_BOUNDS, depth: 0 }), home);
    return found.isEmpty ? [] : [{ found, why: `the config of ${home} leads there` }];
  });

/** What decides what lies at `name`, and does not lie in there itself. */
const elsewhere = (found: ConstructorParameters<typeof Ways>[0], name: string): Ways =>
  new Ways(found, (path) => !isWithin(path, name));

/** The names of ANYWHERE by why, but for koubou's homes, which are judged by themselves. */
const OF_ANY_FOLDER: readonly (readonly [string, readonly string[]])[] = Object.entries(ANYWHERE)
  .filter(([name]) => name !== '.koubou')
  .map(([name, why]) => [why, [name]]);

const anywhere = (folded: string): string | undefined => {
  for (const part of folded.split('/')) {
    const name = Object.hasOwn(ANYWHERE, part) ? part : ofShort(part);
    if (name !== undefined) return `it lies in ${name}: ${ANYWHERE[name]}`;
  }
  return undefined;
};

/** Windows gives each long name a short one, of its first six letters and a number; folders of it are WSL's as well. */
const ofShort = (part: string): string | undefined => {
  const [, letters] = /^([a-z]{2,6})~\d+$/.exec(part) ?? [];
  return letters && Object.keys(ANYWHERE).find((name) => name.slice(1, 7) === letters);
};

/** As they are usually called, also where this user has no list of them. */
const ANY_HOME = /^\/(home|users)\/[^/]+(?=\/)/;

/** `fits`: of a path and a name of the table, both below the home folder. A folder on the way to a file could become a link. */
const ofAUser = (
  folded: string,
  users: readonly string[],
  fits: (path: string, name: string) => boolean,
): string | undefined => {
  const [other] = ANY_HOME.exec(folded) ?? [];
  for (const user of other === undefined ? users : [...users, other]) {
    if (folded === user || !isWithin(folded, user)) continue;
    const within = folded.slice(user.length + 1);
    for (const [why, names] of OF_A_USER) {
      const name = names.find((each) => fits(within, foldedName(each)));
      if (name !== undefined) return `~/${name} is ${why}`;
    }
  }
  return undefined;
};

const ofTheSystem = (path: string): string | undefined => {
  // Where /etc, /tmp and /var of macOS lead.
  const folded = path.replace(/^\/private(?=\/(etc|var)\/)/, '');
  if (NO_DEVICES.some((folder) => folded !== folder && isWithin(folded, folder))) return undefined;
  for (const [why, names] of OF_THE_SYSTEM) {
    for (const name of names) {
      const written = foldedName(name.replace('*', ''));
      const fits = name.endsWith('*') ? folded.startsWith(written) : isWithin(folded, written);
      if (fits) return `${name} is ${why}`;
    }
  }
  return undefined;
};

/** `repo.git/hooks/post-receive` has no .git in its path. */
const bareRepository = (path: string): string | undefined => {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (['HEAD', 'objects', 'refs'].every((name) => existsSync(join(folder, name)))) return folder;
  }
  return undefined;
};

/**
 * One spelling for all that some file system takes for the same: macOS ignores case and letters without width, NTFS
 * case, dots and spaces at the end, and knows short names. git refuses such names everywhere, too.
 */
const fold = (path: string): string =>
  path
    .split('/')
    .map((part) =>
      part
        .normalize('NFC')
        .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
        .toUpperCase()
        .toLowerCase()
        .replace(/(?<=.)[. ]+$/, (end, at: number, whole: string) => (/^\.+$/.test(whole) ? end : ''))
        .replace(/^(\.[a-z]+):.*$/, '$1'),
    )
    .join('/');

/** Of the tables, which hold nothing else that would be folded. */
const foldedName = (name: string): string => name.toLowerCase();
