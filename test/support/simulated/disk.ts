/** One process' door to the simulated file system: the queue's Disk, with a place to be killed at before each call. */
import { BadFile, type Disk, type FileFacts } from '../../../src/queue/files/disk/disk.ts';
import { systemError } from './files.ts';
import type { SimulatedProcess, World } from './world.ts';

/** Under what the queue asks for before it fills its reserve: histories are not about full disks. */
const FREE_BYTES = 15 * 1024 * 1024;

export class SimulatedDisk implements Disk {
  readonly #world: World;
  readonly #process: SimulatedProcess;

  constructor(world: World, process: SimulatedProcess) {
    this.#world = world;
    this.#process = process;
  }

  /** There are no links in it. */
  keepTo(): void {}

  async create(path: string, data: string | Uint8Array, durable: boolean): Promise<void> {
    const { files } = this.#world;
    await this.#process.turn('create', path);
    const inode = files.createFile(path);
    await this.#process.turn('write', path);
    files.write(inode, Buffer.from(data));
    if (!durable) return;
    await this.#process.turn('fsync', path);
    files.storeData(inode);
  }

  /** What a runner does with its output: it is no part of the queue's own calls. */
  async append(path: string, data: string): Promise<void> {
    await this.#process.turn('append', path);
    this.#world.files.write(this.#world.files.get(path, 'open'), Buffer.from(data));
  }

  async read(path: string, maxBytes: number): Promise<Buffer> {
    await this.#process.turn('read', path);
    const { file } = this.#world.files.get(path, 'open');
    if (file === null) throw new BadFile('it is not a regular file');
    if (file.data.length > maxBytes) {
      throw new BadFile(`it has ${file.data.length} bytes; ${maxBytes} are read at most`);
    }
    return file.data;
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#process.turn('rename', from, to);
    this.#world.files.rename(from, to);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#process.turn('link', from, to);
    this.#world.files.link(from, to);
  }

  async unlink(path: string): Promise<void> {
    await this.#process.turn('unlink', path);
    this.#world.files.unlink(path);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#process.turn('makeFolder', path);
    this.#world.files.makeFolder(path);
  }

  async removeFolder(path: string): Promise<void> {
    await this.#process.turn('removeFolder', path);
    this.#world.files.removeFolder(path);
  }

  async list(path: string): Promise<string[]> {
    await this.#process.turn('list', path);
    return [...this.#world.files.folder(path, 'scandir').seen.keys()].sort();
  }

  async facts(path: string): Promise<FileFacts | undefined> {
    await this.#process.turn('facts', path);
    try {
      const inode = this.#world.files.find(path, 'lstat');
      if (inode === undefined) return undefined;
      const { file, links, number, modifiedMs, bornMs } = inode;
      const kind = file === null ? 'folder' : 'file';
      return { kind, size: file?.data.length ?? 0, links, inode: number, modifiedMs, bornMs };
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
  }

  async syncFolder(path: string): Promise<void> {
    const { files } = this.#world;
    await this.#process.turn('syncFolder', path);
    const end = files.beginSync(files.folder(path, 'open'));
    // What others do while the device is waited for is not sure to be covered.
    await this.#process.turn('synced', path);
    end();
  }

  async syncFile(path: string): Promise<void> {
    await this.#process.turn('syncFile', path);
    const inode = this.#world.files.get(path, 'open');
    await this.#process.turn('synced', path);
    if (inode.file === null) throw systemError('EISDIR', 'fsync', path);
    this.#world.files.storeData(inode);
  }

  async free(): Promise<{ bytes: number; inodes: number | null }> {
    return { bytes: FREE_BYTES, inodes: null };
  }
}
