/** The disk and the machine of an act: the real ones, with a fault or with none. */
import type { Disk } from '../../src/queue/files/disk/disk.ts';
import { type Machine, thisMachine } from '../../src/queue/files/disk/machine.ts';
import { NodeDisk } from '../../src/queue/files/disk/node-disk.ts';
import { DISK_MUTANTS, type DiskMutantName } from '../../test/support/mutants/disk.ts';
import type { Clock } from '../crash/aftermath.ts';

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

/** `mutant`: a name of DISK_MUTANTS, or this one of the machine. */
export const partsWith = (mutant: string, clock: Clock): { disk: Disk; machine: Machine } => {
  const real = thisMachine();
  const machine: Machine = {
    ...real,
    steadyMs: () => real.steadyMs() + clock.aheadMs,
    // It reads about every process of the machine, each time another number of them.
    stopTree: async () => undefined,
  };
  const disk = new NodeDisk();
  return {
    disk: mutant in DISK_MUTANTS ? DISK_MUTANTS[mutant as DiskMutantName](disk) : disk,
    machine:
      mutant === 'a process that cannot be looked at taken for one that is gone'
        ? guessing(machine)
        : machine,
  };
};
