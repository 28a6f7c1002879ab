/** Whether a loose object of git's is what its name says. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createInflate } from 'node:zlib';
import { systemCode } from '../errors.ts';
import { asBytes } from '../process/git.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const SHA1_LETTERS = 40;
/** A link, a socket or a pipe without a reader, a file that was closed. */
const NOT_FILES = ['ELOOP', 'EMLINK', 'ENXIO', 'EACCES'];

/**
 * `path`: in git's bytes. Of a file that is none of zlib's, no file, or closed, false; of
 * one that is gone by now, true: git packs them. Holds one piece in memory at a time.
 */
export const isGenuine = async (path: string, id: string): Promise<boolean> => {
  let file: FileHandle;
  try {
    file = await open(asBytes(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'ENOENT') return true;
    // What the machine is short of says nothing of the object.
    if (NOT_FILES.includes(code)) return false;
    throw error;
  }
  try {
    if (!(await file.stat()).isFile()) return false;
    const hash = createHash(id.length === SHA1_LETTERS ? 'sha1' : 'sha256');
    await pipeline(file.createReadStream({ autoClose: false }), createInflate(), hash);
    return hash.digest('hex') === id;
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) return false;
    throw error;
  } finally {
    await file.close();
  }
};
