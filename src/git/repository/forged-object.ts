/**
 * Whether git's objects are what their names say. git does not look: it takes an object that is there for the one that it
 * would write, and reads it unasked. So an agent that may write into the store could have other contents kept and shown
 * than those that were checked.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { gitOutput } from '../git.ts';
import { type GitPlace } from '../place.ts';

const SHA1_LETTERS = 40;
const NEWLINE = 10;

/** The first that is not, or is missing. `place`: with a git folder of koubou's own, in which a file is made meanwhile. */
export const forgedObject = async (place: GitPlace, ids: readonly string[]): Promise<string | undefined> => {
  if (ids.length === 0 || place.own === undefined) return undefined;
  const path = `${place.own.path}/objects-read`;
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      const input = `${ids.join('\n')}\n`;
      await gitOutput(place, ['cat-file', '--batch', '--buffer'], { input, printsTo: file.fd });
    } finally {
      await file.close();
    }
    return await firstForged(createReadStream(path));
  } finally {
    await rm(path, { force: true });
  }
};

/** Of what `git cat-file --batch` prints: `ID TYPE SIZE`, a new line, the content, a new line. */
const firstForged = async (printed: AsyncIterable<Buffer>): Promise<string | undefined> => {
  let header = '';
  let current: { id: string; hash: Hash; left: number } | undefined;
  for await (const piece of printed) {
    let at = 0;
    while (at < piece.length) {
      if (current === undefined) {
        const end = piece.indexOf(NEWLINE, at);
        header += piece.toString('latin1', at, end < 0 ? piece.length : end);
        if (end < 0) break;
        at = end + 1;
        const [id = '', type = '', size] = header.split(' ');
        header = '';
        if (size === undefined) return id;
        const hash = createHash(id.length === SHA1_LETTERS ? 'sha1' : 'sha256').update(`${type} ${size}\0`);
        current = { id, hash, left: Number(size) };
      }
      const content = piece.subarray(at, at + current.left);
      current.hash.update(content);
      current.left -= content.length;
      at += content.length;
      // The new line behind it may be the beginning of the next piece.
      if (current.left > 0 || at >= piece.length) continue;
      if (current.hash.digest('hex') !== current.id) return current.id;
      current = undefined;
      at += 1;
    }
  }
  return undefined;
};
