/**
 * Repositories below the folder of a run that came with it, or that it armed, and of which the user's next git at the
 * top would run something: it enters those at the gitlinks of the index, and `git add` makes one of any other. They are
 * set aside: renamed into what git does not follow, with nothing removed.
 */
import type { BigIntStats } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { type ErrorInfo, errorInfo, systemCode } from '../errors.ts';
import { inFolder, isDeep } from '../git/deep-folder.ts';
import { asName, shownName } from '../git/names.ts';
import { isArmed } from '../git/repository/armed-repository.ts';
import {
  commonOf,
  gitFolderOf,
  gitlinkFolders,
  MOST_FOLDERS,
  nestedGit,
  topAround,
} from '../git/repository/nested-git.ts';
import { NameRefused } from '../names/walk.ts';
import { isWithin } from '../text/is-within.ts';
import { named } from '../text/named.ts';
import { ASIDE, moveAside } from './move-aside.ts';

/** No git takes it for a repository's. */
const CALLED = `.git${ASIDE}`;

interface Places {
  /** The folder of the work. */
  folder: string;
  /** The top of the work tree around it. */
  top: string | undefined;
  /** One of both: where the run may have written, so that what others do beside it is not touched. */
  reach: string;
  except: readonly string[];
}

export interface NestedAsked {
  /** Of koubou. */
  home: string;
  /** More folders than these are not looked through after the run. */
  mostAfter?: number;
  /** Whether the run may write to the work tree around its folder, too. */
  writesTo: (top: string) => boolean;
  signal?: AbortSignal | undefined;
}

interface Found {
  path: string;
  /** Which file, folder or link it is. */
  stamp: string;
}

interface Look {
  armed: Found[];
  /** false: not all folders were looked through. */
  whole: boolean;
  /** Folders that may not be read. */
  closed: readonly string[];
}

/** What came with a run. Folders of repositories, as text, from that of the work. */
export interface CameNested {
  /** Set aside. */
  names: string[];
  /** Armed, and still there. */
  stuck: string[];
  /** There are folders that could not be looked through, and could before. */
  hides: boolean;
}

/** Of those that a run adds, so that none is hidden behind many others. */
const MOST_AFTER = 1_000_000;

export class NestedRepositories {
  readonly #places: Places;
  readonly #wasWhole: boolean;
  readonly #mostAfter: number;
  /** Those that were armed when the run began: they are the user's affair. By path. */
  readonly #armed: ReadonlyMap<string, string>;

  /** Folders that nobody could look into when the run began. */
  readonly #closed: ReadonlySet<string>;

  private constructor(places: Places, { armed, whole, closed }: Look, mostAfter: number) {
    this.#closed = new Set(closed);
    this.#places = places;
    this.#wasWhole = whole;
    this.#mostAfter = whole ? mostAfter : MOST_FOLDERS;
    this.#armed = new Map(armed.map(({ path, stamp }) => [path, stamp]));
  }

  /** `folder`: absolute and real. */
  static async begin(folder: string, asked: NestedAsked): Promise<NestedRepositories> {
    const { home, writesTo, signal, mostAfter = MOST_AFTER } = asked;
    const start = asName(folder);
    const realHome = await realpath(home).catch(() => home);
    const top = await topAround(start);
    const reach = top !== undefined && writesTo(shownName(top)) ? top : start;
    const places = { folder: start, top, reach, except: [asName(realHome)] };
    return new NestedRepositories(places, await armedIn(places, MOST_FOLDERS, signal), mostAfter);
  }

  /** May be called again. */
  async setAside(): Promise<CameNested> {
    const { folder } = this.#places;
    const names: string[] = [];
    const stuck: string[] = [];
    const { armed, whole, closed } = await armedIn(this.#places, this.#mostAfter);
    const isClosed = closed.some((path) => !this.#closed.has(path));
    for (const { path, stamp } of armed) {
      if (this.#armed.get(path) === stamp) continue;
      const parent = parentOf(path);
      const shown = shownName(parent.startsWith(`${folder}/`) ? parent.slice(folder.length + 1) : parent);
      try {
        if (await moveAside(parent, '.git')) names.push(shown);
      } catch (error) {
        if (systemCode(error) === undefined && !(error instanceof NameRefused)) throw error;
        // One that cannot be moved keeps no other one there.
        if (systemCode(error) !== 'ENOENT') stuck.push(shown);
      }
    }
    return { names: names.sort(), stuck: stuck.sort(), hides: (this.#wasWhole && !whole) || isClosed };
  }
}

/** Where none was around the folder, its own `.git` is one that came. */
const armedIn = async (
  { folder, top, reach, except }: Places,
  most: number,
  signal?: AbortSignal,
): Promise<Look> => {
  const around = top ?? folder;
  const seen = new Set([`${folder}/.git`]);
  // The folder first: what lies around it may be more than is looked through.
  let whole = true;
  const closed: string[] = [];
  for (const start of new Set([folder, reach])) {
    const nested = await nestedGit(start, { except, most, signal });
    for (const path of nested.found) seen.add(path);
    whole &&= nested.whole;
    for (const path of nested.closed) closed.push(path);
  }
  const tops = [around, ...[...seen].map((path) => parentOf(path))];
  for (const path of await gitlinkFolders(tops)) if (isWithin(path, reach)) seen.add(`${path}/.git`);
  // The user's own.
  if (top !== undefined) seen.delete(`${top}/.git`);
  const own = await gitFolderOf(`${around}/.git`);
  const common = own === undefined ? null : ((await commonOf(own)) ?? own);
  const armed: Found[] = [];
  for (const path of seen) {
    signal?.throwIfAborted();
    const facts = await inFolder(parentOf(path), (at) => lstat(at('.git'), { bigint: true })).catch(
      () => undefined,
    );
    if (facts !== undefined && (await mayRun(path, common))) armed.push({ path, stamp: stampOf(facts) });
  }
  return { armed, whole, closed };
};

/** Git changes the folder itself; a link or a file is made anew, and the number of one that is gone may be that of a new one. */
const stampOf = (facts: BigIntStats): string =>
  facts.isDirectory() ? `folder ${facts.ino}` : `${facts.mode} ${facts.ino} ${facts.ctimeNs}`;

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** What cannot be looked at may be armed; and nobody works in what is so deep. */
const mayRun = async (path: string, common: string | null): Promise<boolean> =>
  isDeep(path) || isArmed(path, common).catch(() => true);

export const judgeNested = ({
  names,
  stuck,
  hides,
}: CameNested): { error: ErrorInfo; feedback: string } | null => {
  if (stuck.length > 0 || hides) {
    const what = stuck.length > 0 ? `, and cannot be set aside: ${named(stuck, 5)}` : '';
    const where = hides ? '; not all folders could be looked through' : '';
    return {
      error: errorInfo(
        'nested_repository',
        `The run may have made repositories that git at the top of yours would enter, and run programs of${what}${where}.`,
        'Before you run git there, look for them (`find . -name .git`), and remove what is not needed.',
      ),
      feedback: 'Make fewer folders, no repositories within them, and shorter paths.',
    };
  }
  if (names.length === 0) return null;
  return {
    error: errorInfo(
      'nested_repository',
      `The run made a repository that git at the top of yours would enter, and run programs of: ${named(names, 5)}.`,
      `Its .git is called ${CALLED}… now, and nothing was removed. Read config and hooks in there; where you want it, rename it to .git. Check submodules out yourself (git submodule update --init) before you delegate.`,
    ),
    feedback: `Make no repository with hooks or settings of its own within the folder: ${named(names, 5)}. Where a submodule is missing, say so in place of making it.`,
  };
};
