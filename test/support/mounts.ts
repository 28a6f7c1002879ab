/**
 * File systems of their own, for tests that break or fill them: ext4 and xfs in image files, and tmpfs. Linux and
 * root only. Whatever is still mounted when the process ends is unmounted then.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, closeSync, constants, mkdtempSync, openSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../src/process/programs/find-program.ts';
import { until } from './until.ts';

export type FileSystem = 'ext4' | 'xfs' | 'tmpfs';

export const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Why no file system can be mounted here, or null. */
export const cannotMount = async (...programs: string[]): Promise<string | null> => {
  if (process.platform !== 'linux') return 'only Linux has what is needed';
  if (process.getuid?.() !== 0) return 'only root may mount';
  for (const name of ['mount', 'mkfs.ext4', 'mkfs.xfs', ...programs]) {
    const found = await findProgram(name, '/', process.env['PATH']);
    if (found === undefined) return `${name} is not installed (reliability/install does it)`;
  }
  let folder: Mounted | undefined;
  try {
    folder = Mounted.make('ext4', { megabytes: 16 });
  } catch (error) {
    return `a loop device cannot be mounted here: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    folder?.remove();
  }
  return null;
};

export interface MountOptions {
  /** The file system's size. xfs needs 300. */
  megabytes: number;
  /** As many inodes as that; for xfs it is the share of the room in percent that they may take. */
  inodes?: number;
  /** Added to those of mount -o. */
  options?: string;
}

const standing = new Set<Mounted>();
process.once('exit', () => {
  for (const mounted of standing) mounted.remove();
});

export class Mounted {
  /** Where it is mounted. */
  readonly folder: string;
  readonly kind: FileSystem;
  readonly #image: string | undefined;
  readonly #root: string;
  readonly #options: string;
  #mounted = false;

  private constructor(kind: FileSystem, { megabytes, inodes, options = 'rw' }: MountOptions) {
    this.kind = kind;
    this.#root = mkdtempSync(join(tmpdir(), 'koubou-mount-'));
    this.folder = mkdtempSync(join(this.#root, 'on-'));
    standing.add(this);
    if (kind === 'tmpfs') {
      const limit = inodes === undefined ? '' : `,nr_inodes=${inodes}`;
      this.#options = `${options},size=${megabytes}m${limit}`;
      return;
    }
    this.#options = `${options},loop`;
    // In memory where there is room: what reaches the image is what the file system wrote, wherever that lies.
    this.#image = `${mkdtempSync(join(imageFolder(), 'koubou-image-'))}/image`;
    closeSync(openSync(this.#image, 'w'));
    truncateSync(this.#image, megabytes * 1024 * 1024);
    if (kind === 'ext4') {
      run('mkfs.ext4', '-q', ...(inodes === undefined ? [] : ['-N', `${inodes}`]), this.#image);
    } else {
      run('mkfs.xfs', '-q', ...(inodes === undefined ? [] : ['-i', `maxpct=${inodes}`]), this.#image);
    }
  }

  static make(kind: FileSystem, options: MountOptions): Mounted {
    const made = new Mounted(kind, options);
    try {
      made.mount();
      return made;
    } catch (error) {
      made.remove();
      throw error;
    }
  }

  mount(): void {
    const source = this.#image ?? 'tmpfs';
    run('mount', '-t', this.kind, '-o', this.#options, source, this.folder);
    this.#mounted = true;
  }

  remount(options: string): void {
    run('mount', '-o', `remount,${options}`, this.folder);
  }

  async unmount(): Promise<void> {
    this.#detach();
    const image = this.#image;
    if (image === undefined) return;
    // A process in a mount namespace of its own may still have it: what is mounted again meanwhile would be the same.
    await until(() => run('losetup', '--associated', image) === '', 'the end of the mount', 60_000);
  }

  #detach(): void {
    if (!this.#mounted) return;
    run('umount', this.folder);
    this.#mounted = false;
  }

  /** As a power cut: nothing more reaches the device. `flushed`: all that was done until now, fsynced or not, does. */
  cutPower(flushed: boolean): void {
    run('xfs_io', '-x', '-c', flushed ? 'shutdown -f' : 'shutdown', this.folder);
  }

  remove(): void {
    if (!standing.delete(this)) return;
    if (this.#mounted) {
      try {
        this.#detach();
      } catch {
        // Something still has a file open there: it goes when that ends.
        run('umount', '-l', this.folder);
      }
    }
    rmSync(this.#root, { recursive: true, force: true });
    if (this.#image !== undefined) rmSync(join(this.#image, '..'), { recursive: true, force: true });
  }
}

export const imageFolder = (): string => {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
};
