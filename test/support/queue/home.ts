/** Homes in temporary folders. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Machine, thisMachine } from '../../../src/queue/files/disk/machine.ts';
import { FileQueue, type FileQueueOptions } from '../../../src/queue/files/file-queue.ts';
import { createFileHome } from '../../../src/queue/files/layout/create-home.ts';
import type { Seal } from '../../../src/text/seal.ts';
import { sealOf, sign } from '../state.ts';

export interface TestHome {
  home: string;
  /** What its tasks are sealed with. */
  seal(): Seal;
  open(options?: Partial<FileQueueOptions>): FileQueue;
  path(...parts: string[]): string;
  remove(): void;
}

/** A home at that place, signed for this user; answers with what its tasks are sealed with. */
export const layHome = async (home: string): Promise<Seal> => {
  await createFileHome(home, { allowNetworkFs: false });
  return sign(home);
};

/** `within`: the folder in which it is made, as where a file system of its own is mounted. */
export const makeHome = async (under = '', within = tmpdir()): Promise<TestHome> => {
  const root = fs.mkdtempSync(join(within, 'koubou-queue-'));
  const home = join(root, under, 'home');
  fs.mkdirSync(join(root, under), { recursive: true });
  const seal = await layHome(home);
  return {
    home,
    seal: () => sealOf(home),
    open: (options = {}) => new FileQueue({ home, seal, ...options }),
    path: (...parts) => join(home, ...parts),
    remove: () => fs.rmSync(root, { recursive: true, force: true }),
  };
};

/** One for each test of the suite that calls this, with its queue. */
export const homeForEach = (): (() => TestHome & { queue: FileQueue }) => {
  let made: TestHome & { queue: FileQueue };
  beforeEach(async () => {
    const home = await makeHome();
    made = { ...home, queue: home.open() };
  });
  afterEach(() => made.remove());
  return () => made;
};

/** This machine at a time when its steady clock has gone on by so much. */
export const machineAhead = (milliseconds: () => number): Machine => {
  const machine = thisMachine();
  return { ...machine, steadyMs: () => machine.steadyMs() + milliseconds() };
};
