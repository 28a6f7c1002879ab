/** The key of this user, outside of every home: what is signed with it was written by koubou for this user. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { removeHalfMade } from '../process/half-made.ts';
import { writeFirst } from '../process/write-whole.ts';
import { action, say } from '../say/say.ts';
import { isClosed } from './closed.ts';
import { me, readOwn } from './read-own.ts';

const KEY_BYTES = 32;

const keyFile = (state: string): string => join(state, 'key');

/** undefined: this user has none yet. Throws `untrusted_home` for one that others may know or could have made. */
export const readKey = (state: string): Uint8Array | undefined => {
  const file = keyFile(state);
  const read = readOwn(file, KEY_BYTES);
  if (read === undefined) {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts === undefined) return undefined;
    if (facts.uid !== me() && process.getuid !== undefined) throw othersKey(file, facts.uid);
    throw unfit(file, 'it is not a file of this user with 32 bytes');
  }
  const { bytes, mode } = read;
  if (bytes.length !== KEY_BYTES) throw unfit(file, 'it does not have 32 bytes');
  if ((mode & 0o077) !== 0) throw unfit(file, 'others may read or write it');
  refuseShared(state, 'untrusted_home');
  return bytes;
};

/** Where the environment is another user's, as after `sudo`: taking their key away would be no help. */
const othersKey = (file: string, uid: number): KoubouError =>
  new KoubouError('untrusted_home', `${file} is the key of another user (uid ${uid}). Nothing was done.`, {
    hint: 'HOME or XDG_STATE_HOME names their folder: use your own (sudo -H), or run this as that user.',
  });

const unfit = (file: string, why: string): KoubouError =>
  new KoubouError('untrusted_home', `${file} is no key that can be trusted: ${why}. Nothing was done.`, {
    hint: say`Remove it; then ${action('trust')} signs each of your homes with a new one.`,
  });

/** The key, made where there is none. However many processes ask at once, all get the same one. Throws `conflict`. */
export const makeKey = (state: string): Uint8Array => {
  const known = readKey(state);
  if (known !== undefined) {
    // It is a second name of the key, and would stay for good.
    removeHalfMade(keyFile(state));
    return known;
  }
  try {
    makeFolder(state);
    refuseShared(state, 'conflict');
    const { randomBytes } = process.getBuiltinModule('node:crypto');
    writeFirst(keyFile(state), randomBytes(KEY_BYTES));
  } catch (cause) {
    throw notWritable(state, cause);
  }
  const made = readKey(state);
  if (made === undefined) throw notWritable(state, new Error('the key vanished'));
  return made;
};

/** Not by Node's `recursive`: below /proc, where nothing can be made, it tries for ever. */
const makeFolder = (path: string): void => {
  try {
    makeOne(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path));
    makeOne(path);
  }
};

/** Another process may make it at the same time. */
const makeOne = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
};

/** Throws `conflict` where others may write in the folder: they could put a key there that they know, or a home into its registry. */
const refuseShared = (state: string, code: 'conflict' | 'untrusted_home'): void => {
  if (isClosed(statSync(state))) return;
  throw new KoubouError(code, `Others may write in ${state}; nothing was done.`, {
    hint: `Make it yours alone (chmod 700), or name another folder in XDG_STATE_HOME.`,
  });
};

export const notWritable = (state: string, cause: unknown): unknown => {
  if (cause instanceof KoubouError) return cause;
  const why = systemCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  return new KoubouError('conflict', `koubou keeps the key of this user in ${state}, and cannot (${why}).`, {
    hint: 'Nothing was made. Name a folder that you may write to in XDG_STATE_HOME, and keep it: homes are signed with that key.',
    cause,
  });
};
