/** A simulated file system in memory: what POSIX says of names, links and folders, with the errors of Linux. */
import { type Change, Device, type Inode } from './device.ts';

const LONGEST_NAME = 255;
const EMPTY = Buffer.alloc(0);

const MESSAGES = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EISDIR: 'illegal operation on a directory',
  EEXIST: 'file already exists',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
  EINVAL: 'invalid argument',
  ENAMETOOLONG: 'name too long',
} as const;

/** An error as node:fs makes it. The stack is left out: histories meet thousands. */
export const systemError = (code: keyof typeof MESSAGES, call: string, path: string): Error => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const error = new Error(`${code}: ${MESSAGES[code]}, ${call} '${path}'`);
  Error.stackTraceLimit = limit;
  return Object.assign(error, { code, syscall: call, path });
};

export class SimulatedFiles {
  readonly #device = new Device();
  readonly #nowMs: () => number;
  readonly root: Inode;
  #inodes = 0;
  /** Folders by path, until any of them is moved. */
  readonly #folders = new Map<string, Inode>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.root = this.#make(false);
  }

  #make(isFile: boolean): Inode {
    this.#inodes += 1;
    const now = this.#nowMs();
    return {
      number: this.#inodes,
      bornMs: now,
      modifiedMs: now,
      file: isFile ? { data: EMPTY, onDevice: 0 } : null,
      seen: new Map(),
      stored: new Map(),
      links: 0,
      changes: new Set(),
      lastOf: new Map(),
      placed: undefined,
    };
  }

  /** The inode at `path`; undefined when its last name is not there. */
  find(path: string, call: string): Inode | undefined {
    if (path === '/') return this.root;
    const slash = path.lastIndexOf('/');
    const folder = slash === 0 ? this.root : this.#folder(path.slice(0, slash), path, call);
    const name = path.slice(slash + 1);
    if (name.length > LONGEST_NAME) throw systemError('ENAMETOOLONG', call, path);
    return folder.seen.get(name);
  }

  #folder(path: string, asked: string, call: string): Inode {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const inode = this.find(path, call);
    if (inode === undefined) throw systemError('ENOENT', call, asked);
    if (inode.file !== null) throw systemError('ENOTDIR', call, asked);
    this.#folders.set(path, inode);
    return inode;
  }

  get(path: string, call: string): Inode {
    const inode = this.find(path, call);
    if (inode === undefined) throw systemError('ENOENT', call, path);
    return inode;
  }

  folder(path: string, call: string): Inode {
    const inode = this.get(path, call);
    if (inode.file !== null) throw systemError('ENOTDIR', call, path);
    return inode;
  }

  #parent(path: string, call: string): { folder: Inode; name: string } {
    const slash = path.lastIndexOf('/');
    const folder = slash === 0 ? this.root : this.#folder(path.slice(0, slash), path, call);
    return { folder, name: path.slice(slash + 1) };
  }

  /** A name that is to be made, in a folder that is there. */
  #free(path: string, call: string): { folder: Inode; name: string } {
    const place = this.#parent(path, call);
    if (place.name.length > LONGEST_NAME) throw systemError('ENAMETOOLONG', call, path);
    if (place.folder.seen.has(place.name)) throw systemError('EEXIST', call, path);
    return place;
  }

  createFile(path: string): Inode {
    const { folder, name } = this.#free(path, 'open');
    const inode = this.#make(true);
    this.#put(folder, name, inode);
    this.#device.note([{ folder, name, inode }]);
    return inode;
  }

  /** Appends to an open file, whatever became of its name. */
  write(inode: Inode, data: Uint8Array): void {
    if (inode.file === null) throw systemError('EISDIR', 'write', '');
    inode.file.data =
      inode.file.data.length === 0 ? Buffer.from(data) : Buffer.concat([inode.file.data, data]);
    inode.modifiedMs = this.#nowMs();
  }

  makeFolder(path: string): void {
    const { folder, name } = this.#free(path, 'mkdir');
    const inode = this.#make(false);
    this.#put(folder, name, inode);
    this.#device.note([{ folder, name, inode }]);
  }

  link(from: string, to: string): void {
    const inode = this.get(from, 'link');
    const { folder, name } = this.#free(to, 'link');
    if (inode.file === null) throw systemError('EPERM', 'link', from);
    this.#put(folder, name, inode);
    this.#device.note([{ folder, name, inode }]);
  }

  unlink(path: string): void {
    const { folder, name } = this.#parent(path, 'unlink');
    const inode = this.get(path, 'unlink');
    if (inode.file === null) throw systemError('EISDIR', 'unlink', path);
    this.#take(folder, name);
    this.#device.note([{ folder, name, inode: null }]);
  }

  removeFolder(path: string): void {
    const { folder, name } = this.#parent(path, 'rmdir');
    const inode = this.folder(path, 'rmdir');
    if (inode.seen.size > 0) throw systemError('ENOTEMPTY', 'rmdir', path);
    this.#take(folder, name);
    this.#device.note([{ folder, name, inode: null }], inode);
  }

  rename(from: string, to: string): void {
    const source = this.#parent(from, 'rename');
    const target = this.#parent(to, 'rename');
    const inode = this.get(from, 'rename');
    if (target.name.length > LONGEST_NAME) throw systemError('ENAMETOOLONG', 'rename', to);
    if (inode.file === null && `${to}/`.startsWith(`${from}/`) && from !== to) {
      throw systemError('EINVAL', 'rename', from);
    }
    const replaced = target.folder.seen.get(target.name);
    if (replaced === inode) return;
    if (replaced !== undefined) this.#mayReplace(inode, replaced, from, to);
    this.#take(source.folder, source.name);
    if (replaced !== undefined) this.#take(target.folder, target.name);
    this.#put(target.folder, target.name, inode);
    this.#device.note(
      [
        { ...source, inode: null },
        { ...target, inode },
      ],
      replaced,
    );
  }

  #mayReplace(inode: Inode, replaced: Inode, from: string, to: string): void {
    if (`${from}/`.startsWith(`${to}/`)) throw systemError('ENOTEMPTY', 'rename', from);
    if (inode.file === null && replaced.file !== null) throw systemError('ENOTDIR', 'rename', from);
    if (inode.file !== null && replaced.file === null) throw systemError('EISDIR', 'rename', from);
    if (replaced.seen.size > 0) throw systemError('ENOTEMPTY', 'rename', from);
  }

  #put(folder: Inode, name: string, inode: Inode): void {
    folder.seen.set(name, inode);
    inode.links += 1;
  }

  #take(folder: Inode, name: string): void {
    const inode = folder.seen.get(name);
    if (inode !== undefined) inode.links -= 1;
    if (inode?.file === null) this.#folders.clear();
    folder.seen.delete(name);
  }

  /** What an fsync of this folder that begins now has to put on the device. */
  changesIn(folder: Inode): Change[] {
    return [...folder.changes];
  }

  store(changes: readonly Change[]): void {
    for (const change of changes) this.#device.store(change);
  }

  /** An fsync of the folder begins; what it answers with ends it. */
  beginSync(folder: Inode): () => void {
    const changes = this.changesIn(folder);
    const left = this.#device.leftIn(folder);
    return () => {
      this.store(changes);
      this.#device.forgetLeft(folder, left, changes);
    };
  }

  storeData(inode: Inode): void {
    if (inode.file !== null) inode.file.onDevice = inode.file.data.length;
  }

  losePower(random: () => number): void {
    this.#folders.clear();
    this.#device.losePower(this.root, random);
  }
}
