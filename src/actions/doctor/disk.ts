/** doctor's look at the home's file system: what the queue does to it all the time has to work. */
import { type FileHandle, link, mkdir, open, rename, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { halfMadePath, removeHalfMade } from '../../process/half-made.ts';
import { asTyped } from '../../say/shell-quote.ts';
import type { Finding } from './finding.ts';

const LITTLE_SPACE = 256 * 1024 * 1024;

/** Tries link, the renaming of a folder and fsync in a folder of its own, which it removes. Never throws. */
export const checkDisk = async (home: string): Promise<Finding> => {
  const name = 'file system';
  try {
    await tryOut(home);
    const { bavail, bsize } = await statfs(home);
    const free = bavail * bsize;
    const space = `${sizeOf(free)} free`;
    if (free < LITTLE_SPACE) return { name, ok: false, message: `Only ${space}.`, cure: 'Free some space.' };
    if (((await stat(home)).mode & 0o077) !== 0) {
      return {
        name,
        ok: true,
        message: `Works; ${space}. Others may read ${home}.`,
        cure: `chmod 700 ${asTyped(home)}`,
      };
    }
    return { name, ok: true, message: `Links, renames and syncs; ${space}.`, cure: null };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { name, ok: false, message: `The home cannot be worked in: ${text}.`, cure: cureFor(error, home) };
  }
};

const sizeOf = (bytes: number): string => {
  const megabytes = bytes / 1024 ** 2;
  return megabytes < 1024 ? `${Math.floor(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
};

const tryOut = async (home: string): Promise<void> => {
  const name = join(home, '.doctor');
  removeHalfMade(name);
  const folder = halfMadePath(name);
  await mkdir(folder);
  try {
    await mkdir(join(folder, 'a'));
    const file = await open(join(folder, 'a', 'file'), 'wx', 0o600);
    await syncAndClose(file);
    await link(join(folder, 'a', 'file'), join(folder, 'link'));
    await rename(join(folder, 'a'), join(folder, 'b'));
    await syncAndClose(await open(folder, 'r'));
  } finally {
    await removeTree(folder);
  }
};

const syncAndClose = async (file: FileHandle): Promise<void> => {
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

const cureFor = (error: unknown, home: string): string => {
  const code = systemCode(error) ?? '';
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return `Give your user the right to write in ${home}.`;
  if (['ENOSPC', 'EDQUOT'].includes(code)) return 'Free some space or files on that disk.';
  return 'Move the home to a local disk (ext4, xfs, btrfs, APFS).';
};
