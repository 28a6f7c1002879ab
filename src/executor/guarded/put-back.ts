/** What is kept of a guarded file or link while a program runs, and how it becomes again what it was. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { link, open, rename, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { closeRead } from '../../names/close-read.ts';
import { Folder } from '../../names/folder.ts';
import { factsIfAny } from '../../names/walk.ts';

export interface Guarded {
  path: string;
  /** The one in which it lies, held open: what is put back goes into it, wherever its name leads to by then. */
  folder: Folder;
  facts: Stats;
  /** What a file held, or where a link leads; a large file by its descriptor; null: a folder. */
  held: { bytes: Buffer } | { descriptor: number } | { target: Buffer } | null;
}

/**
 * In the moment in which a mount goes, the file under it can be written to by the name that it still has: only what was read
 * before is surely what it held.
 */
const MOST_BYTES = 4 * 1024 * 1024;

/** `budget`: how many bytes may still be read; of what is larger only the descriptor is held. */
export const heldAt = (at: string, facts: Stats, budget: { bytes: number }): Guarded['held'] => {
  if (facts.isSymbolicLink()) {
    const target = readlinkSync(at, { encoding: 'buffer' });
    return isSameFile(lstatSync(at, { throwIfNoEntry: false }), facts) ? { target } : null;
  }
  if (!facts.isFile()) return null;
  const descriptor = openedAs(at, facts);
  if (descriptor === undefined) return null;
  if (facts.size > Math.min(MOST_BYTES, budget.bytes)) return { descriptor };
  budget.bytes -= facts.size;
  try {
    return { bytes: readFileSync(descriptor) };
  } finally {
    closeRead(descriptor);
  }
};

/**
 * undefined: it cannot be read, so that nobody could put it back, or it is another one by now, as a model of another task may put
 * there what it cannot read itself.
 */
const openedAs = (at: string, facts: Stats): number | undefined => {
  let descriptor: number;
  try {
    descriptor = openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['EACCES', 'ELOOP', 'ENOENT', 'ENXIO'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  if (isSameFile(fstatSync(descriptor), facts)) return descriptor;
  closeRead(descriptor);
  return undefined;
};

/** The number of a file that is gone may be that of a new one. */
export const isSameFile = (now: Stats | undefined, before: Stats): boolean =>
  now !== undefined &&
  now.ino === before.ino &&
  now.dev === before.dev &&
  now.birthtimeMs === before.birthtimeMs;

export const isThere = (folder: Folder): boolean => {
  try {
    folder.requireThere();
    return true;
  } catch {
    return false;
  }
};

/** Folders on this way that are this user's own and closed to it are opened again, the outer ones first. */
export const openClosed = (path: string): void => {
  const parts = path.split('/').filter((part) => part !== '');
  try {
    for (const nth of parts.keys()) {
      const folder = Folder.open(`/${parts.slice(0, nth + 1).join('/')}`);
      try {
        const { mode, uid } = statSync(folder.self);
        if ((mode & OWN) !== OWN && uid === process.geteuid?.()) chmodSync(folder.self, mode | OWN);
      } finally {
        folder.close();
      }
    }
  } catch {
    // Something else lies there now: looking at it tells.
  }
};

const OWN = 0o700;

/**
 * Answers with where the other one lies now, null where there is none; undefined: nothing was put back. Not in a folder that was moved: at its name is
 * another one, perhaps a link to elsewhere.
 */
export const putBack = async ({ path, folder, held, facts }: Guarded): Promise<string | null | undefined> => {
  if (held === null || !isThere(folder)) return undefined;
  const name = basename(path);
  const tag = `${Date.now()}-${randomBytes(4).toString('hex')}`;
  const aside = name.length > LONGEST_TAGGED ? `replaced-${tag}` : `${name}.replaced-${tag}`;
  const at = (each: string): string => folder.at(each);
  const fresh = at(`replaced-${tag}.new`);
  return whereOpen(folder, async () => {
    if ('target' in held) await symlink(held.target, fresh);
    else await writeAgain(fresh, held, facts);
    // By a second name, so that a worker that is killed here leaves the file at its place. Some disks have no such names.
    await link(at(name), at(aside)).catch(() => rename(at(name), at(aside)).catch(() => undefined));
    await rename(fresh, at(name));
    return factsIfAny(at(aside)) === undefined ? null : join(dirname(path), aside);
  });
};

const LONGEST_TAGGED = 60;

/** Who replaced it may have closed the folder behind it. */
const whereOpen = async <T>(folder: Folder, action: () => Promise<T>): Promise<T> => {
  try {
    return await action();
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    const { mode } = statSync(folder.self);
    chmodSync(folder.self, OWN);
    try {
      return await action();
    } finally {
      chmodSync(folder.self, mode | OWN);
    }
  }
};

const requireUnchanged = (descriptor: number, { size, mtimeMs }: Stats): void => {
  const now = fstatSync(descriptor);
  if (now.size !== size || now.mtimeMs !== mtimeMs) throw new Error('It was written to as its mount went.');
};

const PIECE_BYTES = 1024 * 1024;

function* piecesOf(descriptor: number): Generator<Buffer> {
  for (let at = 0; ; ) {
    const buffer = Buffer.alloc(PIECE_BYTES);
    const count = readSync(descriptor, buffer, 0, buffer.length, at);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    at += count;
  }
}

const writeAgain = async (
  path: string,
  held: { bytes: Buffer } | { descriptor: number },
  facts: Stats,
): Promise<void> => {
  if ('descriptor' in held) requireUnchanged(held.descriptor, facts);
  const file = await open(path, 'wx', 0o600);
  try {
    if ('bytes' in held) await file.writeFile(held.bytes);
    else for (const piece of piecesOf(held.descriptor)) await file.writeFile(piece);
    if (process.getuid?.() === 0) await file.chown(facts.uid, facts.gid);
    await file.chmod(facts.mode & 0o7777);
    await file.sync();
  } finally {
    await file.close();
  }
};
