/** Disks for tests, between the queue and the real one. */
import { NodeDisk } from '../../src/queue/files/disk.ts';

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

/** Lets others run before and after any call, as the scheduler of a machine with many processes would. */
export class ShufflingDisk extends LightDisk {
  /** After so many more calls nothing is ever answered again, as for a killed process: no cleanup runs. */
  callsLeft = Number.POSITIVE_INFINITY;
  /** Resolves when that has happened. */
  readonly dead: Promise<void>;
  /** What it made in tmp/, by the part of the names that is random. */
  readonly made = new Set<string>();
  /** Workers that it registered. */
  readonly joined = new Set<string>();
  readonly #random: () => number;
  #sayDead: () => void = () => undefined;

  constructor(random: () => number) {
    super();
    this.#random = random;
    this.dead = new Promise((resolve) => {
      this.#sayDead = resolve;
    });
    for (const call of CALLS) {
      const inner = this[call].bind(this) as (...args: unknown[]) => Promise<unknown>;
      const shuffled = async (...args: unknown[]): Promise<unknown> => {
        await this.#pause();
        await this.#orDie();
        const random = /tasks\/tmp\/.*-([0-9a-f]{20})/.exec(String(args[0]))?.[1];
        if (random !== undefined) this.made.add(random);
        const joined = call === 'rename' ? /\/run\/([^.][^/]*)\.json$/.exec(String(args[1]))?.[1] : undefined;
        if (joined !== undefined) this.joined.add(joined);
        const answer = await inner(...args);
        await this.#pause();
        return answer;
      };
      Object.defineProperty(this, call, { value: shuffled });
    }
  }

  async #orDie(): Promise<void> {
    this.callsLeft -= 1;
    if (this.callsLeft >= 0) return;
    this.#sayDead();
    await new Promise(() => undefined);
  }

  async #pause(): Promise<void> {
    for (let turns = Math.floor(this.#random() ** 3 * 6); turns > 0; turns -= 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const CALLS = [
  'create',
  'read',
  'rename',
  'link',
  'unlink',
  'makeFolder',
  'removeFolder',
  'list',
  'facts',
] as const;
