/** --output: puts an accepted result where the caller wants it, whole or not at all. */

import { createReadStream } from 'node:fs';
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';

/**
 * Copies `candidatePath` to `target` (absolute), durably and atomically: a reader sees the old file or the
 * whole new one, also after a loss of power. Makes missing parent folders; a link keeps pointing where it
 * did, and a file that is replaced leaves its permissions to the new one. Throws KoubouError: `disk_full`,
 * or `usage` where the target cannot be written; then nothing of it is left behind. What an earlier run of the task
 * left half copied when it was killed is cleared away. `before` is awaited when nothing is left but to put it there;
 * where it rejects that is not done.
 */
export const publishOutput = async (
  candidatePath: string,
  target: string,
  { id, run }: { id: string; run: number },
  before?: () => Promise<void>,
): Promise<void> => {
  const half = { path: '' };
  try {
    await mkdir(dirname(target), { recursive: true });
    const place = await realpath(target).catch(() => target);
    const halfOf = (nth: number): string => join(dirname(place), `.koubou-${id}.r${nth}.tmp`);
    for (let nth = 1; nth <= run; nth += 1) await rm(halfOf(nth), { force: true });
    half.path = halfOf(run);
    await copyDurably(candidatePath, half.path, await modeOf(place));
    await before?.();
    await rename(half.path, place);
    await syncFolder(dirname(place));
  } catch (error) {
    if (half.path !== '') await rm(half.path, { force: true }).catch(() => undefined);
    throw clear(error, target);
  }
};

/** undefined: there is no such file, and the new one gets the permissions of any new file. */
const modeOf = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return undefined;
  }
};

const copyDurably = async (from: string, to: string, mode: number | undefined): Promise<void> => {
  const file = await open(to, 'wx', 0o666);
  try {
    if (mode !== undefined) await file.chmod(mode);
    for await (const chunk of createReadStream(from)) await file.appendFile(chunk as Uint8Array);
    await file.sync();
  } finally {
    await file.close();
  }
};

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
    // An xfs that has shut down says so only here.
    await folder.stat();
  } finally {
    await folder.close();
  }
};

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a part of its path is a file',
  ENAMETOOLONG: 'its name is too long',
};

const clear = (error: unknown, target: string): unknown => {
  const code = systemCode(error) ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new KoubouError('disk_full', `The disk is full: ${target} was not written.`, { cause: error });
  }
  const reason = REASONS[code];
  if (reason === undefined) return error;
  return new KoubouError('usage', `${target} was not written: ${reason}.`, {
    hint: 'The result is kept: `koubou result`. Name another --output.',
    cause: error,
  });
};
