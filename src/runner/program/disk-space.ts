/** Whether the disk takes what a program prints: one that finds no room fails for no reason of its own, or does not notice. */
import { rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../errors.ts';
import { replaceOwn } from '../../names/own-file.ts';

/** With more than this free nothing needs to be tried. */
const PLENTY_BYTES = 4 * 1024 * 1024;
/** More than the queue sets aside for outcomes, which it may have freed a moment ago: that is no room for programs. */
const TRIED_BYTES = 1024 * 1024 + 1;

/** Tries it where little is free, since what is free for one user is not for another. Never throws. */
export const hasRoom = async (path: string): Promise<boolean> => {
  const trial = `${path}.room`;
  try {
    const { bavail, bsize } = await statfs(dirname(path));
    if (bavail * bsize >= PLENTY_BYTES) return true;
    await replaceOwn(trial, Buffer.alloc(TRIED_BYTES));
    return true;
  } catch (error) {
    return !['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
  } finally {
    await rm(trial, { force: true }).catch(() => undefined);
  }
};
