/**
 * Where a model may have written by now: the projects of all homes of this user, and every other folder that a sandbox let
 * be written to. The latter are written down beside the key, which no sandbox shows: a later daemon has to know them.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { isWithin } from '../../text/is-within.ts';
import { writeFirst } from '../write-whole.ts';
import { holdsUser } from './key-folders.ts';
import { homesBeside, pathIn, writtenPaths } from './registered-homes.ts';

const GIVEN = 'given';
/** More are looked through for those that are gone. */
const MOST_GIVEN = 200;

const keys = new Set<string>();
const projects = new Set<string>();

/** Said once by whoever opens a home: `folders` are those where the key may lie. */
export const knowHome = (home: string | null, folders: readonly string[]): void => {
  for (const each of folders) keys.add(each);
  if (home === null) return;
  projects.add(dirname(home));
  projects.add(realOf(dirname(home)));
};

const realOf = (folder: string): string => {
  try {
    return realpathSync.native(folder);
  } catch {
    return folder;
  }
};

export interface ModelFolders {
  /** Another one where they are others. */
  stamp: string;
  /** Absolute. */
  folders: readonly string[];
}

let known: ModelFolders | undefined;

export const modelFolders = async (): Promise<ModelFolders> => {
  const lists = [...keys].flatMap((key) => [join(key, 'homes'), join(key, GIVEN)]);
  const stamp = [...projects, ...lists.map(stampOf)].join('\0');
  if (known?.stamp === stamp) return known;
  const homes = [...keys].flatMap(homesBeside);
  const given = [...keys].flatMap(givenBeside);
  const folders = [...new Set([...projects, ...homes.map(dirname), ...given])];
  known = { stamp, folders };
  return known;
};

/** A file that is made, replaced or removed changes its folder. */
const stampOf = (folder: string): string => {
  try {
    const found = statSync(folder, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? '' : `${found.ino} ${found.mtimeNs}`;
  } catch {
    return '';
  }
};

const givenBeside = (key: string): string[] => writtenPaths(join(key, GIVEN));

/**
 * To be called before a program of a model may write to `folder`, which is real. `beside`: where the key may lie. Where it
 * cannot be written down, koubou itself is in a sandbox that somebody put it into.
 */
export const noteModelFolder = async (folder: string, beside: readonly string[]): Promise<void> => {
  const [first] = beside;
  if (first === undefined) return;
  const tops = beside.flatMap(homesBeside).map(dirname);
  if (tops.some((top) => isWithin(folder, top) && !holdsUser(top))) return;
  const list = join(first, GIVEN);
  const file = join(list, createHash('sha256').update(folder).digest('hex').slice(0, 32));
  if (existsSync(file)) return;
  try {
    mkdirSync(list, { recursive: true, mode: 0o700 });
    writeFirst(file, `${JSON.stringify({ path: folder })}\n`);
    await forgetGone(list);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw error;
  }
};

/** What was made in a folder went with it. */
const forgetGone = async (list: string): Promise<void> => {
  const names = await readdir(list);
  if (names.length <= MOST_GIVEN) return;
  for (const name of names) {
    const path = pathIn(join(list, name));
    if (path !== undefined && !existsSync(path)) await rm(join(list, name), { force: true });
  }
};
