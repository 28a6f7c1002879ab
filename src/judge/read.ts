/** Reads what is to be judged: the path is handed over, never the text, and no more of it is read than is judged. */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { KoubouError } from '../errors.ts';
import { field, say } from '../say/say.ts';

const MB = 1024 * 1024;

/** No answer of a model is longer; see OUTPUT_LIMIT_BYTES of runner/connection/bounded-answer.ts. */
const LONGEST_BYTES = 64 * MB;

/** Throws `output_unjudged` where the file is longer than what is judged. */
export const readWhole = async (path: string, most = LONGEST_BYTES): Promise<string> => {
  const text = await readBeginning(path, most);
  if (text !== null) return text;
  throw new KoubouError(
    'output_unjudged',
    `The output was not judged: it has more than ${most / MB} MB, and no more are read.`,
    { hint: say`Ask for less, or judge it with ${field('check')}, which may read as much as it likes.` },
  );
};

/** As readWhole; `schema_invalid` where the file is no UTF-8: whoever reads it as JSON could not. */
export const readUtf8 = async (path: string): Promise<string> => {
  const bytes = await bytesOf(path, LONGEST_BYTES);
  if (bytes === null) return readWhole(path);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new KoubouError('schema_invalid', 'The output is not JSON: its bytes are not UTF-8.');
};

/** The text; null where the file is longer than `most` bytes. What is no file has no text. */
export const readBeginning = async (path: string, most: number): Promise<string | null> =>
  (await bytesOf(path, most))?.toString('utf8') ?? null;

const bytesOf = async (path: string, most: number): Promise<Buffer | null> => {
  // A pipe in its place would be waited for, and a link may lead anywhere.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) return Buffer.alloc(0);
    if (facts.size > most) return null;
    const buffer = Buffer.allocUnsafe(facts.size);
    let bytes = 0;
    while (bytes < buffer.length) {
      const { bytesRead } = await file.read(buffer, bytes, buffer.length - bytes, bytes);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    return buffer.subarray(0, bytes);
  } finally {
    await file.close();
  }
};
