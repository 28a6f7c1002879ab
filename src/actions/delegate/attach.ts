/**
 * What a task takes from the disk when it is added: its files' names and hashes, its prompt, its schema. Most
 * tasks take nothing, so Node's large modules (crypto, fs/promises) are loaded where they are used.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import type { Attached } from '../../names/places.ts';
import { NotAFile } from '../../names/walk.ts';
import { field, say } from '../../say/say.ts';
import type { NewTask } from '../../task/record.ts';
import { decodeText, TextCheck } from '../../text/formats/decode-text.ts';

/** Absolute paths, sorted. A name that exists is itself, whatever letters it has. `within`: as of findFiles. */
export const matchFiles = async (
  pattern: string,
  cwd: string,
  within: (path: string) => boolean = () => true,
): Promise<string[]> => {
  const literal = resolve(cwd, pattern);
  if (within(literal) && isFile(literal)) return [literal];
  const { findFiles } = await import('../../names/find-files.ts');
  const found: string[] = [];
  const odds: string[] = [];
  for await (const { path, odd } of findFiles(pattern, cwd, within)) {
    if (odd) odds.push(path);
    else if (isFile(path)) found.push(path);
  }
  refuseOdd(odds.sort());
  if (found.length > 0) return found.sort();
  throw new KoubouError(
    'usage',
    say`No file fits ${field('each', `'${pattern}'`)} in ${cwd}. Nothing was added.`,
    {
      hint: 'Try the pattern with ls; ** stands for any number of folders.',
    },
  );
};

/** Stands for what cannot be decoded of a name. */
const ODD = '\uFFFD';
/** Of many, so many are named. */
const MOST_NAMED = 10;

const refuseOdd = (paths: readonly string[]): void => {
  const [only] = paths;
  if (only === undefined) return;
  if (paths.length === 1) throw oddName(`The name ${only} is`);
  throw new KoubouError(
    'usage',
    `The names of ${paths.length} files are not UTF-8, so no task can name them: ${someOf(paths, ', ')}. Nothing was added.`,
    { hint: RENAME },
  );
};

const RENAME = 'Rename it (convmv does it for many), or choose a pattern that it does not fit.';

const oddName = (what: string): KoubouError =>
  new KoubouError('usage', `${what} not UTF-8, so no task can name it. Nothing was added.`, {
    hint: RENAME,
  });

const someOf = (texts: readonly string[], between: string): string =>
  [
    ...texts.slice(0, MOST_NAMED),
    ...(texts.length > MOST_NAMED ? [`and ${texts.length - MOST_NAMED} more`] : []),
  ].join(between);

/** The paths of these that are files with something in them: results are written whole or not at all. */
export const finishedAmong = (paths: readonly string[]): Set<string> => {
  const finished = new Set<string>();
  for (const path of paths) {
    const facts = factsOf(path);
    if (facts?.isFile() && facts.size > 0) finished.add(path);
  }
  return finished;
};

/** Text of a file that a flag names; without a place it may be a pipe, too. Throws `usage`. */
export const readTextFile = async ({ path, place }: Attached, what: string): Promise<string> => {
  try {
    if (place !== undefined) return asText(await readPlace(path, place), what);
    const { readFile } = await import('node:fs/promises');
    return asText(await (isFile(path) ? readFile(path) : readStream(path, what)), what);
  } catch (error) {
    throw unreadable(what, error);
  }
};

/** Of a pipe or a device, which may have no end: as a link of somebody's to /dev/zero. */
const MOST_STREAMED = 256 * 1024 * 1024;

const readStream = async (path: string, what: string): Promise<Buffer> => {
  const { createReadStream } = await import('node:fs');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= MOST_STREAMED) continue;
    throw new KoubouError('usage', `${what} has no end, or is no file of text. Nothing was added.`, {
      hint: 'Of a pipe or a device 256 MiB are read at most. Put the text into a file.',
    });
  }
  return Buffer.concat(chunks);
};

/** A link that is turned round after the place was judged leads to nothing. */
const readPlace = async (path: string, place: string): Promise<Buffer> => {
  const { openAttached } = await import('../../names/attached.ts');
  const file = await openAttached({ path, place });
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
};

