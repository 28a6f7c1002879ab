/**
 * The file system of this machine, by way of Node.
 *
 * Calls that only touch the kernel's caches are made synchronously: a thread-pool round trip costs more
 * than the call. Only fsync, which waits for the device, leaves the event loop free.
 */
import fs from 'node:fs';
import { systemCode } from '../../../errors.ts';
import { closeRead } from '../../../names/close-read.ts';
import { sayingName } from '../../../names/folder.ts';
import { BadFile, type Disk, type FileFacts } from './disk.ts';
import { HeldFolders } from './held-folders.ts';
import { asNamed, asText } from './odd-names.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = fs.constants;

const fsync = (descriptor: number): Promise<void> =>
  new Promise<void>((resolve, reject) => {
    fs.fsync(descriptor, (error) => (error === null ? resolve() : reject(error)));
  }).then(() => {
    // An xfs that has shut down (its device failed) drops what was done and still says that a folder is synced; asked
    // anything else it fails.
    fs.fstatSync(descriptor);
  });

const writeAll = (descriptor: number, data: Uint8Array): void => {
  let offset = 0;
  while (offset < data.length) offset += fs.writeSync(descriptor, data, offset);
};

/** Facts of what lies there itself, links not followed. */
export const lstatOrNone = (path: string): fs.Stats | undefined => {
  try {
    return fs.lstatSync(asNamed(path), { throwIfNoEntry: false });
  } catch (error) {
    // Where a folder of the path is a file, or a link that leads to itself.
    if (['ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
};

const READ_REFUSED: Readonly<Record<string, string>> = {
  ELOOP: 'it is a symbolic link',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  ENXIO: 'it is not a regular file',
  ENODEV: 'it is not a regular file',
};

export class NodeDisk implements Disk {
  readonly #folderSyncs = new Map<string, { running: Promise<void>; next: Promise<void> | undefined }>();
  #folders: HeldFolders | undefined;

  /** `portable`, for tests: as on a system without /proc. */
  keepTo(home: string, portable?: boolean): void {
    this.#folders = new HeldFolders(home, portable);
  }

  /** Calls the system with the path by which it is to know what lies at `path`. */
  #by<T>(path: string, call: (named: string | Buffer) => T): T {
    if (this.#folders?.covers(path) !== true) return call(asNamed(path));
    const at = this.#folders.at(path);
    try {
      return call(asNamed(at));
    } catch (error) {
      throw sayingName(error, at, path);
    }
  }

  async create(path: string, data: string | Uint8Array, durable: boolean): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const descriptor = this.#by(path, (named) => fs.openSync(named, flags, 0o600));
    let open = true;
    try {
      writeAll(descriptor, bytes);
      // After a failed fsync the kernel may drop the dirty pages and a second fsync would lie: give up instead.
      if (durable) await fsync(descriptor);
      open = false;
      fs.closeSync(descriptor);
    } catch (error) {
      if (open) fs.closeSync(descriptor);
      this.#by(path, (named) => fs.rmSync(named, { force: true }));
      throw error;
    }
  }

  async read(path: string, maxBytes: number): Promise<Buffer> {
    let descriptor: number;
    try {
      descriptor = fs.openSync(asNamed(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      const why = READ_REFUSED[systemCode(error) ?? ''];
      throw why === undefined ? error : new BadFile(why, { cause: error });
    }
    try {
      const stat = fs.fstatSync(descriptor);
      if (!stat.isFile()) throw new BadFile('it is not a regular file');
      if (stat.size > maxBytes) throw new BadFile(`it has ${stat.size} bytes; ${maxBytes} are read at most`);
      return fs.readFileSync(descriptor);
    } finally {
      closeRead(descriptor);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#by(from, (source) => this.#by(to, (target) => fs.renameSync(source, target)));
  }

  async link(from: string, to: string): Promise<void> {
    this.#by(from, (source) => this.#by(to, (target) => fs.linkSync(source, target)));
  }

  async unlink(path: string): Promise<void> {
    this.#by(path, (named) => fs.unlinkSync(named));
  }

  async makeFolder(path: string): Promise<void> {
    this.#by(path, (named) => fs.mkdirSync(named, { mode: 0o700 }));
  }

  async removeFolder(path: string): Promise<void> {
    this.#by(path, (named) => fs.rmdirSync(named));
  }

  async list(path: string): Promise<string[]> {
    return this.#by(`${path}/.`, (named) => {
      const names = fs.readdirSync(named);
      // What cannot be decoded has this letter in it; reading all names as bytes would cost far more.
      if (!names.some((name) => name.includes('\uFFFD'))) return names.sort();
      return fs.readdirSync(named, { encoding: 'buffer' }).map(asText).sort();
    });
  }

  async facts(path: string): Promise<FileFacts | undefined> {
    const stat = lstatOrNone(path);
    if (stat === undefined) return undefined;
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
    return {
      kind,
      size: stat.size,
      links: stat.nlink,
      inode: stat.ino,
      modifiedMs: stat.mtimeMs,
      bornMs: stat.birthtimeMs,
    };
  }

  async syncFolder(path: string): Promise<void> {
    const current = this.#folderSyncs.get(path);
    if (current !== undefined) {
      // The running fsync may have begun before the caller's rename: only the next one is sure to cover it.
      current.next ??= current.running.then(
        () => this.#startSync(path),
        () => this.#startSync(path),
      );
      return current.next;
    }
    return this.#startSync(path);
  }

  #startSync(path: string): Promise<void> {
    const running = this.#syncNow(path, O_RDONLY | O_DIRECTORY);
    const entry = { running, next: undefined };
    this.#folderSyncs.set(path, entry);
    const forget = () => {
      if (this.#folderSyncs.get(path) === entry && entry.next === undefined) this.#folderSyncs.delete(path);
    };
    running.then(forget, forget);
    return running;
  }

  async syncFile(path: string): Promise<void> {
    await this.#syncNow(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  }

  async #syncNow(path: string, flags: number): Promise<void> {
    const descriptor = fs.openSync(asNamed(path), flags);
    try {
      await fsync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  async free(path: string): Promise<{ bytes: number; inodes: number | null }> {
    const stat = fs.statfsSync(path);
    return { bytes: stat.bavail * stat.bsize, inodes: stat.files === 0 ? null : stat.ffree };
  }
}
