import type { Disk } from '../../src/queue/files/disk/disk.ts';

/** The same disk with some of its calls done otherwise: by which a fault is planted. */
export const otherwise = (disk: Disk, calls: Partial<Disk>): Disk =>
  new Proxy(disk, {
    get: (target, name) => {
      const call = (calls[name as keyof Disk] ?? target[name as keyof Disk]) as (...args: never[]) => unknown;
      return call.bind(target);
    },
  });

export const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
