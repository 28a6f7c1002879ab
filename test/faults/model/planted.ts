/** Faults that the queue could have, each as what it then does to its disk. */
import { codeOf, otherwise } from '../otherwise.ts';
import type { Plant } from './real.ts';

/** `found`: the words of the disagreement that it has to lead to. */
export const PLANTED: Readonly<Record<string, { plant: Plant; found: RegExp }>> = {
  'a retry that leaves B as it was': {
    found: /went on after it had ended \(\w+\), and nobody retried it/,
    plant: (disk) =>
      otherwise(disk, {
        rename: (from, to) => {
          const retried = /\/(completed|failed)\//.test(from) && /\/(pending|blocked)\//.test(to);
          return disk.rename(from, retried ? to.replace(/\.b\d+\.json$/, '.b0.json') : to);
        },
      }),
  },
  'a claim that does not take the first': {
    found: /\+ +id: 'task_\w+',\n- +id: 'task_/,
    plant: (disk) =>
      otherwise(disk, {
        list: async (path) => {
          const names = await disk.list(path);
          return path.endsWith('/pending') ? names.reverse() : names;
        },
      }),
  },
  'a worker that does not see that it was fenced': {
    found: /\+ 'settled'\n- 'fenced'/,
    plant: (disk) =>
      otherwise(disk, {
        rename: async (from, to) => {
          try {
            await disk.rename(from, to);
          } catch (error) {
            if (codeOf(error) !== 'ENOENT' || !from.includes('/in_progress/w-')) throw error;
          }
        },
      }),
  },
  'an outcome that replaces the one before it': {
    found: /\+ 'settled'\n- 'fenced'/,
    plant: (disk) =>
      otherwise(disk, {
        link: async (from, to) => {
          if (/\/run-\d+\.json$/.test(to) && (await disk.facts(to)) !== undefined) await disk.unlink(to);
          await disk.link(from, to);
        },
      }),
  },
  'a permit that is not given back': {
    found: /permit p \d is there 0 times/,
    plant: (disk) =>
      otherwise(disk, {
        rename: (from, to) => (to.endsWith('/permit') ? disk.unlink(from) : disk.rename(from, to)),
      }),
  },
  'a cancel that its owner is not told of': {
    found: /whether the end of task_\w+ is asked\s+false !== true/,
    plant: (disk) =>
      otherwise(disk, {
        list: async (path) => (path.endsWith('/cancel') ? [] : disk.list(path)),
      }),
  },
  'a due time that is not looked at': {
    found: /\+ undefined\n- 'delayed'/,
    plant: (disk) =>
      otherwise(disk, {
        list: async (path) => (path.endsWith('/delayed') ? [] : disk.list(path)),
      }),
  },
};
