/**
 * Files that koubou made for itself (results/DAY/ID/run-R.*, what lies in a run's state): opened without following a link
 * that somebody put in their place, and without waiting for a pipe.
 */
import { constants, type Stats } from 'node:fs';
import { cp, type FileHandle, lstat, open, rename } from 'node:fs/promises';
import { devNull } from 'node:os';
import { basename, dirname } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { DESCRIPTOR_PATH, Folder, sayingName } from './folder.ts';
import { removeTree } from './remove-tree.ts';
import { NameRefused } from './walk.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

const FLAGS = {
  read: O_RDONLY,
  /** What is there stays, until it is truncated. */
  write: O_WRONLY,
  append: O_WRONLY | O_APPEND | O_CREAT,
  'read and append': O_RDWR | O_APPEND | O_CREAT,
} as const;

/**
 * Throws KoubouError `conflict` where no file of koubou's own lies there, or one is to be written that has a second name
 * elsewhere; else the system's error. Files are made with 0600.
 */
export const openOwn = async (path: string, how: keyof typeof FLAGS): Promise<FileHandle> => {
  let file: FileHandle;
  try {
    const flags = FLAGS[how] | O_NOFOLLOW | O_NONBLOCK;
    file = await (path === devNull ? open(path, flags) : inOwnFolder(path, (at) => open(at, flags, 0o600)));
  } catch (error) {
    const code = systemCode(error) ?? '';
    throw ['ELOOP', 'ENXIO', 'EMLINK'].includes(code) ? notOwn(path, error) : error;
  }
  try {
    // What nobody wants to keep has no file.
    if (path === devNull) return file;
    const facts = await file.stat();
    if (!facts.isFile()) throw notOwn(path);
    if (how !== 'read' && facts.nlink > 1) throw hasSecondName(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
};

/** A new file in the place of whatever lies there. */
export const createOwn = (path: string): Promise<FileHandle> =>
  inOwnFolder(path, async (at) => {
    await removeTree(at);
    return open(at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  });

/** A folder of koubou's, with all that is in it, in the place of whatever lies there. Links in it stay links. */
export const moveOwn = (from: string, to: string): Promise<void> =>
  inOwnFolder(to, (at) => moveOver(from, at));

const moveOver = async (from: string, to: string): Promise<void> => {
  await removeTree(to);
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    try {
      await cp(from, to, { recursive: true, verbatimSymlinks: true, filter: isKept });
    } catch (cause) {
      // A part of it would be no use, and may be what filled the disk.
      await removeTree(to).catch(() => undefined);
      throw cause;
    }
    await removeTree(from);
  }
};

/** Neither sockets nor pipes can be copied, and of a hole each byte is written: a file of nothing else fills the disk. */
const isKept = async (path: string): Promise<boolean> => {
  const facts = await lstat(path);
  return (facts.isFile() && !isHollow(facts)) || facts.isDirectory() || facts.isSymbolicLink();
};

const HOLLOW_FROM = 64 * 1024 * 1024;
/** A file system that compresses makes this of text at most. */
const HOLLOW_TIMES = 16;
const BLOCK = 512;

const isHollow = ({ size, blocks }: Stats): boolean =>
  size > HOLLOW_FROM && size > HOLLOW_TIMES * blocks * BLOCK;

export const appendOwn = (path: string, text: string | Uint8Array): Promise<void> =>
  using(openOwn(path, 'append'), (file) => file.appendFile(text));

export const replaceOwn = (path: string, text: string | Uint8Array): Promise<void> =>
  using(createOwn(path), (file) => file.writeFile(text));

export const emptyOwn = (path: string): Promise<void> =>
  using(openOwn(path, 'write'), (file) => file.truncate(0));

/** Of one larger than `mostBytes` nothing is read, and undefined is the answer. */
export const readOwn = (path: string, mostBytes: number): Promise<Buffer | undefined> =>
  using(openOwn(path, 'read'), async (file) =>
    (await file.stat()).size > mostBytes ? undefined : file.readFile(),
  );

/** Its size; 0 where no file lies there. */
export const sizeOfOwn = async (path: string): Promise<number> => {
  const facts = await lstat(path).catch(() => undefined);
  return facts?.isFile() ? facts.size : 0;
};

/** The bytes from `from` up to `to`, piece by piece; a file that grows is read to the end that it has by then. */
export async function* piecesOf(
  path: string,
  { from = 0, to = Number.POSITIVE_INFINITY }: { from?: number; to?: number } = {},
): AsyncGenerator<Buffer> {
  const file = await openOwn(path, 'read');
  // A range of Node's includes its end, so that none is empty.
  if (to <= from) return file.close();
  // It closes the file in any case.
  yield* file.createReadStream({ start: from, end: to - 1 }) as AsyncIterable<Buffer>;
}

const using = async <T>(opening: Promise<FileHandle>, use: (file: FileHandle) => Promise<T>): Promise<T> => {
  const file = await opening;
  try {
    return await use(file);
  } finally {
    await file.close();
  }
};

/** DAY and ID of results/DAY/ID/FILE; what lies above is the user's way to the home, and may be a link. */
const inOwnFolder = async <T>(path: string, use: (at: string) => Promise<T>): Promise<T> => {
  const folder = openOwnFolder(dirname(path));
  const at = folder.at(basename(path));
  try {
    return await use(at);
  } catch (error) {
    throw sayingName(error, at, path);
  } finally {
    folder.close();
  }
};

const openOwnFolder = (path: string): Folder => {
  const above = dirname(path);
  const opened: Folder[] = [];
  try {
    opened.push(Folder.reach(dirname(above)));
    for (const each of [above, path].filter((one) => one !== '/')) {
      opened.push((opened.at(-1) as Folder).enter(basename(each)));
    }
    return opened.pop() as Folder;
  } catch (error) {
    if (error instanceof NameRefused) throw notOwn(path, error);
    throw sayingName(error, DESCRIPTOR_PATH, path);
  } finally {
    for (const each of opened) each.close();
  }
};

const hasSecondName = (path: string): KoubouError =>
  new KoubouError(
    'conflict',
    `${path} has a second name (a hard link): what is written there would be elsewhere, too.`,
    {
      hint: 'Nothing was written to it. Put a copy in its place (cp, then mv), or remove it.',
    },
  );

const notOwn = (path: string, cause?: unknown): KoubouError =>
  new KoubouError('conflict', `${path} is no file of koubou's own: something else was put in its place.`, {
    hint: 'Nothing was read from it or written to it. Look at what it is, and remove it.',
    cause,
  });

/** What koubou says of a run, into its log. */
export const noteOwn = async (path: string, notes: readonly string[]): Promise<void> => {
  if (notes.length > 0) await appendOwn(path, notes.map((note) => `koubou: ${note}\n`).join(''));
};
