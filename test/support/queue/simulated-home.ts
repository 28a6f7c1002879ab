/** A home on a simulated disk, and processes that stand still at one of their calls to it. */
import assert from 'node:assert/strict';
import type { Disk } from '../../../src/queue/files/disk/disk.ts';
import { FileQueue } from '../../../src/queue/files/file-queue.ts';
import { budgetOf } from '../builders.ts';
import { census } from '../census/census.ts';
import { withCalls } from '../mutants/disk.ts';
import { seeded } from '../seeded.ts';
import { SimulatedDisk } from '../simulated/disk.ts';
import { readerOf } from '../simulated/promises.ts';
import { HOME, type SimulatedProcess, World } from '../simulated/world.ts';
import { someSeal } from '../state.ts';
import { draftFromDrop } from './drop.ts';

export interface Opened {
  queue: FileQueue;
  process: SimulatedProcess;
  disk: SimulatedDisk;
}

export interface Held extends Opened {
  /** Resolves when it stands still; then it does so until it may go on. */
  reached: Promise<void>;
  goOn: () => void;
}

export class SimulatedHome {
  readonly world: World;
  readonly #random: () => number;

  constructor(seed = 1) {
    this.#random = seeded(seed);
    this.world = new World(this.#random);
  }

  open(plant: (disk: SimulatedDisk) => Disk = (disk) => disk): Opened {
    const { world } = this;
    const process = world.start();
    const disk = new SimulatedDisk(world, process);
    const queue = new FileQueue({
      home: HOME,
      disk: plant(disk),
      machine: process.machine,
      nowMs: world.nowMs,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(this.#random() * 256)),
      draftFromDrop,
      seal: someSeal,
    });
    return { queue, process, disk };
  }

  /** Stands still before or after its first call whose paths are like `paths`. */
  openHeld(when: 'before' | 'after', call: keyof Disk, paths: RegExp): Held {
    const reached = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    let held = false;
    const opened = this.open((disk) => {
      const inner = disk[call].bind(disk) as (...args: unknown[]) => Promise<unknown>;
      const stand = async (...args: unknown[]): Promise<unknown> => {
        const matches = paths.test(args.filter((arg) => typeof arg === 'string').join(' '));
        const stands = matches && !held;
        const answer = stands && when === 'before' ? undefined : await inner(...args);
        if (!stands) return answer;
        held = true;
        reached.resolve();
        await going.promise;
        return when === 'before' ? inner(...args) : answer;
      };
      return withCalls(disk, { [call]: stand });
    });
    return { ...opened, reached: reached.promise, goOn: going.resolve };
  }

  /** Ids and states of all tasks, after a healthy process has swept; every promise is kept. */
  async swept(
    acknowledged: readonly string[] = [],
    retried: readonly string[] = [],
  ): Promise<Map<string, string>> {
    const { queue } = this.open();
    // A worker of an earlier boot has to be silent for a while.
    for (let pass = 0; pass < 4; pass += 1, this.world.pass(10_000)) await queue.sweep(budgetOf);
    const { tasks, faults } = census(HOME, { acknowledged, retried }, readerOf(this.world.files));
    assert.deepEqual(faults, []);
    return new Map([...tasks].map(([id, { state }]) => [id, state]));
  }
}

/** The same with every way in which a power loss can go, as far as `LOSSES` seeds show them. */
export const eachLoss = async (play: (home: SimulatedHome) => Promise<void>): Promise<void> => {
  for (let seed = 1; seed <= LOSSES; seed += 1) {
    try {
      await play(new SimulatedHome(seed));
    } catch (cause) {
      throw new Error(`with seed ${seed}`, { cause });
    }
  }
};

const LOSSES = 60;
