/** Reads files that people write, or that lie beside such. A pipe is not waited for, and of a large file nothing is read. */
import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { decodeLoosely } from './decode-text.ts';

const MOST_BYTES = 256 * 1024;

/** What lies there is no file that is read. Its message begins with `it`. */
export class UnfitFile extends Error {
  override readonly name = 'UnfitFile';
}

/**
 * A byte order mark is left out, and may say UTF-16; a link is followed. `whole`: to be written again, so it stays, and what
 * is no UTF-8 is refused; else each such byte becomes a replacement character. Throws UnfitFile, or the system's error.
 */
export const readTextFile = (
  path: string,
  { mostBytes = MOST_BYTES, whole = false }: { mostBytes?: number; whole?: boolean } = {},
): string => {
  const file = openOnly(path);
  try {
    const facts = fstatSync(file);
    if (!facts.isFile()) throw new UnfitFile('it is not a regular file');
    if (facts.size > mostBytes) {
      throw new UnfitFile(`it has ${facts.size} bytes; ${mostBytes} are read at most`);
    }
    const bytes = readFileSync(file);
    if (!whole) return decodeLoosely(bytes);
    if (!isUtf8(bytes)) throw new UnfitFile('it is not UTF-8, and would not be kept as it is');
    return bytes.toString('utf8');
  } finally {
    closeSync(file);
  }
};

const openOnly = (path: string): number => {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    // A socket.
    if ((cause as NodeJS.ErrnoException).code === 'ENXIO') {
      throw new UnfitFile('it is not a regular file', { cause });
    }
    throw cause;
  }
};
