/** A file system on a disk of losing-disk.ts. Linux and root only. Whatever stands when the process ends is taken away. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cannotMount, imageFolder, run } from '../../test/support/mounts.ts';
import { until } from '../../test/support/until.ts';

export type OnDisk = 'ext4' | 'xfs' | 'btrfs';

/** What the medium still gets of what was not flushed. */
export type Kept = 'none' | 'some';

/** btrfs wants 109 MB and xfs 300. */
const MEGABYTES = 512;
/** Nothing gets to the disk by the time that goes by. xfs has no such option; it waits half a minute. */
const OPTIONS = { ext4: 'commit=600', xfs: 'rw', btrfs: 'commit=600' } as const;
const MAKE = { ext4: ['mkfs.ext4', '-q'], xfs: ['mkfs.xfs', '-q'], btrfs: ['mkfs.btrfs', '-q'] } as const;

const standing = new Set<LosingMount>();
process.once('exit', () => {
  for (const mount of standing) mount.removeNow();
});

export class LosingMount {
  /** Where it is mounted. */
  readonly folder: string;
  readonly kind: OnDisk;
  readonly #root: string;
  readonly #image: string;
  readonly #target: string;
  #process: ChildProcess | undefined;
  #lines: Interface | undefined;
  #loop: string | undefined;

  private constructor(kind: OnDisk) {
    this.kind = kind;
    this.#root = mkdtempSync(join(tmpdir(), 'koubou-losing-'));
    this.folder = join(this.#root, 'on');
    mkdirSync(this.folder);
    this.#target = join(this.#root, 'disk');
    writeFileSync(this.#target, '');
    this.#image = join(mkdtempSync(join(imageFolder(), 'koubou-image-')), 'image');
    standing.add(this);
    closeSync(openSync(this.#image, 'w'));
    truncateSync(this.#image, MEGABYTES * 1024 * 1024);
    const [program, ...flags] = MAKE[kind];
    run(program, ...flags, this.#image);
  }

  static async make(kind: OnDisk): Promise<LosingMount> {
    const made = new LosingMount(kind);
    try {
      await made.mount();
      return made;
    } catch (error) {
      made.removeNow();
      throw error;
    }
  }

  async mount(): Promise<void> {
    const disk = spawn(
      process.execPath,
      [fileURLToPath(import.meta.resolve('./losing-disk.ts')), this.#image, this.#target],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#process = disk;
    this.#lines = createInterface({ input: disk.stdout });
    const [ready] = (await Promise.race([once(this.#lines, 'line'), once(disk, 'exit')])) as unknown[];
    if (ready !== 'ready') throw new Error(`the disk cannot be served: ${String(ready)}`);
    this.#loop = run('losetup', '--find', '--show', this.#target).trim();
    run('mount', '-t', this.kind, '-o', OPTIONS[this.kind], this.#loop, this.folder);
  }

  /** Answers with how many writes were not flushed, and how many of them the medium got. */
  async cutPower(kept: Kept, seed: number): Promise<{ waited: number; kept: number }> {
    if (this.#lines === undefined) throw new Error('it is off');
    const answer = once(this.#lines, 'line');
    this.#process?.stdin?.write(`cut ${kept} ${seed}\n`);
    const [line] = (await answer) as [string];
    const [, got, waited] = /^cut (\d+) of (\d+)$/.exec(line) ?? [];
    return { waited: Number(waited), kept: Number(got) };
  }

  /** Nobody may have anything open there any more. */
  async unmount(): Promise<void> {
    run('umount', this.folder);
    const loop = this.#loop ?? '';
    run('losetup', '--detach', loop);
    this.#loop = undefined;
    await until(() => !run('losetup', '--all').includes(`${this.#target})`), 'the end of the loop device');
    const disk = this.#process;
    // A sandbox that begins elsewhere on the machine holds every mount for a moment.
    await until(() => succeeds('umount', this.#target), 'the end of the disk');
    if (disk !== undefined && disk.exitCode === null) await once(disk, 'exit');
    this.#process = undefined;
    this.#lines = undefined;
  }

  removeNow(): void {
    if (!standing.delete(this)) return;
    const quietly = (program: string, ...args: string[]): void => {
      try {
        run(program, ...args);
      } catch {
        // It was not there.
      }
    };
    quietly('umount', '-l', this.folder);
    if (this.#loop !== undefined) quietly('losetup', '--detach', this.#loop);
    this.#process?.kill('SIGKILL');
    quietly('umount', '-l', this.#target);
    rmSync(this.#root, { recursive: true, force: true });
    rmSync(join(this.#image, '..'), { recursive: true, force: true });
  }
}

/** Why there is no such disk here, or null. */
export const cannotLose = async (): Promise<string | null> => {
  const why = await cannotMount('unshare', 'losetup', 'mkfs.btrfs');
  if (why !== null) return why;
  if (!existsSync('/dev/fuse')) return 'the kernel has no FUSE';
  try {
    (await LosingMount.make('btrfs')).removeNow();
    return null;
  } catch (error) {
    return `the disk cannot be made: ${error instanceof Error ? error.message : String(error)}`;
  }
};

const succeeds = (program: string, ...args: string[]): boolean => {
  try {
    run(program, ...args);
    return true;
  } catch {
    return false;
  }
};
