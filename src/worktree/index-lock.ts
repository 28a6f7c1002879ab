/** The lock of a git index, taken as git takes it, with the name of its holder in it. */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { KoubouError, systemCode } from '../errors.ts';
import { startTimeOf } from '../process/liveness.ts';

/** Acts while git's own lock of the index keeps other koubous and the user's git commands out of the work tree. */
export const holdingIndex = async <T>(index: string, act: () => Promise<T>): Promise<T> => {
  const lock = `${index}.lock`;
  await removeDeadLock(lock);
  try {
    await writeFile(lock, `koubou ${process.pid} ${startTimeOf(process.pid)}\n`, { flag: 'wx' });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw new KoubouError('usage', `Another git command is at work there (${lock}); nothing was applied.`, {
      hint: 'Try again when it has ended; where none runs any more, remove that file.',
    });
  }
  try {
    return await act();
  } finally {
    await rm(lock, { force: true });
  }
};

/** A koubou that was killed leaves the lock; git's own, which name nobody, are left alone. */
const removeDeadLock = async (lock: string): Promise<void> => {
  const seen = await readFile(lock, 'utf8').catch(() => '');
  const [, pid, startTime] = /^koubou (\d+) (.+)\n$/.exec(seen) ?? [];
  if (pid === undefined || startTimeOf(Number(pid)) === startTime) return;
  const aside = `${lock}.${process.pid}`;
  try {
    await rename(lock, aside);
    // Somebody else was quicker, and this is already theirs.
    if ((await readFile(aside, 'utf8')) !== seen) await link(aside, lock);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
};
