/**
 * Whether a home is this user's own: its home.json holds an id with a MAC of this user's key, and the registry beside
 * the key knows that id at this place. The MAC alone would not do: whoever may read the key but not write beside it (an
 * agent in a sandbox) could sign, and whoever may read home.json could plant a copy of it. docs/decisions/0007-homes-are-signed.md
 */
import { accessSync, constants, existsSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { removeHalfMadeIn } from '../process/half-made.ts';
import { writeFirst, writeOver } from '../process/write-whole.ts';
import { action, say } from '../say/say.ts';
import { openPart } from './closed.ts';
import { hmac, isEqual } from './hmac.ts';
import { makeKey, notWritable, readKey } from './key.ts';
import { me, readOwnJson } from './read-own.ts';
import { makeSeal, type Seal } from './seal.ts';

export type Trust =
  | { trusted: true; id: string; seal: Seal }
  /** `why`: a clause with the home as its subject. */
  | { trusted: false; why: string };

/** Where a home was seen last. As text: an inode's number may be more than a double holds. */
interface Place {
  path: string;
  dev: string;
  ino: string;
}

const MOST_BYTES = 4096;
const ID = /^[0-9a-f]{32}$/;

const signatureFile = (home: string): string => join(home, 'home.json');
const registryFolder = (state: string): string => join(state, 'homes');
const registryFile = (state: string, id: string): string => join(registryFolder(state), id);

/**
 * `home`: absolute, a folder that exists. `state`: koubou's folder for this user (config/paths.ts). Throws
 * `untrusted_home` for a key that is not to be used, and the system's error where nothing can be told now.
 */
export const trustOf = (home: string, state: string): Trust => {
  const facts = statSync(home, { bigint: true });
  if (process.getuid !== undefined && Number(facts.uid) !== me()) {
    return no(`belongs to another user (uid ${facts.uid})`);
  }
  const open = openPart(home);
  if (open !== undefined) return no(`may be changed by others, by ${open}`);
  const key = readKey(state);
  const id = key === undefined ? undefined : signedId(home, key);
  if (key === undefined || id === undefined) {
    return no(
      existsSync(signatureFile(home))
        ? 'carries no signature of this user'
        : 'carries no signature: it was made elsewhere, or by a koubou that signed none',
    );
  }
  const place = { dev: String(facts.dev), ino: String(facts.ino) };
  const why = strayed(home, place, id, key, state);
  return why === undefined ? { trusted: true, id, seal: makeSeal(key, id, state) } : no(why);
};

const no = (why: string): Trust => ({ trusted: false, why });

const signedId = (home: string, key: Uint8Array): string | undefined => {
  const { version, id, mac } = readOwnJson(signatureFile(home), MOST_BYTES) ?? {};
  if (version !== 1 || typeof id !== 'string' || !ID.test(id) || typeof mac !== 'string') return undefined;
  return isEqual(Buffer.from(mac), Buffer.from(macOf(key, id))) ? id : undefined;
};

const macOf = (key: Uint8Array, id: string): string =>
  Buffer.from(hmac(key, Buffer.from(`koubou home 1\n${id}`))).toString('base64url');

/** Why the home of that id does not belong where it is; undefined where it does. A home that was moved is written down. */
const strayed = (
  home: string,
  { dev, ino }: Omit<Place, 'path'>,
  id: string,
  key: Uint8Array,
  state: string,
): string | undefined => {
  const known = readPlace(state, id);
  if (known === undefined) return `carries a signature that is not written down in ${registryFolder(state)}`;
  const isSame = known.dev === dev && known.ino === ino;
  if (isSame && known.path === home) return undefined;
  const path = realpathSync.native(home);
  const stays = known.path === path;
  if (stays && isSame) return undefined;
  // A bind mount, or the old place is gone: the folder itself is the one that was signed.
  if (!stays && !isSame && holdsId(known.path, id, key)) return `is a copy of ${known.path}`;
  // Whoever may write in that folder, and not in its config, could take the signature out of it to a config of their own.
  if (!stays && !isSame && isStillThere(known))
    return `carries the signature of ${known.path}, which is still there`;
  if (!stays && isSame && existsSync(known.path)) return undefined;
  remember(state, id, { path, dev, ino });
  return undefined;
};

const readPlace = (state: string, id: string): Place | undefined => {
  const { path, dev, ino } = readOwnJson(registryFile(state, id), MOST_BYTES) ?? {};
  const isPlace = typeof path === 'string' && typeof dev === 'string' && typeof ino === 'string';
  return isPlace ? { path, dev, ino } : undefined;
};

/** What cannot be looked at may be it. */
const isStillThere = ({ path, dev, ino }: Place): boolean => {
  try {
    const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
    return facts !== undefined && String(facts.dev) === dev && String(facts.ino) === ino;
  } catch {
    return true;
  }
};

/** What cannot be looked at may hold it. */
const holdsId = (home: string, id: string, key: Uint8Array): boolean => {
  try {
    return signedId(home, key) === id;
  } catch {
    return true;
  }
};

/** Where it cannot be written now it is found out again the next time. */
const remember = (state: string, id: string, place: Place): void => {
  try {
    writeOver(registryFile(state, id), `${JSON.stringify(place)}\n`);
  } catch {
    // A state folder that is read-only by now.
  }
};

/** Throws `conflict` where no home can be written down: before one is made that could not be signed. */
export const requireRegistry = (state: string): void => {
  try {
    mkdirSync(registryFolder(state), { recursive: true, mode: 0o700 });
    accessSync(registryFolder(state), constants.W_OK);
  } catch (cause) {
    throw notWritable(state, cause);
  }
};

/**
 * Signs a home that carries no home.json; where another process was first, that one's signature counts. Throws `conflict`
 * where the key or the registry cannot be written, and the system's error.
 */
export const signHome = (home: string, state: string): void => {
  const key = makeKey(state);
  const id = process.getBuiltinModule('node:crypto').randomBytes(16).toString('hex');
  const { dev, ino } = statSync(home, { bigint: true });
  const place = { path: realpathSync.native(home), dev: String(dev), ino: String(ino) };
  try {
    mkdirSync(registryFolder(state), { recursive: true, mode: 0o700 });
    removeHalfMadeIn(registryFolder(state));
    // Before the home says so: it is trusted from the moment at which it carries its signature.
    writeFirst(registryFile(state, id), `${JSON.stringify(place)}\n`);
  } catch (cause) {
    throw notWritable(state, cause);
  }
  const signature = { version: 1, id, mac: macOf(key, id) };
  if (!writeFirst(signatureFile(home), `${JSON.stringify(signature)}\n`)) {
    rmSync(registryFile(state, id), { force: true });
  }
};

/** Takes away a signature that is not of this home, so that it gets one of its own. What is no file is not touched. */
export const unsignHome = (home: string): void => {
  try {
    rmSync(signatureFile(home), { force: true });
  } catch (cause) {
    throw new KoubouError('conflict', `${signatureFile(home)} cannot be removed; nothing was signed.`, {
      hint: say`Move it away by hand, then run ${action('trust')} again.`,
      cause,
    });
  }
};
