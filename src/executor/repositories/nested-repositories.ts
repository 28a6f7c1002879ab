/**
 * Finds the repositories in a folder that a program may write to, as the next git there runs their hooks and config, and
 * what may be homes of koubou, whose config the next koubou obeys. Where a limit stops the search, the rest is read-only or
 * the program is not started.
 */
import type { Dirent } from 'node:fs';
import { lstat, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import { inFolder } from '../../git/deep-folder.ts';
import { asName, shownName } from '../../git/names.ts';
import { nestedGit } from '../../git/repository/nested-git.ts';
import { OBEYED, REPOSITORIES } from '../../names/reserved-names.ts';
import { unlikelyName } from '../../names/unlikely-name.ts';
import { HOME_FILE } from '../../process/homes/known-home.ts';
import { field, say } from '../../say/say.ts';
import type { Judged, Remains } from '../bubblewrap/remains.ts';
import { PACKAGE_FOLDERS } from '../guarded/shared-packages.ts';

const MOST_FOLDERS = 200_000;
/** Each costs mounts for each command. */
const MOST_FOUND = 300;
/** Where folders are by the ten thousand and nobody works; looked through last. */
const PACKAGES = 'node_modules';

export interface Below {
  /** The `.git` of each repository, but for the folder's own, and what could not be looked through. */
  guarded: string[];
  /** Folders that are none themselves, the top included, in git's bytes. */
  folders: string[];
  /** Folders with a home.json that has not been verified. */
  homes: string[];
  /** What agents and other version control obey that start there, links as well; not that of packages. */
  settings: string[];
  /** Folders of packages, or links to them, but for those within packages. */
  packages: string[];
}

/** Throws KoubouError `not_allowed` where there are more than can be guarded. */
export const nestedRepositories = async (folder: string, home: string): Promise<Below> => {
  const guarded: string[] = [];
  const folders: string[] = [];
  const homes: string[] = [];
  const settings: string[] = [];
  const packages: string[] = [];
  const look = new Look(folder, home);
  if (!(await look.through([folder], { guarded, folders, homes, settings, packages })))
    throw tooMany(folder, 'folders', MOST_FOLDERS);
  for (const path of packages) {
    if (basename(path) !== PACKAGES || (await lstat(path)).isSymbolicLink()) continue;
    const inside = { guarded: [], folders: [], homes, settings: [] };
    // Nothing is installed there then.
    const isWhole = await look.through([path], inside);
    for (const each of isWhole ? inside.guarded : [path]) guarded.push(each);
    for (const each of inside.folders) folders.push(each);
  }
  const all = [...guarded, ...settings];
  if (all.length > MOST_FOUND) throw tooMany(folder, 'repositories', MOST_FOUND, all);
  return { guarded, folders, homes, settings, packages };
};

/** Without `packages`, those are looked through as all else is. */
type Found = Omit<Below, 'packages'> & { packages?: string[] };

class Look {
  readonly #top: string;
  readonly #home: string;
  #left = MOST_FOLDERS;

  constructor(top: string, home: string) {
    this.#top = top;
    this.#home = home;
  }

  /** Whether there were not too many. */
  async through(level: string[], found: Found): Promise<boolean> {
    for (let current = level; current.length > 0; ) {
      this.#left -= current.length;
      if (this.#left < 0) return false;
      const deeper: string[] = [];
      for (let at = 0; at < current.length; at += PARALLEL) {
        const part = current.slice(at, at + PARALLEL);
        const lists = await Promise.all(part.map(entriesOf));
        for (const [nth, entries] of lists.entries()) {
          const path = part[nth] ?? this.#top;
          this.#take(path, entries, found, deeper);
          if (entries !== 'closed' && entries.some(isOdd))
            for (const each of await this.#odd(path, found.folders)) found.guarded.push(each);
        }
      }
      current = deeper;
    }
    return true;
  }

  /** The folder itself, where something is to be guarded in it that cannot be named to a sandbox. */
  async #odd(path: string, folders: string[]): Promise<string[]> {
    const except = [asName(this.#home)];
    const { found, also, whole, others } = await nestedGit(asName(path), { except, also: OBEYED_OR_HOME });
    for (const each of others.filter((one) => asName(shownName(one)) !== one)) folders.push(each);
    const first = [...found, ...also].find((each) => asName(shownName(each)) !== each);
    if (first === undefined && whole) return [];
    if (path !== this.#top) return [path];
    throw new KoubouError(
      'not_allowed',
      `Below ${path} lies a repository, a home or settings of an agent in a folder whose name is no UTF-8, which koubou cannot guard: ${shownName(first ?? '')}.`,
      { hint: say`Give that folder another name, or delegate with a ${field('cwd')} further down.` },
    );
  }

  #take(path: string, entries: Entries, found: Found, deeper: string[]): void {
    // Its owner, whom the program has too, could make it readable.
    if (entries === 'closed') {
      found.guarded.push(path);
      return;
    }
    if (!isRepository(entries)) found.folders.push(asName(path));
    if (entries.some(({ name }) => name === HOME_FILE)) found.homes.push(path);
    for (const entry of entries) {
      const whole = join(path, entry.name);
      if (entry.name === '.git') {
        // Of a link Codex makes no protection; who works through it is protected where it leads, or not at all.
        if (path !== this.#top && !entry.isSymbolicLink()) found.guarded.push(whole);
      } else if (OBEYED_NAMES.has(entry.name)) found.settings.push(whole);
      else if (entry.isSymbolicLink() && PACKAGE_FOLDERS.has(entry.name)) found.packages?.push(whole);
      else if (!entry.isDirectory() || whole === this.#home) continue;
      else {
        if (PACKAGE_FOLDERS.has(entry.name)) found.packages?.push(whole);
        if (entry.name !== PACKAGES || found.packages === undefined) deeper.push(whole);
      }
    }
  }
}

const OBEYED_NAMES = new Set([...OBEYED, ...REPOSITORIES].filter((name) => name !== '.git'));
const OBEYED_OR_HOME = new Set([...OBEYED_NAMES, HOME_FILE]);

const PARALLEL = 32;

type Entries = Awaited<ReturnType<typeof entriesOf>>;

const entriesOf = async (path: string) => {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    return systemCode(error) === 'EACCES' ? 'closed' : [];
  }
};

/** A name that is no UTF-8, or looks like one. */
const isOdd = (entry: Dirent): boolean => entry.isDirectory() && entry.name.includes('\uFFFD');

/** By which git takes a folder itself for a repository. */
const isRepository = (entries: readonly { name: string }[]): boolean => {
  const names = new Set(entries.map(({ name }) => name));
  return names.has('HEAD') && (names.has('commondir') || (names.has('objects') && names.has('refs')));
};

const isRepositoryNow = (folder: string): Promise<boolean> =>
  inFolder(folder, async (at) => {
    const has = async (name: string): Promise<boolean> =>
      (await lstat(at(name)).catch(() => undefined)) !== undefined;
    return (
      (await has('HEAD')) && ((await has('commondir')) || ((await has('objects')) && (await has('refs'))))
    );
  }).catch(() => false);

const tooMany = (folder: string, what: string, bound: number, named: readonly string[] = []): KoubouError => {
  const some = named.length === 0 ? '' : ` (${named.slice(0, 3).join(', ')}, …)`;
  return new KoubouError(
    'not_allowed',
    `Below ${folder} lie more than ${bound.toLocaleString('en')} ${what}${some}, and koubou could not guard the repositories there.`,
    { hint: say`Delegate with a ${field('cwd')} further down, or move away what is not needed there.` },
  );
};

/**
 * Of folders that were there before: one that git would take for a repository of its own by now, whoever works in it and
 * below, is none any more afterwards.
 */
export const setAsideRepositories = async (folders: readonly string[], remains: Remains): Promise<Judged> => {
  const notes: string[] = [];
  const taken: string[] = [];
  for (let at = 0; at < folders.length; at += PARALLEL) {
    const part = folders.slice(at, at + PARALLEL);
    const became = await Promise.all(part.map(isRepositoryNow));
    for (const path of part.filter((_, nth) => became[nth])) {
      const head = join(shownName(path), 'HEAD');
      await remains.try(head, async () => {
        const aside = unlikelyName('HEAD.koubou-aside-');
        await inFolder(path, (name) => rename(name('HEAD'), name(aside)));
        taken.push(shownName(path));
        notes.push(`${head} made a repository of that folder, and was set aside: it is ${aside} now`);
      });
    }
  }
  if (taken.length === 0) return { notes };
  const [first = ''] = taken;
  return {
    notes,
    broken: new KoubouError(
      'repository_lost',
      `The run made a repository of a folder that was there: ${first}.`,
      {
        hint: `git would have followed its settings when it is run there or below. Its HEAD is HEAD.koubou-aside-… now. A repository that is wanted has its git folder in ${basename(first)}/.git, or lies in a folder that the run makes.`,
      },
    ),
  };
};
