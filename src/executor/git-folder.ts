/**
 * A git folder that a program in a sandbox may write to. What lies at its top and is not needed for a commit is read-only to
 * the program; what it makes there no mount can judge before, as git's lock files come and go beside it. So that is judged
 * when the program has ended, and what git could run or follow of it is set aside: nothing is deleted, as it may be the
 * user's, who was at work in the same repository.
 */
import { constants, fstatSync, openSync, readSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { KoubouError } from '../errors.ts';
import { closeRead } from '../names/close-read.ts';
import { Folder } from '../names/folder.ts';
import { unlikelyName } from '../names/unlikely-name.ts';
import { withRights } from '../names/with-rights.ts';
import { asBytes, asName, shownName } from '../process/git.ts';
import { eachOdd, type FoundOdd, oddEntries } from '../process/odd-entries.ts';
import { isWithin } from '../text/is-within.ts';
import { named } from '../text/named.ts';
import { IndexGuard, indexForged } from './index-guard.ts';
import type { Remains } from './remains.ts';
import { moveAway } from './set-aside.ts';
import { runsNothing } from './unfinished.ts';

/** What git writes there in the course of work and runs nothing of; and what git-lfs, git-annex and opencode do. */
const WORKED_ON: ReadonlySet<string> = new Set(
  [
    'HEAD index packed-refs objects refs logs reftable shallow gc.log gc.pid ORIG_HEAD FETCH_HEAD',
    'CHERRY_PICK_HEAD REVERT_HEAD REBASE_HEAD AUTO_MERGE MERGE_HEAD MERGE_MSG MERGE_MODE MERGE_RR',
    'MERGE_AUTOSTASH SQUASH_MSG COMMIT_EDITMSG TAG_EDITMSG NOTES_EDITMSG lfs annex opencode',
  ].flatMap((names) => names.split(' ')),
);
const ALSO_WORKED_ON = /^(?:BISECT_[A-Z_]+|sharedindex\.\w+|.+\.lock|\.?COMMIT_EDITMSG[.~\w]*)$/;

export const isWorkedOn = (name: string): boolean => WORKED_ON.has(name) || ALSO_WORKED_ON.test(name);

/** Empty, it is what any commit makes where the user's settings want it. */
const MADE_EMPTY = 'rr-cache';
const ASIDE = 'koubou-aside-';
/** What was set aside for another program that ended meanwhile, and by guards.ts. */
const OF_KOUBOU = /^koubou-aside-\d|\.replaced-\d+$/;

export interface Judged {
  /** For the log. */
  notes: string[];
  /** Where the folder was no repository any more. */
  broken?: KoubouError;
}

/** As it was before a program ran. Names and paths are in git's bytes, but for those of the folder and its parts. */
export class GitFolder {
  readonly path: string;
  /** Other folders of git's that the program may write to. */
  readonly #parts: readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #odd: ReadonlySet<string>;
  readonly #closed: ReadonlySet<string>;
  readonly #head: string | undefined;
  readonly #index: IndexGuard;

  private constructor(
    path: string,
    parts: readonly string[],
    names: Iterable<string>,
    odd: readonly FoundOdd[],
    index: IndexGuard,
  ) {
    this.path = path;
    this.#parts = parts;
    this.#names = new Set(names);
    this.#odd = new Set(odd.flatMap(({ entries }) => entries));
    this.#closed = new Set(odd.flatMap(({ closed }) => closed));
    this.#head = headOf(path);
    this.#index = index;
  }

  static async before(path: string, parts: readonly string[]): Promise<GitFolder> {
    const odd = await Promise.all([path, ...parts].map(oddEntries));
    const names = await readdir(path, { encoding: 'latin1' });
    return new GitFolder(path, parts, names, odd, await IndexGuard.before(path));
  }

  /**
   * To be called when nothing runs in there any more. `kept`: names that stay, such as a stand-in. What cannot be set aside is
   * told to `remains`.
   */
  async judge(kept: ReadonlySet<string>, remains: Remains): Promise<Judged> {
    const top = Folder.open(this.path);
    const aside = new Aside(top, remains);
    try {
      const notes = await remains.try(this.path, () => this.#judgeTop(top, kept, aside));
      for (const folder of [this.path, ...this.#parts]) await this.#judgeOdd(folder, aside, remains);
      const head = join(this.path, 'HEAD');
      const index = join(this.path, 'index');
      const broken = [
        await remains.try(head, () => this.#putHeadBack(top, aside)),
        await remains.try(index, () => this.#judgeIndex(top, aside)),
      ].find((error) => error !== undefined);
      return { notes: [...(notes ?? []), ...aside.notes()], ...(broken === undefined ? {} : { broken }) };
    } finally {
      aside.close();
      top.close();
    }
  }

  async #judgeTop(top: Folder, kept: ReadonlySet<string>, aside: Aside): Promise<string[]> {
    const notes: string[] = [];
    for (const name of await withRights(top, () => readdir(top.at('.'), { encoding: 'latin1' }))) {
      if (this.#names.has(name) || isWorkedOn(name) || kept.has(name)) continue;
      if (OF_KOUBOU.test(name)) continue;
      if (await isEmptyCache(top.at(name))) continue;
      if (await runsNothing(top.at(name), name))
        notes.push(`${join(this.path, name)} came, and runs nothing`);
      else await aside.take(top, name, name);
    }
    return notes;
  }

  async #judgeOdd(folder: string, aside: Aside, remains: Remains): Promise<void> {
    const own = asName(this.path);
    await eachOdd(folder, {
      take: async (odd) => {
        if (this.#odd.has(odd.path) || aside.holds(odd.path)) return;
        await aside.take(odd.folder, odd.name, relative(own, odd.path));
      },
      failed: (path, error) => {
        // Another user's, as before: the program had no more rights there than koubou has.
        if (!this.#closed.has(path)) remains.add(shownName(path), error);
      },
    });
  }

  async #judgeIndex(top: Folder, aside: Aside): Promise<KoubouError | undefined> {
    const { files, names } = await this.#index.forged();
    for (const file of files) await aside.take(top, file, file);
    return files.length === 0 ? undefined : indexForged(this.path, names);
  }

  /** Without HEAD it is no repository, and the user's git takes one that lies around it, or in the work tree. */
  async #putHeadBack(top: Folder, aside: Aside): Promise<KoubouError | undefined> {
    const head = this.#head;
    if (head === undefined || headOf(this.path) !== undefined) return undefined;
    await aside.take(top, 'HEAD', 'HEAD');
    await withRights(top, () => writeFile(top.at('HEAD'), head, { flag: 'wx' }));
    return new KoubouError('repository_lost', `The run left ${this.path} without a HEAD that git can read.`, {
      hint: 'HEAD is again what it was before the run. Look at `git status` and `git branch`.',
    });
  }
}

/** Some are left of the 255 that a name may have. */
const MOST_BYTES = 200;
const MOST_NAMED = 10;

/** A folder of its own for what is set aside, made with the first; git follows nothing in it. */
class Aside {
  readonly #top: Folder;
  readonly #remains: Remains;
  #folder: Folder | undefined;
  /** By the name that each has here: the path that it had, from the top. */
  readonly #taken = new Map<string, string>();
  readonly #removed: string[] = [];

  constructor(top: Folder, remains: Remains) {
    this.#top = top;
    this.#remains = remains;
  }

  /** `path`: from the top. Does not reject. */
  async take(folder: Folder, name: string, path: string): Promise<void> {
    await this.#remains.try(join(this.#top.path, shownName(path)), async () => {
      const free = this.#nameFor(path);
      const became = await moveAway(folder, asBytes(name), async () => {
        this.#folder ??= await makeFolder(this.#top);
        return this.#folder.atBytes(asBytes(free));
      });
      if (became === 'moved') this.#taken.set(free, path);
      if (became === 'removed') this.#removed.push(shownName(path));
    });
  }

  /** A name in objects or refs is as good as its path; the number parts those that look alike, and stands for what is too long. */
  #nameFor(path: string): string {
    if (!path.includes('/') && !/^\d/.test(path) && !this.#taken.has(path)) return path;
    const number = String(this.#taken.size);
    const flat = `${number}-${path.replaceAll('/', '%')}`;
    return flat.length > MOST_BYTES ? number : flat;
  }

  holds(path: string): boolean {
    return this.#folder !== undefined && isWithin(path, asName(this.#folder.path));
  }

  notes(): string[] {
    const came = `came into ${this.#top.path} while the program ran, where git could follow it, and was`;
    const notes: string[] = [];
    if (this.#removed.length > 0)
      notes.push(`${came} removed, as it could not be set aside: ${named(this.#removed, MOST_NAMED)}`);
    if (this.#folder === undefined || this.#taken.size === 0) return notes;
    const taken = [...this.#taken].map(([name, path]) =>
      /^\d+$/.test(name) ? `${shownName(path)} (as ${name})` : shownName(path),
    );
    const { path } = this.#folder;
    return [
      ...notes,
      `${came} set aside: ${named(taken, MOST_NAMED)}. It lies in ${path}; what is yours, move back (mv ${join(path, 'NAME')} ${this.#top.path})`,
    ];
  }

  close(): void {
    this.#folder?.close();
  }
}

const makeFolder = async (top: Folder): Promise<Folder> => {
  const name = unlikelyName(ASIDE);
  await withRights(top, () => mkdir(top.at(name)));
  return top.enter(name);
};

const isEmptyCache = async (path: string): Promise<boolean> =>
  basename(path) === MADE_EMPTY && (await readdir(path).catch(() => ['?'])).length === 0;

const HEAD = /^(?:ref: refs\/[^\s]+|[0-9a-f]{40,64})\s*$/;
const HEAD_BYTES = 4096;

/** undefined: there is none that git takes for one. */
const headOf = (folder: string): string | undefined => {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(
      join(folder, 'HEAD'),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    if (!fstatSync(descriptor).isFile()) return undefined;
    const bytes = Buffer.alloc(HEAD_BYTES);
    const text = bytes.toString('utf8', 0, readSync(descriptor, bytes));
    return HEAD.test(text) ? text : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeRead(descriptor);
  }
};
