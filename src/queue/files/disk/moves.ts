/** Renames and removes on any disk. Safe when other processes do the same at once. */
import { join } from 'node:path';
import { type Disk, listOrNone, unlessCode } from './disk.ts';

/** Takes away what lies there, if it is not a folder with something in it. */
export const removeAny = async (disk: Disk, path: string): Promise<void> => {
  const isFolder = !(await unlessCode(['EISDIR', 'EPERM'], async () => {
    await unlessCode(['ENOENT', 'ENOTDIR'], () => disk.unlink(path));
  }));
  if (isFolder) {
    await unlessCode(['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EPERM'], () => disk.removeFolder(path));
  }
};

/**
 * Renames a file of the queue, and sees to it that its old name goes: between two names of one file, as btrfs may show it
 * after a loss of power, rename does nothing and says that all went well.
 */
export const move = async (disk: Disk, from: string, to: string): Promise<void> => {
  await disk.rename(from, to);
  // The rename has happened, so an error here must not look like a failed move. The next process removes old names, too.
  await removeOldName(disk, from, to).catch(() => undefined);
};

const removeOldName = async (disk: Disk, from: string, to: string): Promise<void> => {
  const left = await disk.facts(from);
  if (left === undefined || left.links < 2) return;
  if ((await disk.facts(to))?.inode === left.inode) await disk.unlink(from);
};

/**
 * Renames a folder. In the lower layer of an overlay file system, as in a committed image of a container, none can be
 * renamed (EXDEV): then what is in it is moved one by one, and it is removed. Any number of processes may do so at once.
 */
export const moveFolder = async (disk: Disk, from: string, to: string): Promise<void> => {
  if (await unlessCode(['EXDEV'], () => disk.rename(from, to))) return;
  do {
    await makeFolderOnce(disk, to);
    for (const name of await listOrNone(disk, from)) {
      const [source, target] = [join(from, name), join(to, name)];
      const isFolder = (await disk.facts(source))?.kind === 'folder';
      await unlessCode(['ENOENT'], () =>
        isFolder ? moveFolder(disk, source, target) : disk.rename(source, target),
      );
    }
    // Its owner may live and put more into it: that is moved, too.
  } while (!(await unlessCode(['ENOTEMPTY', 'EEXIST'], () => removeGone(disk, from))));
};

const removeGone = async (disk: Disk, path: string): Promise<void> => {
  await unlessCode(['ENOENT'], () => disk.removeFolder(path));
};

/** Takes away what lies there with all that is in it; a link is removed and not followed. */
export const removeTree = async (disk: Disk, path: string): Promise<void> => {
  if ((await disk.facts(path))?.kind === 'folder') {
    for (const name of await listOrNone(disk, path)) await removeTree(disk, join(path, name));
  }
  await removeAny(disk, path);
};

/** Renames a file of ours over whatever lies there, if that is not a folder with something in it. */
export const replace = async (disk: Disk, from: string, to: string): Promise<void> => {
  if (await unlessCode(['EISDIR', 'EEXIST', 'ENOTEMPTY'], () => disk.rename(from, to))) return;
  await removeAny(disk, to);
  await disk.rename(from, to);
};

export const makeFolderOnce = async (disk: Disk, path: string): Promise<boolean> =>
  unlessCode(['EEXIST'], () => disk.makeFolder(path));
