/**
 * A lock whose holder is named by boot, pid and start time: one that died holds nobody up, whatever any clock says.
 *
 * It is the file `PATH.N` with the highest N, and it is free when it is empty or its holder is dead. Whoever wants it
 * links a file that names him to `PATH.(N+1)`: of many one succeeds, and only if nothing higher is there by then. The
 * highest file is never removed, only emptied, so its number never falls and nobody takes what was taken since he looked.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../errors.ts';
import { halfMadePath } from './half-made.ts';
import { selfIdentity, startTimeOf } from './liveness.ts';
import { parseMaker, verdictOnMaker } from './maker.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const MOST_BYTES = 1024;

export type LockTry =
  | { held: true; release: () => void }
  /** `holder`: the same text as long as it is the same one. `seen`: it is seen to live. */
  | { held: false; holder: string; pid: number | null; seen: boolean };

export interface LockOptions {
  /** Take the lock from a holder that this process cannot look at, as one in another pid namespace or on another boot. */
  passUnseen?: boolean;
}

/** Takes the lock, or says who holds it. Waits for nobody. Throws the system's error where no file can be made. */
export const tryLock = (path: string, { passUnseen = false }: LockOptions = {}): LockTry => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  removePlanted(path);
  const number = highest(path);
  const holder = number === 0 ? null : holderOf(`${path}.${number}`);
  if (holder !== null && !(passUnseen && !holder.seen)) return { held: false, ...holder };
  const own = `${path}.${number + 1}`;
  const published = publish(own);
  if (published === null) return { held: false, holder: own, pid: null, seen: true };
  if (highest(path) !== number + 1) {
    rmSync(own, { force: true });
    return { held: false, holder: own, pid: null, seen: true };
  }
  removeBelow(path, number + 1);
  return { held: true, release: () => release(own, published) };
};

const numbersOf = (path: string): number[] => {
  const start = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(start) && /^[1-9]\d{0,14}$/.test(name.slice(start.length)))
    .map((name) => Number(name.slice(start.length)));
};

const highest = (path: string): number => Math.max(0, ...numbersOf(path));

/** No home comes so far: such a file was planted, so that none could follow it. */
const PLANTED_FROM = 1e12;

const removePlanted = (path: string): void => {
  for (const number of numbersOf(path)) if (number >= PLANTED_FROM) remove(path, number);
};

const remove = (path: string, number: number): void =>
  rmSync(`${path}.${number}`, { recursive: true, force: true });

const removeBelow = (path: string, number: number): void => {
  for (const lower of numbersOf(path)) if (lower < number) remove(path, lower);
};

/** null if the lock is free: also where its file names no process, as after a loss of power. */
const holderOf = (path: string): { holder: string; pid: number; seen: boolean } | null => {
  const text = contentOf(path);
  const maker = parseMaker(text);
  if (maker === undefined) return null;
  const verdict = verdictOnMaker(maker, selfIdentity(), startTimeOf);
  if (verdict === 'dead') return null;
  return { holder: text, pid: maker.pid, seen: verdict === 'alive' };
};

/** Empty also where no file of a lock lies, or none that can be read: who may write there can put anything in its place. */
const contentOf = (path: string): string => {
  try {
    const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      return textOf(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return '';
  }
};

const textOf = (file: number): string => {
  const facts = fstatSync(file);
  return facts.isFile() && facts.size <= MOST_BYTES ? readFileSync(file, 'utf8') : '';
};

/** What stands in it now; null: somebody else was first. */
const publish = (path: string): string | null => {
  const draft = halfMadePath(path);
  // The name of the draft names its maker, and so does the lock.
  const holder = draft.slice(path.length + 1, -'.tmp'.length);
  try {
    writeFileSync(draft, holder, { flag: 'wx', mode: 0o600 });
    linkSync(draft, path);
    return holder;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return null;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
};

const release = (path: string, holder: string): void => {
  try {
    const file = openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    try {
      // Any other file may have been given this name.
      if (textOf(file) === holder) ftruncateSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // It was taken by one that cannot see this process, or something else was put there.
    if (systemCode(error) === undefined) throw error;
  }
};

/** Where locks of a home lie. */
export const lockPath = (home: string, name: string): string => join(home, 'run', `${name}.lock`);
