/** Moves the files of a journal into the work tree, all or none, and undoes what a killed apply moved. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lchown, lstat, mkdir, open, readlink, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import { pathIn, shownName } from '../../git/names.ts';
import { syncAll } from '../../process/sync.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { putFile } from './put-file.ts';
import { lyingAt, type State } from './states.ts';
import { type Place, within } from './within.ts';

export interface Ground {
  /** The place of the journal. */
  folder: string;
  journal: Journal;
}

/** Throws `conflict` where something is in the way; then nothing is changed. `stamps`: what files were when they were read. */
export const moveFiles = async (ground: Ground, stamps: ReadonlyMap<string, string>): Promise<void> => {
  const { journal, folder } = ground;
  const top = journal.repository;
  try {
    const away = journal.files.filter(({ becomes }) => becomes === null);
    for (const { name } of away) {
      await requireAsSeen(top, name, stamps);
      await within(top, name, ({ path }) => unlink(path));
      await removeEmpty(top, name);
    }
    for (const { name, was, becomes } of journal.files) {
      if (becomes === null) continue;
      await requireAsSeen(top, name, stamps);
      if (!(await parentMade(top, name))) throw inTheWay(name);
      await takeGroup(top, name, pathIn(join(folder, 'new'), name));
      await putAt(journal, name, { from: pathIn(join(folder, 'new'), name), mayReplace: was });
    }
    await syncParents(journal);
  } catch (error) {
    await undoFiles(ground);
    if (error instanceof KoubouError) throw error;
    throw notApplied(error);
  }
};

const putAt = (
  journal: Journal,
  name: string,
  { from, mayReplace }: { from: string | Buffer; mayReplace: boolean },
): Promise<void> =>
  within(journal.repository, name, ({ path, beside }) =>
    putFile({ from, to: path, beside: beside(draftOf(journal)), mayReplace }),
  );

/** In a folder that gives its group to what is made there, a file that is moved in has to be given it. */
const takeGroup = async (top: string, name: string, file: Buffer): Promise<void> => {
  const { mode, gid } = await within(top, name, ({ beside }) => stat(beside('.')));
  if ((mode & SETGID) !== 0) await lchown(file, -1, gid).catch(ignored);
};

const SETGID = 0o2000;

const inTheWay = (name: string): KoubouError =>
  new KoubouError(
    'conflict',
    `${shownName(name)} cannot be written: a file, a link or a folder of yours is in its way.`,
    { hint: 'Nothing was applied. Move what lies there, then apply again.' },
  );

const notApplied = (cause: unknown): unknown => {
  const code = systemCode(cause);
  if (code === undefined) return cause;
  const { path, dest } = cause as { path?: unknown; dest?: unknown };
  const where = [path, dest]
    .filter((each) => each !== undefined)
    .map(String)
    .join(', ');
  if (['EEXIST', 'ENOTEMPTY', 'EISDIR', 'ENOTDIR'].includes(code)) {
    return new KoubouError('conflict', `A file, a link or a folder of yours is in the way (${where}).`, {
      hint: 'Nothing was applied. Move what lies there, then apply again.',
      cause,
    });
  }
  return new KoubouError('conflict', `The files could not be written (${code}: ${where}).`, {
    hint: 'Nothing was applied. See to the disk and to your rights there, then apply again.',
    cause,
  });
};

/** Of what a file is without being read. */
export const stampOf = async (top: string, name: string): Promise<string> => {
  const look = ({ path }: Place) => lstat(path, { bigint: true });
  const facts = await within(top, name, look).catch(ignored);
  if (facts === undefined) return 'nothing';
  return facts.isDirectory() ? 'folder' : `${facts.ino} ${facts.size} ${facts.mtimeNs}`;
};

