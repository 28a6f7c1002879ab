/**
 * What an apply is about to write into the user's work tree: on the disk before the first file is touched, and taken
 * away after the last one. An apply that was killed is undone from it: exactly what it wrote, and nothing else.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { KoubouError, systemCode } from '../../errors.ts';
import { asBytes, shownName } from '../../git/names.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { apartFolder } from '../../process/homes/apart.ts';
import { syncAll } from '../../process/sync.ts';
import { action, actionLine, say } from '../../say/say.ts';
import { readTextFile, UnfitFile } from '../../text/formats/read-text.ts';
import type { SealedHome } from '../record.ts';

const JournalFile = z.object({
  /** Relative to the top of the work tree. */
  name: z.string(),
  /** Where the name is not UTF-8: its bytes, as base64. */
  bytes: z.optional(z.string()),
  /** Whether a file or link lay there before; it is kept in `old/`, under its place in the list. */
  was: z.boolean(),
  /** `MODE ID` as git has it; null: the file is to go. */
  becomes: z.nullable(z.string()),
  /** Of the new file's bytes, or of where the new link leads. */
  sha256: z.nullable(z.string()),
});
const Journal = z.object({
  version: z.literal(1),
  task_id: z.string(),
  /** Absolute: the top of the work tree. */
  repository: z.string(),
  /** Within the folder of the journal, and of this apply alone: has what is to come in `new/`, what was there in `old/`. */
  place: z.string(),
  /** The commit that was checked out. */
  head: z.string(),
  /** Folders that are made, as `files` has names. */
  folders: z.array(z.pick(JournalFile, { name: true, bytes: true })),
  files: z.array(JournalFile),
});
type Written = z.infer<typeof Journal>;

export interface JournalEntry {
  /** git's bytes. */
  name: string;
  was: boolean;
  becomes: string | null;
  sha256: string | null;
}

/** With names as git's bytes. */
export interface Journal extends Omit<Written, 'files' | 'folders' | 'version'> {
  folders: string[];
  files: JournalEntry[];
}

/** Behind the id of a task. */
const JOURNALED = '.journal';
const NAME = 'journal.json';

const journalFolder = async (own: SealedHome, id: string): Promise<string> =>
  join(await apartFolder(own), `${id}${JOURNALED}`);

/**
 * undefined: no apply of the task was killed while it wrote. Throws `conflict` where the journal cannot be read, or somebody
 * else wrote it: what it names is changed and removed.
 */
export const readJournal = async (own: SealedHome, id: string): Promise<Journal | undefined> => {
  const path = join(await journalFolder(own, id), NAME);
  const { seal } = own;
  let text: string;
  try {
    text = readTextFile(path, { mostBytes: MOST_BYTES });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    if (error instanceof UnfitFile || systemCode(error) !== undefined) throw unreadable(path);
    throw error;
  }
  if (!seal.isSealed(Buffer.from(text))) throw unreadable(path, 'carries no seal of this home');
  try {
    const { files, folders, ...rest } = z.parse(Journal, JSON.parse(text));
    if (rest.task_id !== id) throw unreadable(path);
    return {
      ...rest,
      folders: folders.map(bytesOf),
      files: files.map((file) => ({ ...file, name: bytesOf(file) })),
    };
  } catch {
    throw unreadable(path);
  }
};

const MOST_BYTES = 256 * 1024 * 1024;

const unreadable = (path: string, why = 'cannot be read'): KoubouError =>
  new KoubouError('conflict', say`${path} says what a killed ${action('apply')} wrote, and ${why}.`, {
    hint: 'Nothing was changed. Look with `git status` what it left; when that is settled, remove the folder of that file.',
  });

/** Is on the disk when it resolves. */
export const writeJournal = async (own: SealedHome, journal: Journal): Promise<void> => {
  const folder = await journalFolder(own, journal.task_id);
  const written: Written = {
    ...journal,
    version: 1,
    folders: journal.folders.map((name) => namedAs(name)),
    files: journal.files.map((file) => ({ ...file, ...namedAs(file.name) })),
  };
  const half = join(folder, `${NAME}.tmp`);
  const file = await open(half, 'wx', 0o600);
  try {
    await file.writeFile(own.seal.seal(JSON.stringify(written, null, 1)));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(half, join(folder, NAME));
  await syncAll([folder, dirname(folder), dirname(dirname(folder))]);
};

/** Absolute. */
export const placeOfJournal = async (
  own: SealedHome,
  { task_id, place }: Pick<Journal, 'task_id' | 'place'>,
): Promise<string> => join(await journalFolder(own, task_id), place);

/** A place for a new one, which no git of a killed apply still writes to. */
export const makePlace = async (own: SealedHome, id: string): Promise<string> => {
  await removeJournal(own, id);
  const place = randomBytes(6).toString('hex');
  const folder = await placeOfJournal(own, { task_id: id, place });
  await mkdir(join(folder, 'new'), { recursive: true, mode: 0o700 });
  await mkdir(join(folder, 'old'), { mode: 0o700 });
  return place;
};

/** The journal first: without it, nobody takes the rest for what has to be undone. */
export const removeJournal = async (own: SealedHome, id: string): Promise<void> => {
  const folder = await journalFolder(own, id);
  await rm(join(folder, NAME), { force: true });
  await syncAll([folder]);
  await removeTree(folder);
};

/** Throws `conflict` where the apply of another task was killed in the same work tree. */
export const refuseOtherJournals = async (own: SealedHome, repository: string, id: string): Promise<void> => {
  const names = await readdir(await apartFolder(own)).catch(() => []);
  for (const other of names
    .filter((name) => name.endsWith(JOURNALED))
    .map((name) => name.slice(0, -JOURNALED.length))) {
    if (other === id || (await readJournal(own, other))?.repository !== repository) continue;
    throw new KoubouError(
      'conflict',
      say`${action('apply', other)} was killed in ${repository} before it was through. Nothing was changed.`,
      {
        hint: say`Complete it first: ${actionLine('apply', other)}. Or take it back: ${actionLine('discard', other)}`,
      },
    );
  }
};

const namedAs = (name: string): { name: string; bytes?: string } => {
  const text = shownName(name);
  return Buffer.from(text, 'utf8').equals(asBytes(name))
    ? { name: text }
    : { name: text, bytes: asBytes(name).toString('base64') };
};

const bytesOf = ({ name, bytes }: { name: string; bytes?: string | undefined }): string =>
  Buffer.from(bytes ?? name, bytes === undefined ? 'utf8' : 'base64').toString('latin1');
