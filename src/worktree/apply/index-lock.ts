/** A lock of git's (of an index, of packed-refs), taken as git takes it, with the name of its holder in it. */
import { link, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import { readGitFile } from '../../git/own-index.ts';
import { startTimeOf } from '../../process/liveness.ts';
import { syncAll } from '../../process/sync.ts';

/**
 * Acts while git's own lock of a file keeps other koubous and the user's git commands away from it, and from the work tree
 * where it is the index. `undone`: what was not done where somebody else has it.
 */
export const holdingLock = async <T>(path: string, undone: string, act: () => Promise<T>): Promise<T> => {
  const lock = `${path}.lock`;
  await removeDead(path);
  await take(lock, undone);
  try {
    return await act();
  } finally {
    await rm(lock, { force: true });
  }
};

/** What koubous that were killed left of the lock of a file. */
export const removeDead = async (path: string): Promise<void> => {
  const lock = `${path}.lock`;
  await removeDeadLock(lock);
  await removeLeft(lock);
};

/** Of this process. */
let taken = 0;
/** The file system has no hard links (exFAT). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Made beside it and linked into its place: a lock that names nobody, as a kill would leave, is nobody's to remove. */
const take = async (lock: string, undone: string): Promise<void> => {
  taken += 1;
  const made = `${lock}.${process.pid}.${taken}`;
  const holder = `koubou ${process.pid} ${startTimeOf(process.pid)}\n`;
  try {
    await writeFile(made, holder, { flag: 'wx' });
    // After a power cut a lock with nothing in it would be nobody's to remove, too.
    await syncAll([made]);
    await link(made, lock).catch(async (error: unknown) => {
      if (!NO_LINKS.has(systemCode(error) ?? '')) throw error;
      await writeFile(lock, holder, { flag: 'wx' });
    });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw new KoubouError('conflict', `Another git command is at work there (${lock}); ${undone}.`, {
      hint: 'Try again when it has ended; where none runs any more, remove that file.',
    });
  } finally {
    await rm(made, { force: true });
  }
};

/** What a koubou that was killed meanwhile left beside the lock: files with its process id behind the lock's name. */
const removeLeft = async (lock: string): Promise<void> => {
  const before = `${basename(lock)}.`;
  for (const name of await readdir(dirname(lock)).catch(() => [])) {
    const [, pid] = /^(\d+)(?:\.\d+)?$/.exec(name.startsWith(before) ? name.slice(before.length) : '') ?? [];
    if (pid !== undefined && startTimeOf(Number(pid)) === null) {
      await rm(join(dirname(lock), name), { force: true });
    }
  }
};

/** A koubou that was killed leaves the lock; git's own, which name nobody, are left alone. */
const removeDeadLock = async (lock: string): Promise<void> => {
  const seen = await textOf(lock);
  const [, pid, startTime] = /^koubou (\d+) (.+)\n$/.exec(seen) ?? [];
  if (pid === undefined || startTimeOf(Number(pid)) === startTime) return;
  const aside = `${lock}.${process.pid}`;
  try {
    await rename(lock, aside);
    // Somebody else was quicker, and this is already theirs.
    if ((await textOf(aside)) !== seen) await link(aside, lock);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
};

/** Nothing of what is no file: an agent may put a pipe there, at which a reader waits. */
const textOf = async (path: string): Promise<string> =>
  (await readGitFile(path).catch(() => undefined))?.bytes.toString('utf8') ?? '';
