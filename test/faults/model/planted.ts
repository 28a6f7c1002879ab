/** Faults that the queue could have, each as what it then does to its disk. */
import { codeOf, otherwise } from '../otherwise.ts';
import type { Plant } from './real.ts';

export const PLANTED: Readonly<Record<string, Plant>> = {
  'a retry that leaves B as it was': (disk) =>
    otherwise(disk, {
      rename: (from, to) => {
        const retried = /\/(completed|failed)\//.test(from) && /\/(pending|blocked)\//.test(to);
        return disk.rename(from, retried ? to.replace(/\.b\d+\.json$/, '.b0.json') : to);
      },
    }),
  'a claim that does not take the first': (disk) =>
    otherwise(disk, {
      list: async (path) => {
        const names = await disk.list(path);
        return path.endsWith('/pending') ? names.reverse() : names;
      },
    }),
  'a worker that does not see that it was fenced': (disk) =>
    otherwise(disk, {
      rename: async (from, to) => {
        try {
          await disk.rename(from, to);
        } catch (error) {
          if (codeOf(error) !== 'ENOENT' || !from.includes('/in_progress/w-')) throw error;
        }
      },
    }),
  'an outcome that replaces the one before it': (disk) =>
    otherwise(disk, {
      link: async (from, to) => {
        if (/\/run-\d+\.json$/.test(to) && (await disk.facts(to)) !== undefined) await disk.unlink(to);
        await disk.link(from, to);
      },
    }),
  'a permit that is not given back': (disk) =>
    otherwise(disk, {
      rename: (from, to) => (to.endsWith('/permit') ? disk.unlink(from) : disk.rename(from, to)),
    }),
  'a cancel that its owner is not told of': (disk) =>
    otherwise(disk, {
      list: async (path) => (path.endsWith('/cancel') ? [] : disk.list(path)),
    }),
  'a due time that is not looked at': (disk) =>
    otherwise(disk, {
      list: async (path) => (path.endsWith('/delayed') ? [] : disk.list(path)),
    }),
};