export const asText = (bytes: Uint8Array, what: string): string => {
  try {
    return decodeText(bytes);
  } catch (cause) {
    throw notText(what, cause);
  }
};

/** The tasks with the hashes of their files. A binary is refused where a model would have to read it. */
export const withHashes = async (tasks: readonly NewTask[]): Promise<NewTask[]> => {
  const hashes = new Map<string, string | null>();
  const refused: KoubouError[] = [];
  for (const { type, cwd, files, places } of tasks) {
    if (!isFolder(cwd)) {
      throw new KoubouError('usage', `There is no folder ${cwd}. Nothing was added.`, {
        hint: say`Name the folder to work in with ${field('cwd', 'DIR')}.`,
      });
    }
    for (const { path } of files) {
      const attached = { path, place: places?.[path] };
      if (hashes.has(path)) continue;
      hashes.set(path, null);
      try {
        hashes.set(path, await hashFile(attached, type !== 'command'));
      } catch (error) {
        if (!(error instanceof KoubouError)) throw error;
        refused.push(error);
      }
    }
  }
  refuseAll(refused);
  return tasks.map((task) => ({
    ...task,
    files: task.files.map((file) => ({ ...file, sha256: hashes.get(file.path) ?? null })),
  }));
};

/** All at once: whoever has a thousand files wants to mend them at once. */
const refuseAll = (errors: readonly KoubouError[]): void => {
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) throw first;
  const words = errors.map(({ message }) => message.replace(/\. Nothing was added\.$/, ''));
  throw new KoubouError(
    'usage',
    `${errors.length} files cannot be attached: ${someOf(words, '; ')}. Nothing was added.`,
    { hint: first.said.hint, cause: first },
  );
};

const hashFile = async (attached: Attached, mustBeText: boolean): Promise<string> => {
  const { path } = attached;
  const what = `The file ${path}`;
  if (isFolder(path)) {
    throw new KoubouError('usage', `${path} is a folder. Nothing was added.`, {
      hint: say`Name each file with its own ${field('file')}, or add a task for each with ${field('each', `'${path}/*'`)}.`,
    });
  }
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  const check = new TextCheck();
  try {
    const { openAttached } = await import('../../names/attached.ts');
    const file = await openAttached(attached);
    for await (const chunk of file.createReadStream() as AsyncIterable<Buffer>) {
      hash.update(chunk);
      if (mustBeText && !check.holds(chunk)) throw notText(what);
    }
  } catch (error) {
    if (error instanceof NotAFile) {
      throw new KoubouError('usage', `${path} is no regular file. Nothing was added.`, {
        hint: say`Files are read when the task runs; what can be read once only is given as ${field('file', '-')}.`,
        cause: error,
      });
    }
    throw unreadable(what, error);
  }
  if (mustBeText && !check.holds()) throw notText(what);
  return hash.digest('hex');
};

const factsOf = (path: string) => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
};

const isFile = (path: string): boolean => factsOf(path)?.isFile() ?? false;

const isFolder = (path: string): boolean => factsOf(path)?.isDirectory() ?? false;

const notText = (what: string, cause?: unknown): KoubouError =>
  new KoubouError(
    'usage',
    `${what} is not UTF-8 text, nor UTF-16 with a byte order mark. Nothing was added.`,
    {
      hint: 'A binary cannot be sent to a model; text in another encoding can be converted with iconv.',
      cause,
    },
  );

const unreadable = (what: string, error: unknown): unknown => {
  if (error instanceof KoubouError) return error;
  const code = systemCode(error);
  if (code === 'ENOENT' && what.includes(ODD))
    return oddName(`${what} is not there by that name: what was given is`);
  const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : 'cannot be read';
  const detail =
    ['ENOENT', 'EISDIR'].includes(code ?? '') || !(error instanceof Error) ? '' : ` (${error.message})`;
  return new KoubouError('usage', `${what} ${why}${detail}. Nothing was added.`, {
    hint: 'Check the name and your permissions.',
    cause: error,
  });
};
