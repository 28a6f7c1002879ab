/** Disks for tests, between the queue and the real one. */
import { NodeDisk } from '../../../src/queue/files/disk/node-disk.ts';

/** Waits for no device, and has too little room to set any aside: for tests that only end processes. */
export class LightDisk extends NodeDisk {
  override async create(path: string, data: string | Uint8Array, _durable: boolean): Promise<void> {
    await super.create(path, data, false);
  }

  override async syncFolder(): Promise<void> {
    // Others may run here, as they could while the device is waited for.
    await new Promise((resolve) => setImmediate(resolve));
  }

  override async syncFile(): Promise<void> {}

  override async free(): Promise<{ bytes: number; inodes: number | null }> {
    return { bytes: 15 * 1024 * 1024, inodes: null };
  }
}

/** Says that the disk is full as often as it is told to, and remembers what was synced. */
export class FailingDisk extends LightDisk {
  /** Answers with the system's error for a call, or undefined to let it through. */
  fail: (call: string, path: string) => string | undefined = () => undefined;

  #check(call: string, path: string): void {
    const code = this.fail(call, path);
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${call} '${path}'`), { code });
  }

  override async create(path: string, data: string | Uint8Array, durable: boolean): Promise<void> {
    this.#check('create', path);
    await super.create(path, data, durable);
  }

  override async rename(from: string, to: string): Promise<void> {
    this.#check('rename', to);
    await super.rename(from, to);
  }

  override async link(from: string, to: string): Promise<void> {
    this.#check('link', to);
    await super.link(from, to);
  }

  override async makeFolder(path: string): Promise<void> {
    this.#check('makeFolder', path);
    await super.makeFolder(path);
  }

  override async syncFolder(path = ''): Promise<void> {
    this.#check('syncFolder', path);
    await super.syncFolder();
  }
}
