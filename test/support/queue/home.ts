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

/** `within`: the folder in which it is made, as where a file system of its own is mounted. */
export const makeHome = async (under = '', within = tmpdir()): Promise<TestHome> => {
  const root = fs.mkdtempSync(join(within, 'koubou-queue-'));
  const home = join(root, under, 'home');
  fs.mkdirSync(join(root, under), { recursive: true });
  await createFileHome(home, { allowNetworkFs: false });
  const seal = sign(home);
  return {
    home,
    seal: () => sealOf(home),
    open: (options = {}) => new FileQueue({ home, seal, ...options }),
    path: (...parts) => join(home, ...parts),
    remove: () => fs.rmSync(root, { recursive: true, force: true }),
  };
};

/** This machine at a time when its steady clock has gone on by so much. */
export const machineAhead = (milliseconds: () => number): Machine => {
  const machine = thisMachine();
  return { ...machine, steadyMs: () => machine.steadyMs() + milliseconds() };
};
