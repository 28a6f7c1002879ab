/** Mistakes that the tests must find. */
import { type Disk } from '../../../src/queue/files/disk/disk.ts';
import { type Machine, thisMachine } from '../../../src/queue/files/disk/machine.ts';
import { NodeDisk } from '../../../src/queue/files/disk/node-disk.ts';
import type { Clock } from '../crash/aftermath.ts';

const silently = async (action: () => Promise<void>): Promise<void> => {
  try {
    await action();
  } catch {
    // The mistake.
  }
};

/** Takes an fsync of a folder that failed for one that went well. */
class SwallowsFsync extends NodeDisk {
  override async syncFolder(path: string): Promise<void> {
    await silently(() => super.syncFolder(path));
  }
}

/** Takes a rename that failed for one that went well, and so says that something is done before it is. */
class SwallowsRename extends NodeDisk {
  override async rename(from: string, to: string): Promise<void> {
    await silently(() => super.rename(from, to));
  }
}

class CopiesInPlaceOfRename extends NodeDisk {
  override async rename(from: string, to: string): Promise<void> {
    if ((await this.facts(from))?.kind !== 'file') return super.rename(from, to);
    await this.create(to, await this.read(from, Number.MAX_SAFE_INTEGER), true);
    await this.unlink(from);
  }
}

/** Takes a process that it cannot look at for one that is gone. */
const guessing = (machine: Machine): Machine => ({
  ...machine,
  startTimeOf: (pid) => {
    try {
      return machine.startTimeOf(pid);
    } catch {
      return null;
    }
  },
});

const DISKS: Readonly<Record<string, new () => Disk>> = {
  SwallowsFsync,
  SwallowsRename,
  CopiesInPlaceOfRename,
};

/** The disk and the machine of an act, with the mistake of that name or with none. */
export const partsWith = (mistake: string, clock: Clock): { disk: Disk; machine: Machine } => {
  const real = thisMachine();
  const machine: Machine = {
    ...real,
    steadyMs: () => real.steadyMs() + clock.aheadMs,
    // It reads about every process of the machine, each time another number of them.
    stopTree: async () => undefined,
  };
  return {
    disk: new (DISKS[mistake] ?? NodeDisk)(),
    machine: mistake === 'guesses' ? guessing(machine) : machine,
  };
};
