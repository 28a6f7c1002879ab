/**
 * Removes a file, or a folder with all in it. On Linux every folder is opened without following a link and emptied by its
 * descriptor, so a program that replaces a folder with a link meanwhile cannot have files removed elsewhere.
 */
import { chmod, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { systemCode } from '../errors.ts';
import { Folder, type FolderOptions, hasDescriptors } from './folder.ts';
import { NameRefused } from './walk.ts';
import { OWNERS_RIGHTS, withRights } from './with-rights.ts';

/** Each level holds a descriptor. What lies deeper is moved up first. */
const MOST_DEEP = 64;
const AT_ONCE = 16;
/** A folder into which somebody goes on writing is left. */
const TRIES = 5;

export interface RemoveOptions extends Pick<FolderOptions, 'portable'> {
  /**
   * Absolute: an ancestor to which the user's own way leads, by links as well; from there on no link is followed. Left out: the
   * folder that it lies in.
   */
  from?: string;
}

/**
 * `path` is absolute, as text or as bytes. What is not there is no error. Folders whose owner took all rights away are removed, too. Rejects with the system's error,
 * ENOTDIR where a link lies on the way, ENOTEMPTY where somebody goes on writing there.
 */
export const removeTree = async (path: string | Buffer, options: RemoveOptions = {}): Promise<void> => {
  const { from = dirname(path.toString()), portable = !hasDescriptors() } = options;
  if (portable) return removeByName(path);
  const parts = partsOf(path, from);
  const name = parts.pop() ?? Buffer.alloc(0);
  let folder: Folder | undefined;
  try {
    folder = Folder.reach(from, { portable });
    for (const part of parts) {
      const above: Folder = folder;
      folder = above.enter(part);
      above.close();
    }
    await new Removal().remove(folder, name, 0);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    if (!(error instanceof NameRefused)) throw error;
    throw Object.assign(new Error(`ENOTDIR: ${error.message}`, { cause: error }), { code: 'ENOTDIR' });
  } finally {
    folder?.close();
  }
};

/** Each byte is a letter meanwhile: a name may be no UTF-8. */
const partsOf = (path: string | Buffer, from: string): Buffer[] => {
  const letters = (text: string | Buffer): string => Buffer.from(text).toString('latin1');
  return relative(letters(from), letters(path))
    .split(sep)
    .map((part) => Buffer.from(part, 'latin1'));
};

class Removal {
  /** The outermost folder of the tree. */
  #top: Folder | undefined;
  #movedUp = 0;

  async remove(parent: Folder, name: Buffer, depth: number): Promise<void> {
    for (let left = TRIES; ; left -= 1) {
      if (await removeFile(parent, name)) return;
      try {
        await this.#removeFolder(parent, name, depth);
        return;
      } catch (error) {
        // It was turned round meanwhile, or something came.
        const changed = error instanceof NameRefused || ['ENOTDIR', 'ENOTEMPTY'].includes(codeOf(error));
        if (codeOf(error) === 'ENOENT') return;
        if (!changed || left === 0) throw error;
      }
    }
  }

  async #removeFolder(parent: Folder, name: Buffer, depth: number): Promise<void> {
    const path = parent.atBytes(name);
    if (depth > MOST_DEEP && this.#top !== undefined) {
      this.#movedUp += 1;
      await withRights(parent, () => rename(path, this.#top?.at(`.koubou-deep-${this.#movedUp}`) ?? path));
      return;
    }
    const folder = await withRights(parent, async () => parent.enter(name));
    try {
      this.#top ??= folder;
      // What lies too deep comes up into the top while it is emptied.
      for (let before = -1; before !== this.#movedUp; ) {
        before = this.#movedUp;
        await this.#empty(folder, depth);
        if (folder !== this.#top) break;
      }
    } finally {
      folder.close();
    }
    await withRights(parent, () => rmdir(path));
  }

  async #empty(folder: Folder, depth: number): Promise<void> {
    const list = (): Promise<Buffer[]> => readdir(folder.self, { encoding: 'buffer' });
    const names = await withRights(folder, list);
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const some = names.slice(at, at + AT_ONCE);
      const gone = await Promise.all(some.map((name) => removeFile(folder, name)));
      for (const [nth, name] of some.entries()) {
        if (gone[nth] !== true) await this.remove(folder, name, depth + 1);
      }
    }
  }
}

/** False: a folder lies there. */
const removeFile = async (parent: Folder, name: Buffer): Promise<boolean> => {
  try {
    await withRights(parent, () => unlink(parent.atBytes(name)));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    // POSIX says EPERM of a folder, Linux EISDIR.
    if (['EISDIR', 'EPERM'].includes(codeOf(error))) return false;
    throw error;
  }
};

const codeOf = (error: unknown): string => systemCode(error) ?? '';

const removeByName = async (path: string | Buffer): Promise<void> => {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(codeOf(error))) throw error;
    await openFolders(path.toString());
    await rm(path, { recursive: true, force: true });
  }
};

const openFolders = async (folder: string): Promise<void> => {
  await chmod(folder, OWNERS_RIGHTS);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
  }
};
