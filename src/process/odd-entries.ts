/**
 * What is neither a file nor a folder in a git folder: git writes through links, and waits at pipes. Names and paths are in
 * git's bytes, as a name may be no UTF-8.
 */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode } from '../errors.ts';
import { Folder } from '../names/folder.ts';
import { NameRefused } from '../names/walk.ts';
import { withRights } from '../names/with-rights.ts';
import { isInReach } from './deep-folder.ts';
import { asBytes, asName } from './git.ts';

/** Below it lie folders by the hundred, in which git makes files under new names and by renaming. */
const OBJECTS = 'objects';

interface Odd {
  /** Absolute. */
  path: string;
  /** In which it lies; open until `take` has settled. */
  folder: Folder;
  name: string;
}

interface OddWish {
  take: (odd: Odd) => Promise<void>;
  /** Told of what `take` rejected, and of each folder that cannot be looked through: neither keeps the rest from its turn. */
  failed: (path: string, error: unknown) => void;
}

export interface FoundOdd {
  entries: string[];
  /** Folders of other users, that cannot be looked through. */
  closed: string[];
}

/** `folder`: a git folder, or one of its parts. Absolute, without symbolic links. */
export const oddEntries = async (folder: string): Promise<FoundOdd> => {
  const found: FoundOdd = { entries: [], closed: [] };
  await eachOdd(folder, {
    take: async ({ path }) => void found.entries.push(path),
    failed: (path, error) => {
      if (['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) found.closed.push(path);
    },
  });
  return found;
};

/** For folders of koubou's own. */
export const removeOddEntries = async (top: string): Promise<void> => {
  const errors: unknown[] = [];
  await eachOdd(top, {
    take: ({ folder, name }) => withRights(folder, () => rm(folder.atBytes(asBytes(name)), { force: true })),
    failed: (_, error) => errors.push(error),
  });
  // What lies behind a link is none of koubou's.
  const first = errors.find((error) => !(error instanceof NameRefused));
  if (first !== undefined) throw first;
};

/**
 * No link is followed, not on the way to the folder either: a repository may bring one in the place of a folder, an agent
 * may put one there while this goes on, and what lies behind it is not git's.
 */
export const eachOdd = (top: string, wish: OddWish): Promise<void> =>
  new Look(asName(top), wish).through(asName(top), async () => Folder.open(top));

class Look {
  readonly #top: string;
  readonly #objects: string;
  readonly #wish: OddWish;

  constructor(top: string, wish: OddWish) {
    this.#top = top;
    this.#objects = basename(top) === OBJECTS ? top : join(top, OBJECTS);
    this.#wish = wish;
  }

  async through(path: string, open: () => Promise<Folder>): Promise<void> {
    await this.#try(path, async () => {
      const folder = await open();
      try {
        await this.#entries(path, folder);
      } finally {
        folder.close();
      }
    });
  }

  async #entries(path: string, folder: Folder): Promise<void> {
    const list = () => readdir(folder.atBytes(Buffer.from('.')), { withFileTypes: true, encoding: 'buffer' });
    for (const entry of await withRights(folder, list)) {
      if (entry.isFile()) continue;
      const name = entry.name.toString('latin1');
      const whole = `${path}/${name}`;
      if (!entry.isDirectory()) {
        await this.#try(whole, () => this.#wish.take({ path: whole, folder, name }));
      } else if (path !== this.#objects && isInReach(whole, this.#top)) {
        await this.through(whole, () => withRights(folder, async () => folder.enter(entry.name)));
      }
    }
  }

  async #try(path: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isOutOfReach(error)) this.#wish.failed(path, error);
    }
  }
}

/** Gone, or at a path that is too long for git as well. */
const isOutOfReach = (error: unknown): boolean =>
  ['ENOENT', 'ENAMETOOLONG'].includes(systemCode(error) ?? '');
