/** --output: puts an accepted result where the caller wants it, whole or not at all. */
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { Folder } from '../names/folder.ts';
import { piecesOf } from '../names/own-file.ts';
import { outputPlace, refuseNoFile, requireSamePlace } from '../names/places.ts';
import { Reserved } from '../names/reserved.ts';
import { NameRefused } from '../names/walk.ts';
import { action, field, say } from '../say/say.ts';
import type { Homes } from '../text/home-name.ts';
import { outputChanged } from './candidate.ts';

export interface Publication {
  /** Where `target` led before the run: it must lead there still. Left out: wherever it leads now. */
  place?: string | undefined;
  /** Of the candidate that was judged. */
  sha256?: string | undefined;
  /** koubou's homes, in which nothing is published. */
  homes?: Homes | undefined;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/**
 * Copies `candidatePath` to `target` (absolute), durably and atomically: a reader sees the old file or the
 * whole new one, also after a loss of power. Makes missing parent folders; a link keeps pointing where it
 * did, and a file that is replaced leaves its permissions to the new one. Throws KoubouError: `disk_full`, `output_changed`
 * where the candidate is not the one that was judged, or `conflict` where the target cannot be written, or leads elsewhere
 * than before the run; then nothing of it is left behind. What an earlier run of the task
 * left half copied when it was killed is cleared away. `before` is awaited when nothing is left but to put it there;
 * where it rejects that is not done.
 */
export const publishOutput = async (
  candidatePath: string,
  target: string,
  { id, run }: { id: string; run: number },
  before?: () => Promise<void>,
  { place, sha256, homes }: Publication = {},
): Promise<void> => {
  let folder: Folder | undefined;
  let half: string | undefined;
  try {
    if (place !== undefined) requireSamePlace(target, place);
    const { place: at, facts } = outputPlace(target, new Reserved({ homes }));
    refuseNoFile(facts);
    folder = Folder.open(dirname(at), { make: true });
    const file = folder.at(basename(at));
    const halfOf = (nth: number): string => (folder as Folder).at(`.koubou-${id}.r${nth}.tmp`);
    for (let nth = 1; nth <= run; nth += 1) await rm(halfOf(nth), { force: true });
    half = halfOf(run);
    const copied = await copyDurably(candidatePath, half, modeOf(await factsOf(file), folder));
    if (sha256 !== undefined && copied !== sha256) throw outputChanged();
    await before?.();
    // Whoever can change names here may have done it while the result was copied.
    folder.requireThere();
    refuseNoFile(await factsOf(file));
    await rename(half, file);
    half = undefined;
    await folder.sync();
    folder.requireThere();
  } catch (error) {
    if (half !== undefined) await rm(half, { force: true }).catch(() => undefined);
    throw clear(error, target);
  } finally {
    folder?.close();
  }
};

/** Of what lies there itself; undefined: nothing does. */
const factsOf = async (path: string): Promise<Stats | undefined> => {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** undefined: the new file gets the permissions of any new one. In /tmp another user may have chosen what they are. */
const modeOf = (facts: Stats | undefined, folder: Folder): number | undefined => {
  if (facts === undefined || (folder.isShared && facts.uid !== process.geteuid?.())) return undefined;
  refuseNoFile(facts);
  return facts.mode & 0o777;
};

/** The hash of what was copied. */
const copyDurably = async (from: string, to: string, mode: number | undefined): Promise<string> => {
  const file: FileHandle = await open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
  const hash = createHash('sha256');
  try {
    if (mode !== undefined) await file.chmod(mode);
    for await (const piece of piecesOf(from)) {
      hash.update(piece);
      await file.appendFile(piece);
    }
    await file.sync();
    return hash.digest('hex');
  } finally {
    await file.close();
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
  const reason = error instanceof NameRefused ? error.message : REASONS[code];
  if (reason === undefined) return error;
  return new KoubouError('conflict', `${target} was not written: ${reason}.`, {
    hint: say`The result is kept: ${action('result')}. Name another ${field('output')}.`,
    cause: error,
  });
};
