/**
 * A git folder that a program in a sandbox may write to. What lies at its top and is not needed for a commit is read-only to
 * the program; what it makes there no mount can judge before, as git's lock files come and go beside it. So that is judged
 * when the program has ended, and what git could run or follow of it is set aside: nothing is deleted, as it may be the
 * user's, who was at work in the same repository.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { lstat, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { KoubouError } from '../errors.ts';
import { Folder } from '../names/folder.ts';
import { eachOdd, oddEntries } from '../process/odd-entries.ts';
import { isWithin } from '../text/is-within.ts';
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
const ASIDE = 'koubou-aside';
/** What was set aside for another program that ended meanwhile, and by guards.ts. */
const OF_KOUBOU = /^koubou-aside-\d|\.replaced-\d+$/;

export interface Judged {
  /** For the log. */
  notes: string[];
  /** Where the folder was no repository any more. */
  broken?: KoubouError;
}

/** As it was before a program ran. */
export class GitFolder {
  readonly #path: string;
  /** Other folders of git's that the program may write to. */
  readonly #parts: readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #odd: ReadonlySet<string>;
  readonly #head: string | undefined;

  private constructor(
    path: string,
    parts: readonly string[],
    names: Iterable<string>,
    odd: Iterable<string>,
  ) {
    this.#path = path;
    this.#parts = parts;
    this.#names = new Set(names);
    this.#odd = new Set(odd);
    this.#head = headOf(path);
  }

  static async before(path: string, parts: readonly string[]): Promise<GitFolder> {
    const odd = await Promise.all([path, ...parts].map(oddEntries));
    return new GitFolder(path, parts, await readdir(path), odd.flat());
  }

  /** To be called when nothing runs in there any more. `kept`: names that stay, such as a stand-in. */
  async judge(kept: ReadonlySet<string>): Promise<Judged> {
    const aside = new Aside(this.#path);
    const notes: string[] = [];
    try {
      const top = Folder.open(this.#path);
      try {
        for (const name of await readdir(top.at('.'))) {
          if (this.#names.has(name) || isWorkedOn(name) || kept.has(name)) continue;
          if (OF_KOUBOU.test(name)) continue;
          if (await isEmptyCache(top.at(name))) continue;
          if (await runsNothing(top.at(name), name))
            notes.push(`${join(this.#path, name)} came, and runs nothing`);
          else await aside.take(top.at(name), name);
        }
      } finally {
        top.close();
      }
      for (const folder of [this.#path, ...this.#parts]) {
        await eachOdd(folder, async (path, at) => {
          if (this.#odd.has(path) || basename(path) === 'fsmonitor--daemon.ipc' || aside.holds(path)) return;
          await aside.take(at, relative(this.#path, path));
        });
      }
      const broken = await this.#putHeadBack(aside);
      return { notes: [...notes, ...aside.notes()], ...(broken === undefined ? {} : { broken }) };
    } finally {
      aside.close();
    }
  }

  /** Without HEAD it is no repository, and the user's git takes one that lies around it, or in the work tree. */
  async #putHeadBack(aside: Aside): Promise<KoubouError | undefined> {
    if (this.#head === undefined || headOf(this.#path) !== undefined) return undefined;
    const top = Folder.open(this.#path);
    try {
      await aside.take(top.at('HEAD'), 'HEAD');
      await writeFile(top.at('HEAD'), this.#head, { flag: 'wx' });
    } finally {
      top.close();
    }
    return new KoubouError(
      'repository_lost',
      `The run left ${this.#path} without a HEAD that git can read.`,
      {
        hint: 'HEAD is again what it was before the run. Look at `git status` and `git branch`.',
      },
    );
  }
}

/** A folder of its own for what is set aside, made with the first; git follows nothing in it. */
class Aside {
  readonly #top: string;
  #folder: Folder | undefined;
  readonly #names: string[] = [];

  constructor(top: string) {
    this.#top = top;
  }

  async take(at: string, name: string): Promise<void> {
    if ((await lstat(at).catch(() => undefined)) === undefined) return;
    this.#folder ??= await makeFolder(this.#top);
    // A name in objects or refs is as good as its path; the number parts those that look alike.
    const flat = `${this.#names.length}-${name.replaceAll('/', '%')}`;
    await rename(at, this.#folder.at(this.#names.includes(name) || name.includes('/') ? flat : name));
    this.#names.push(name);
  }

  holds(path: string): boolean {
    return this.#folder !== undefined && isWithin(path, this.#folder.path);
  }

  notes(): string[] {
    if (this.#folder === undefined) return [];
    const named = this.#names.slice(0, 10).join(', ');
    const more = this.#names.length > 10 ? ` and ${this.#names.length - 10} more` : '';
    return [
      `came into ${this.#top} while the program ran, where git could follow it, and was set aside: ${named}${more}. It lies in ${this.#folder.path}; what is yours, move back (mv ${join(this.#folder.path, 'NAME')} ${this.#top})`,
    ];
  }

  close(): void {
    this.#folder?.close();
  }
}

const makeFolder = async (top: string): Promise<Folder> => {
  for (let tries = 0; ; tries += 1) {
    const path = join(top, `${ASIDE}-${Date.now()}${tries === 0 ? '' : `-${tries}`}`);
    const made = await mkdir(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST' || tries > 9) throw error;
        return false;
      },
    );
    if (made) return Folder.open(path);
  }
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
    if (descriptor !== undefined) closeSync(descriptor);
  }
};
