/**
 * The folders of a home as what was opened, not as what their names lead to: who may write in the home's folder can rename
 * one away and put a link in its place. Each is entered from the home on without following a link, and what is done in it
 * is done by way of its descriptor; where there are none (macOS), every part of the way is looked at right before.
 */
import fs, { type BigIntStats } from 'node:fs';
import { basename, dirname, normalize } from 'node:path';
import { systemCode } from '../../../errors.ts';
import {
  DESCRIPTOR_PATH,
  Folder,
  type FolderIdentity,
  hasDescriptors,
  sayingName,
} from '../../../names/folder.ts';
import { NameRefused } from '../../../names/walk.ts';

/** Of the process, however many queues it opens. One call needs two ways of at most five parts. */
const MOST_HELD = 24;
const held = new Map<string, Folder>();

export class HeldFolders {
  readonly #home: string;
  #portable: boolean | undefined;
  /** The folder that the home was when it was first used. */
  #identity: FolderIdentity | undefined;

  constructor(home: string, portable?: boolean) {
    this.#home = normalize(home).replace(/(?<=.)\/+$/, '');
    this.#portable = portable;
  }

  covers(path: string): boolean {
    return path.startsWith(`${this.#home}/`);
  }

  /** A path to what lies in the home at `path`, for the next call. Throws ENOTDIR where a link lies on the way. */
  at(path: string): string {
    this.#portable ??= !hasDescriptors();
    try {
      return this.#hold(dirname(path)).at(basename(path));
    } catch (error) {
      if (error instanceof NameRefused) throw withCode('ENOTDIR', error.message, error);
      throw sayingName(error, DESCRIPTOR_PATH, dirname(path));
    }
  }

  #hold(path: string): Folder {
    const isHome = path === this.#home;
    // By name alone, what is above it may be another one by now.
    const above = isHome || this.#portable !== true ? undefined : this.#hold(dirname(path));
    const known = held.get(path);
    // One that was moved away or made anew is another one, for its user and for other processes too.
    const isThere = known?.is(isHome ? fs.statSync(path, LOOK) : lookAt(path)) === true;
    held.delete(path);
    if (!isThere) known?.close();
    const folder = known !== undefined && isThere ? known : this.#enter(path, above);
    held.set(path, folder);
    forgetOldest();
    if (isHome) this.#requireSame(folder);
    return folder;
  }

  #enter(path: string, above: Folder | undefined): Folder {
    if (path === this.#home) return Folder.reach(path, { portable: this.#portable === true });
    return (above ?? this.#hold(dirname(path))).enter(basename(path));
  }

  #requireSame(home: Folder): void {
    this.#identity ??= home.identity;
    if (home.is(this.#identity)) return;
    throw withCode('ENOENT', `${this.#home} is another folder than it was`);
  }
}

const LOOK = { bigint: true, throwIfNoEntry: false } as const;

const lookAt = (path: string): BigIntStats | undefined => {
  try {
    return fs.lstatSync(path, LOOK);
  } catch (error) {
    if (['ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
};

const forgetOldest = (): void => {
  const [oldest] = held;
  if (held.size <= MOST_HELD || oldest === undefined) return;
  held.delete(oldest[0]);
  oldest[1].close();
};

const withCode = (code: string, why: string, cause?: unknown): Error =>
  Object.assign(new Error(`${code}: ${why}`, { cause }), { code });
