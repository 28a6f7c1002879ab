/**
 * What was made or changed in a folder since a moment, of that which no diff shows: parts of homes, what git ignores,
 * repositories within. A file's ctime tells: it goes forward with every change, and nobody but the system sets it.
 */
import type { BigIntStats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { asBytes, asName, shownName } from '../../git/names.ts';
import { isHomeName } from '../../text/home-name.ts';

export interface SinceOptions {
  /** Absolute and real. */
  folder: string;
  /** Absolute and real: never looked at. */
  excluded: readonly string[];
  /** As momentNow gives it. */
  moment: bigint;
  /** Whether a name within the folder (git's bytes) is where something begins that no diff shows. */
  isHidden: (name: string) => boolean;
  signal?: AbortSignal | undefined;
  bounds?: SinceBounds;
}

interface SinceBounds {
  /** Entries of folders. */
  entries: number;
  /** Files whose time is looked at; parts of homes are looked at beyond it. */
  hidden: number;
}

const BOUNDS: SinceBounds = { entries: 2_000_000, hidden: 100_000 };

/** Names as text, relative to the folder, sorted. */
export interface Since {
  /** The first thing found in each home. */
  homes: string[];
  /** What is hidden, by where it begins, with how many files of it changed. */
  hidden: { root: string; count: number; example: string }[];
  /** Folders that became repositories of their own, or are some that something was done in. */
  repositories: string[];
  /** Folders that cannot be read any more. */
  unread: string[];
  /** There was more of what is hidden than is looked at. */
  hiddenBounded: boolean;
  /** There was more than is looked at. */
  bounded: boolean;
}

const SECOND = 1_000_000_000n;

/** Some file systems know seconds only; then the change may have come at its end. */
export const isSince = ({ ctimeNs }: BigIntStats, moment: bigint): boolean =>
  (ctimeNs % SECOND === 0n ? ctimeNs + SECOND - 1n : ctimeNs) >= moment;

/** For what counts in milliseconds: never later than the moment, also where a file system knows seconds only. */
export const momentMs = (moment: bigint): number => Number(moment / SECOND) * 1000;

const AT_ONCE = 64;

export const changedSince = async (wish: SinceOptions): Promise<Since> => {
  const walk = new Walk(wish);
  await walk.into('', { root: undefined, home: undefined });
  return walk.found();
};

interface Within {
  /** Where what is hidden begins. */
  root: string | undefined;
  home: string | undefined;
}

interface Entry {
  name: string;
  own: string;
  isFolder: boolean;
}

class Walk {
  readonly #wish: SinceOptions;
  readonly #bounds: SinceBounds;
  readonly #excluded: ReadonlySet<string>;
  readonly #homes = new Map<string, string>();
  readonly #hidden = new Map<string, { count: number; example: string }>();
  readonly #repositories: string[] = [];
  readonly #unread: string[] = [];
  #entries = 0;
  #looked = 0;
  #hiddenBounded = false;
  #bounded = false;

  constructor(wish: SinceOptions) {
    this.#wish = wish;
    this.#bounds = wish.bounds ?? BOUNDS;
    this.#excluded = new Set(wish.excluded.map(asName));
  }

  found(): Since {
    const sorted = (names: Iterable<string>): string[] => [...names].map(shownName).sort();
    return {
      homes: sorted(this.#homes.values()),
      hidden: [...this.#hidden]
        .map(([root, { count, example }]) => ({ root: shownName(root), count, example: shownName(example) }))
        .sort((a, b) => (a.root < b.root ? -1 : 1)),
      repositories: sorted(this.#repositories),
      unread: sorted(this.#unread),
      hiddenBounded: this.#hiddenBounded,
      bounded: this.#bounded,
    };
  }

  /** `name`: git's bytes; the folder itself is empty. */
  async into(name: string, within: Within): Promise<void> {
    const entries = await this.#read(name);
    const folders: [entry: Entry, within: Within][] = [];
    for (let at = 0; at < entries.length; at += AT_ONCE) {
      const some = entries.slice(at, at + AT_ONCE);
      await Promise.all(
        some.map(async (entry) => {
          const there = this.#withinOf(entry, within);
          await this.#look(entry, there);
          if (entry.isFolder && entry.own.toLowerCase() !== '.git') folders.push([entry, there]);
        }),
      );
    }
    for (const [entry, there] of folders) {
      if (this.#entries > this.#bounds.entries) return;
      await this.into(entry.name, there);
    }
  }

  #withinOf({ name, own }: Entry, { root, home }: Within): Within {
    return {
      root: root ?? (this.#wish.isHidden(name) ? name : undefined),
      home: home ?? (isHomeName(shownName(own)) ? name : undefined),
    };
  }

  async #look({ name, own, isFolder }: Entry, { root, home }: Within): Promise<void> {
    const isGit = own.toLowerCase() === '.git' && name !== own;
    if (home === undefined && !isGit) {
      if (root === undefined) return;
      this.#looked += 1;
      if (this.#looked > this.#bounds.hidden) {
        this.#hiddenBounded = true;
        return;
      }
    }
    const facts = await lstat(this.#path(name), { bigint: true }).catch(() => undefined);
    if (facts === undefined || !isSince(facts, this.#wish.moment)) return;
    if (home !== undefined) {
      if (!this.#homes.has(home)) this.#homes.set(home, name);
    } else if (isGit) {
      this.#repositories.push(name.slice(0, -'/.git'.length));
    } else if (root !== undefined) this.#tell(root, name, isFolder);
  }

  /** A folder changes with what is put into it or taken out of it: a file says more. */
  #tell(root: string, name: string, isFolder: boolean): void {
    const told = this.#hidden.get(root) ?? { count: 0, example: `${name}/` };
    if (!isFolder && told.count === 0) told.example = name;
    if (!isFolder) told.count += 1;
    this.#hidden.set(root, told);
  }

  async #read(name: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    try {
      // Its types know only encodings of text.
      const folder = await opendir(this.#path(name), { encoding: 'latin1', bufferSize: 512 });
      for await (const entry of folder) {
        this.#wish.signal?.throwIfAborted();
        this.#entries += 1;
        if (this.#entries > this.#bounds.entries) {
          this.#bounded = true;
          break;
        }
        const own = entry.name;
        const inner = name === '' ? own : `${name}/${own}`;
        if (this.#excluded.has(`${asName(this.#wish.folder)}/${inner}`)) continue;
        entries.push({ name: inner, own, isFolder: entry.isDirectory() });
      }
    } catch (error) {
      if (this.#wish.signal?.aborted) throw error;
      const facts = await lstat(this.#path(name), { bigint: true }).catch(() => undefined);
      if (facts?.isDirectory() && isSince(facts, this.#wish.moment)) this.#unread.push(name);
    }
    return entries;
  }

  #path(name: string): Buffer {
    return asBytes(name === '' ? asName(this.#wish.folder) : `${asName(this.#wish.folder)}/${name}`);
  }
}
