/** Moves files that a program left to where no other program follows them, even if it removed the rights to move them. */
import type { Stats } from 'node:fs';
import { lstat, rename, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { systemCode } from '../errors.ts';
import { Folder } from '../names/folder.ts';
import { unlikelyName } from '../names/unlikely-name.ts';
import { withRights } from '../names/with-rights.ts';

/**
 * `to` gives the new path. What cannot be moved and has nothing in it that could be lost (a link, a pipe, a socket) is
 * removed. Rejects where anything else cannot be moved.
 */
export const moveAway = async (
  folder: Folder,
  name: Buffer,
  to: () => Promise<Buffer>,
): Promise<'moved' | 'removed' | 'gone'> => {
  const path = folder.atBytes(name);
  const facts = await withRights(folder, () => factsOf(path));
  if (facts === undefined) return 'gone';
  const move = async (): Promise<void> => rename(path, await to());
  try {
    await withRights(folder, facts.isDirectory() ? () => withOwnRights(folder, name, move) : move);
    return 'moved';
  } catch (error) {
    const now = await factsOf(path);
    if (now === undefined) return 'gone';
    if (!now.isSymbolicLink() && !now.isFIFO() && !now.isSocket()) throw error;
    await withRights(folder, () => unlink(path));
    return 'removed';
  }
};

/** A folder gets another one around it only where it may be written to itself. */
const withOwnRights = async (parent: Folder, name: Buffer, move: () => Promise<void>): Promise<void> => {
  const folder = parent.enter(name);
  try {
    await withRights(folder, move);
  } finally {
    folder.close();
  }
};

/** Renames it where it lies. Answers with what became of it, in words; undefined: it is gone. */
export const setAside = async (path: string): Promise<string | undefined> => {
  const folder = Folder.open(dirname(path));
  try {
    const aside = unlikelyName(`${basename(path)}.koubou-aside-`);
    const became = await moveAway(folder, Buffer.from(basename(path)), async () =>
      folder.atBytes(Buffer.from(aside)),
    );
    if (became === 'gone') return undefined;
    return became === 'moved'
      ? `was set aside: it is ${aside} now`
      : 'was removed, as it could not be set aside';
  } finally {
    folder.close();
  }
};

const factsOf = async (path: Buffer): Promise<Stats | undefined> => {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};
