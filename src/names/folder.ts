/**
 * A folder that was opened and stays the one it was, whatever its name leads to later. Node has no openat: on Linux files
 * in it are named by way of its descriptor (/proc/self/fd/N/NAME); elsewhere the way is looked at before and after.
 */
import {
  type BigIntStats,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../errors.ts';
import { closeRead } from './close-read.ts';
import { NameRefused, NotAFile } from './walk.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** Of Linux, for folders that may be searched but not read. Node does not name it. */
const O_PATH = 0o10000000;

/** Not in a sandbox without /proc, nor on macOS. */
export const hasDescriptors = (): boolean => process.platform === 'linux' && existsSync('/proc/self/fd');

export interface FolderOptions {
  /** Makes the folders that are missing. */
  make?: boolean;
  /** For tests: as on a system without /proc. */
  portable?: boolean;
}

export type FolderIdentity = Pick<BigIntStats, 'dev' | 'ino'>;

export class Folder {
  readonly path: string;
  readonly #descriptor: number | undefined;
  readonly #facts: BigIntStats;
  /** Its path for a call: by its descriptor, or by its names, which may be no UTF-8. */
  readonly #way: Buffer;

  private constructor(path: string, descriptor: number | undefined, facts: BigIntStats, way?: Buffer) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#facts = facts;
    this.#way =
      way ?? Buffer.from(descriptor === undefined ? path.replace(/\/$/, '') : `/proc/self/fd/${descriptor}`);
  }

  /** `path` is the end of a walk: a link in it was put there since. Throws NameRefused, or the system's error. */
  static open(path: string, { make = false, portable = !hasDescriptors() }: FolderOptions = {}): Folder {
    const parts = path.split('/').filter((part) => part !== '');
    if (portable) return new Folder(path, undefined, passLinks(parts, make));
    let descriptor = openSync('/', O_PATH | O_DIRECTORY);
    let at = '/';
    try {
      for (const part of parts) {
        at = join(at, part);
        const next = openPart(`/proc/self/fd/${descriptor}/${part}`, at, make);
        closeRead(descriptor);
        descriptor = next;
      }
    } catch (error) {
      closeRead(descriptor);
      throw error;
    }
    return Folder.#of(path, descriptor);
  }

  /** `path` is the user's own way to it: links are followed, as in that to a home. Throws the system's error. */
  static reach(path: string, { portable = !hasDescriptors() }: FolderOptions = {}): Folder {
    if (portable) return new Folder(path, undefined, statSync(path, { bigint: true }));
    return Folder.#of(path, openSync(path, O_PATH | O_DIRECTORY));
  }

  static #of(path: string, descriptor: number): Folder {
    try {
      return new Folder(path, descriptor, fstatSync(descriptor, { bigint: true }));
    } catch (error) {
      closeRead(descriptor);
      throw error;
    }
  }

  /** A folder in it. Throws NameRefused where a link or a file lies there, or the system's error. */
  enter(name: string | Buffer): Folder {
    const path = join(this.path, String(name));
    const at = this.atBytes(Buffer.from(name));
    if (this.#descriptor !== undefined) return Folder.#of(path, openPart(at, path, false));
    const found = lstatSync(at, { bigint: true });
    refuseLink(path, found);
    return new Folder(path, undefined, found, at);
  }

  /** Its own path for a call, for which no right in it is needed. */
  get self(): string {
    return this.#way.length === 0 ? '/' : this.#way.toString();
  }

  /** A path by which a file in it is opened, renamed, removed. */
  at(name: string): string {
    return this.atBytes(Buffer.from(name)).toString();
  }

  /** The same for a name that may be no UTF-8. */
  atBytes(name: Buffer): Buffer {
    return Buffer.concat([this.#way, Buffer.from('/'), name]);
  }

  /** Throws NameRefused where its name leads to another folder by now. */
  requireThere(): void {
    const now = passLinks(
      this.path.split('/').filter((part) => part !== ''),
      false,
    );
    if (this.is(now)) return;
    throw new NameRefused(`the folder ${this.path} was replaced by another one`);
  }

  get identity(): FolderIdentity {
    return this.#facts;
  }

  /** Whether these are the facts of this very folder. */
  is(facts: FolderIdentity | undefined): boolean {
    return facts !== undefined && facts.ino === this.#facts.ino && facts.dev === this.#facts.dev;
  }

  /** Whether it is what lies at `path`. */
  isAt(path: string): boolean {
    return this.is(lstatOrNone(path));
  }

  /** Whether others than its owner may put files there, each their own. */
  get isShared(): boolean {
    return (this.#facts.mode & 0o1002n) === 0o1002n;
  }

  async sync(): Promise<void> {
    const folder = await open(this.at('.'), O_RDONLY | O_DIRECTORY);
    try {
      await folder.sync();
      // An xfs that has shut down says so only here.
      await folder.stat();
    } finally {
      await folder.close();
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeRead(this.#descriptor);
  }
}

export const DESCRIPTOR_PATH = /\/proc\/self\/fd\/\d+\/[^']*/;

/** An error of the system says `path` where the call was made with another one. */
export const sayingName = (error: unknown, called: string | RegExp, path: string): unknown => {
  if (!(error instanceof Error) || systemCode(error) === undefined) return error;
  error.message = error.message.replace(called, () => path);
  return error;
};

const openPart = (path: string | Buffer, shown: string, make: boolean): number => {
  const flags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
  try {
    return openSync(path, flags);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && make) {
      makeOnce(path);
      return openSync(path, flags);
    }
    refuseLink(shown, lstatOrNone(path), error);
    throw error;
  }
};

/** Facts of the last one. */
const passLinks = (parts: readonly string[], make: boolean): BigIntStats => {
  let at = '/';
  let facts = lstatSync(at, { bigint: true });
  for (const part of parts) {
    at = join(at, part);
    let found = lstatOrNone(at);
    if (found === undefined && make) {
      makeOnce(at);
      found = lstatOrNone(at);
    }
    refuseLink(at, found);
    facts = found ?? lstatSync(at, { bigint: true });
  }
  return facts;
};

const makeOnce = (path: string | Buffer): void => {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
};

const lstatOrNone = (path: string | Buffer): BigIntStats | undefined =>
  lstatSync(path, { throwIfNoEntry: false, bigint: true });

const refuseLink = (path: string, facts: BigIntStats | undefined, cause?: unknown): void => {
  if (facts?.isSymbolicLink()) throw new NameRefused(`${path} has become a link`, { cause });
  if (facts !== undefined && !facts.isDirectory()) {
    throw new NameRefused('a part of its path is a file', { cause });
  }
};

/**
 * The regular file at `place`, the end of a walk, for reading. Throws NameRefused for a link, a pipe, a device; ENOENT
 * and the like are the system's errors.
 */
export const openPlace = async (place: string, options: FolderOptions = {}): Promise<FileHandle> => {
  const folder = Folder.open(dirname(place), options);
  try {
    const file = await open(
      folder.at(place.slice(place.lastIndexOf('/') + 1)),
      O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
    );
    try {
      if (!(await file.stat()).isFile()) throw new NotAFile('it is not a regular file');
      folder.requireThere();
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (cause) {
    if (systemCode(cause) === 'ELOOP') throw new NameRefused(`${place} has become a link`, { cause });
    if (systemCode(cause) === 'ENXIO') throw new NotAFile('it is not a regular file', { cause });
    throw cause;
  } finally {
    folder.close();
  }
};

/**
 * A descriptor of whatever lies at `place`, the end of a walk, which says what it is and cannot be read by. Of Linux. Throws
 * as Folder.open does.
 */
export const openHeld = (place: string): number => {
  const folder = Folder.open(dirname(place), { portable: false });
  try {
    const descriptor = openSync(folder.at(basename(place)), O_PATH | O_NOFOLLOW);
    if (!fstatSync(descriptor).isSymbolicLink()) return descriptor;
    closeRead(descriptor);
    throw new NameRefused(`${place} has become a link`);
  } finally {
    folder.close();
  }
};
