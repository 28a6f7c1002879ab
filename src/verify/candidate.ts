/**
 * What a run left as its result, taken out of the hands of whatever it started: a copy with an inode of its own. What
 * still holds the old one open writes to a file that has no name any more.
 */
import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { chmod, copyFile, lstat, rename, rm } from 'node:fs/promises';
import { KoubouError, systemCode } from '../errors.ts';
import { createOwn, openOwn, piecesOf } from '../names/own-file.ts';
import { removeTree } from '../names/remove-tree.ts';

export interface Candidate {
  path: string;
  sha256: string;
}

const halfOf = (path: string): string => `${path}.half`;

/**
 * Puts a copy of the candidate in its place: as much of it as there is now, on one file system with what it is copied
 * from, so that it costs no room where blocks can be shared. null: the run left none. Throws `disk_full` with the
 * candidate as it was. `earlier`: candidates of runs of the task that may have been killed while they were copied.
 */
export const sealCandidate = async (
  path: string,
  earlier: readonly string[] = [],
): Promise<Candidate | null> => {
  if ((await lstat(path).catch(() => undefined)) === undefined) return null;
  const half = halfOf(path);
  const source = await openOwn(path, 'read');
  try {
    for (const left of [...earlier, path]) await removeTree(halfOf(left));
    if ((await source.stat()).size === 0) return await emptyAnew(path);
    const opened = `/proc/self/fd/${source.fd}`;
    const from = existsSync(opened) ? opened : path;
    await copyFile(from, half, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(half, 0o600);
    const sha256 = await sha256Of(half);
    await rename(half, path);
    return { path, sha256 };
  } catch (cause) {
    await rm(half, { force: true }).catch(() => undefined);
    if (!isFull(cause)) throw cause;
    throw new KoubouError('disk_full', 'The disk is full: the result could not be set apart to be judged.', {
      cause,
    });
  } finally {
    await source.close();
  }
};

/** Of nothing no copy is kept meanwhile: a disk that has no inode left has the one that this frees. */
const emptyAnew = async (path: string): Promise<Candidate | null> => {
  try {
    await (await createOwn(path)).close();
  } catch (error) {
    if (isFull(error)) return null;
    throw error;
  }
  return { path, sha256: await sha256Of(path) };
};

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');

/** Whether it is still what was set apart. */
export const isUnchanged = async ({ path, sha256 }: Candidate): Promise<boolean> =>
  (await sha256Of(path).catch(() => null)) === sha256;

export const outputChanged = (): KoubouError =>
  new KoubouError(
    'output_changed',
    'The result was changed while it was judged, so it is not what was checked.',
    {
      hint: 'Where the check itself writes to $KOUBOU_OUTPUT, let it write elsewhere: it judges, and changes nothing.',
    },
  );

const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const piece of piecesOf(path)) hash.update(piece);
  return hash.digest('hex');
};
