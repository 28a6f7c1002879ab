/**
 * What is neither a file nor a folder in a git folder: git writes through links, and waits at pipes. Names and paths are in
 * git's bytes, as a name may be no UTF-8.
 */
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { Folder } from '../../names/folder.ts';
import { NameRefused } from '../../names/walk.ts';
import { withRights } from '../../names/with-rights.ts';
import { isInReach } from '../deep-folder.ts';
import { asName } from '../names.ts';

/** Below it lie folders by the hundred, in which git makes files under new names and by renaming. */
const OBJECTS = 'objects';

/**
 * Removes them from a git folder of koubou's own. No link is followed, not on the way to the folder either: a repository may
 * bring one in the place of a folder, and what lies behind it is not git's.
 */
export const removeOddEntries = async (top: string): Promise<void> => {
  const errors: unknown[] = [];
  await new Look(asName(top), errors).through(asName(top), async () => Folder.open(top));
  // What lies behind a link is none of koubou's.
  const first = errors.find((error) => !(error instanceof NameRefused));
  if (first !== undefined) throw first;
};

class Look {
  readonly #top: string;
  readonly #objects: string;
  /** None of them keeps the rest from its turn. */
  readonly #errors: unknown[];

  constructor(top: string, errors: unknown[]) {
    this.#top = top;
    this.#objects = basename(top) === OBJECTS ? top : join(top, OBJECTS);
    this.#errors = errors;
  }

  async through(path: string, open: () => Promise<Folder>): Promise<void> {
    await this.#try(async () => {
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
        await this.#try(() => withRights(folder, () => rm(folder.atBytes(entry.name), { force: true })));
      } else if (path !== this.#objects && isInReach(whole, this.#top)) {
        await this.through(whole, () => withRights(folder, async () => folder.enter(entry.name)));
      }
    }
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isOutOfReach(error)) this.#errors.push(error);
    }
  }
}

/** Gone, or at a path that is too long for git as well. */
const isOutOfReach = (error: unknown): boolean =>
  ['ENOENT', 'ENAMETOOLONG'].includes(systemCode(error) ?? '');
