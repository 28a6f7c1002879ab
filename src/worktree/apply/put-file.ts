/** Puts one file or link in its place in a single step: at every moment the name has the old one or the new one. */
import { constants } from 'node:fs';
import { copyFile, link, lstat, open, readlink, rename, rm, symlink } from 'node:fs/promises';
import { systemCode } from '../../errors.ts';
import { hasDescriptors } from '../../names/folder.ts';
import { syncAll } from '../../process/sync.ts';

type Path = string | Buffer;

/** The file system has no hard links (exFAT), or not for this file. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

interface Put {
  from: Path;
  to: Path;
  /** In the folder of `to`: where it is copied to when the two lie on different file systems. */
  beside: Path;
  /** Whether something may lie there. Else EEXIST is thrown for it. */
  mayReplace: boolean;
}

/** `from` may stay. */
export const putFile = async ({ from, to, beside, mayReplace }: Put): Promise<void> => {
  const put = mayReplace ? rename : putNew;
  try {
    await put(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    try {
      await copyEntry(from, beside);
      await put(beside, to);
    } finally {
      await rm(beside, { force: true });
    }
  }
};

const putNew = async (from: Path, to: Path): Promise<void> => {
  if ((await lstat(from)).isSymbolicLink()) {
    return symlink(await readlink(from, { encoding: 'buffer' }), to);
  }
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.includes(systemCode(error) ?? '')) throw error;
    if ((await lstat(to).catch(() => undefined)) !== undefined) throw exists();
    await rename(from, to);
  }
};

const exists = (): Error => Object.assign(new Error('it exists'), { code: 'EEXIST' });

/** Under a second name that nothing done to the first one changes. */
export const keepFile = async (from: Path, to: Path): Promise<void> => {
  try {
    if ((await lstat(from)).isFile()) return await link(from, to);
  } catch (error) {
    if (![...NO_LINKS, 'EXDEV'].includes(systemCode(error) ?? '')) throw error;
  }
  await copyEntry(from, to);
};

const copyEntry = async (from: Path, to: Path): Promise<void> => {
  await rm(to, { force: true });
  if ((await lstat(from)).isSymbolicLink()) {
    return symlink(await readlink(from, { encoding: 'buffer' }), to);
  }
  const file = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw Object.assign(new Error('it is no file'), { code: 'ENOTDIR' });
    const opened = hasDescriptors() ? `/proc/self/fd/${file.fd}` : from;
    await copyFile(opened, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } finally {
    await file.close();
  }
  await syncAll([to]);
};
