/** A rig on a queue in memory. What a daemon keeps of its own (worktrees, its key) is on its disk, and needs no queue. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/process/clock.ts';
import { MemoryQueue } from '../memory-queue/memory-queue.ts';
import { Store } from '../memory-queue/store.ts';
import { sign } from '../state.ts';
import { type Ground, Rig } from './rig.ts';

export interface MemoryRig extends Rig<Ground> {
  readonly home: Ground & {
    store: Store;
    /** For a test's own files; removed with the rig. */
    folder: string;
  };
}

export const makeMemoryRig = (): MemoryRig => {
  const folder = mkdtempSync(join(tmpdir(), 'koubou-in-memory-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  const seal = sign(home);
  // Back-offs are next to nothing.
  const store = new Store({ clock: systemClock, random: () => 0 });
  return new Rig({
    store,
    folder,
    home,
    seal: () => seal,
    open: () => new MemoryQueue(store),
    remove: () => {
      store.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  });
};
