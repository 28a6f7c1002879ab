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
 * A byte order mark is left out, and may say UTF-16; a link is followed but where `follow` is false. `whole`: to be written
 * again, so it stays, and what is no UTF-8 is refused; else each such byte becomes a replacement character. Throws
 * UnfitFile, or the system's error.
 */
export const readTextFile = (
  path: string,
  {
    mostBytes = MOST_BYTES,
    whole = false,
    follow = true,
  }: { mostBytes?: number; whole?: boolean; follow?: boolean } = {},
): string => {
  const file = openOnly(path, follow);
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

const openOnly = (path: string, follow: boolean): number => {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
  } catch (cause) {
    if (!follow && (cause as NodeJS.ErrnoException).code === 'ELOOP')
      throw new UnfitFile('it is a link, which is not followed here', { cause });
    // A socket.
    if ((cause as NodeJS.ErrnoException).code === 'ENXIO') {
      throw new UnfitFile('it is not a regular file', { cause });
    }
    throw cause;
  }
};