const requireAsSeen = async (
  top: string,
  name: string,
  stamps: ReadonlyMap<string, string>,
): Promise<void> => {
  const stamp = stamps.get(name);
  // A folder that was there may have gone with its files.
  if (stamp === 'folder' || stamp === (await stampOf(top, name))) return;
  throw new KoubouError(
    'conflict',
    `${shownName(name)} was changed by somebody while it was to be applied.`,
    {
      hint: 'Nothing was applied. Try again when nobody writes there.',
    },
  );
};

/**
 * Puts back what lay at each name that holds what the journal has written. `head`: where another commit is checked out by
 * now, what that has at the names; what was committed meanwhile stays as it is.
 */
export const undoFiles = async (
  { journal, folder }: Ground,
  head?: ReadonlyMap<string, State>,
): Promise<void> => {
  const top = journal.repository;
  const written = async ({ name, becomes, sha256 }: JournalEntry): Promise<boolean> => {
    if (head !== undefined && (head.get(name) ?? null) === becomes) return false;
    return (await digestOf(top, name)) === sha256;
  };
  for (const entry of journal.files) {
    const { name, was, becomes } = entry;
    const removeDraft = ({ beside }: Place) => rm(beside(draftOf(journal)), { force: true });
    await within(top, name, removeDraft).catch(ignored);
    if (becomes !== null && !was && (await written(entry))) {
      await within(top, name, ({ path }) => unlink(path));
    }
  }
  for (const name of journal.folders.toReversed()) {
    await within(top, name, ({ path }) => rmdir(path)).catch(ignored);
  }
  for (const [place, entry] of journal.files.entries()) {
    const kept = join(folder, 'old', `${place}`);
    if (!entry.was || !(await isThere(kept)) || !(await written(entry))) continue;
    if (!(await parentMade(top, entry.name))) continue;
    await putAt(journal, entry.name, { from: kept, mayReplace: entry.becomes !== null });
  }
  await syncParents(journal);
};

const ignored = (): undefined => undefined;

const isThere = async (path: string): Promise<boolean> => (await lstat(path).catch(ignored)) !== undefined;

/** Of a file's bytes, or of where a link leads; null: nothing lies there. */
const digestOf = async (top: string, name: string): Promise<string | null> => {
  const lies = await lyingAt(top, name);
  if (lies === 'nothing') return null;
  if (lies !== 'file' && lies !== 'link') return lies;
  return within(top, name, ({ path }) => digest(path));
};

/** Of a file's bytes, or of where a link leads. */
export const digest = async (path: Buffer): Promise<string> => {
  const hash = createHash('sha256');
  if ((await lstat(path)).isSymbolicLink()) {
    return hash.update(await readlink(path, { encoding: 'buffer' })).digest('hex');
  }
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for await (const piece of file.createReadStream({ autoClose: false })) hash.update(piece as Buffer);
  } finally {
    await file.close();
  }
  return hash.digest('hex');
};

/** Names of the folders that a name lies in, the outermost first. */
export const parentsOf = (name: string): string[] => {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
};

/** False: a file or a link lies on the way. */
const parentMade = async (top: string, name: string): Promise<boolean> => {
  for (const parent of parentsOf(name)) {
    const lies = await lyingAt(top, parent);
    if (lies === 'nothing') await within(top, parent, ({ path }) => mkdir(path));
    else if (lies !== 'folder') return false;
  }
  return true;
};

/** As git does it: no folder stays that a file has left empty. */
const removeEmpty = async (top: string, name: string): Promise<void> => {
  for (const parent of parentsOf(name).toReversed()) {
    try {
      await within(top, parent, ({ path }) => rmdir(path));
    } catch {
      return;
    }
  }
};

/** Beside a file that comes from another file system, while it is copied. */
const draftOf = ({ task_id }: Journal): string => `.koubou-${task_id}`;

const syncParents = async ({ repository, files }: Journal): Promise<void> => {
  const parents = new Set(files.map(({ name }) => parentsOf(name).at(-1) ?? ''));
  await syncAll([...parents].map((parent) => (parent === '' ? repository : pathIn(repository, parent))));
};
