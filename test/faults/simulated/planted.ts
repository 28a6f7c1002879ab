/** Faults that a queue or its file system could have, each as what a process then does to its disk. */
import { codeOf, otherwise } from '../otherwise.ts';
import type { Plant } from './history.ts';

export const unsynced =
  (folder: RegExp): Plant =>
  (disk) =>
    otherwise(disk, {
      syncFolder: async (path) => {
        if (!folder.test(path)) await disk.syncFolder(path);
      },
    });

/**
 * `found`: the words of the promise that it breaks; a history that ends in another way does not show that it is found.
 * `rare`: it takes hundreds of histories, for which a sample has no time.
 */
export const PLANTED: Readonly<Record<string, { plant: Plant; found: RegExp; rare?: true }>> = {
  'no fsync of the folder that a task is added to': {
    found: /is lost/,
    plant: unsynced(/\/(pending|delayed|blocked)$/),
  },
  'no fsync of the folder that a task is claimed into': {
    found: /was begun twice|is pending with run 0 and has run-1/,
    plant: unsynced(/\/in_progress\/[^/]+$|\/pending$/),
  },
  'no fsync of the folder of an outcome': {
    found: /and run \d+ has no outcome/,
    plant: unsynced(/\/results\/[^/]+\/[^/]+$/),
  },
  'no fsync of the folder of a key': { found: /has lost its key/, plant: unsynced(/\/keys\/[^/]+$/) },
  'no fsync of the folder of the marks': {
    found: /was not told that its end was asked/,
    plant: unsynced(/\/ctl\/cancel$/),
  },
  'no fsync of the folder in which a batch is made': {
    found: /\d of batch-\d+'s \d are there/,
    plant: (disk) =>
      otherwise(disk, {
        syncFolder: async (path) => {
          // One that is made lies there under such a name too.
          const isPermit = async (): Promise<boolean> => (await disk.list(path)).includes('made');
          if (!/\/tmp\/batch-[^/]+$/.test(path) || (await isPermit())) await disk.syncFolder(path);
        },
      }),
  },
  'no fsync of the folder of what is half made': {
    found: /a key leads to no task/,
    plant: unsynced(/\/tasks\/tmp$/),
  },
  'no fsync of files': {
    found: /it lies in quarantine|is not the task in its file/,
    plant: (disk) => otherwise(disk, { create: (path, data) => disk.create(path, data, false) }),
  },
  'no fsync of the output': {
    found: /succeeded, and its output is/,
    plant: (disk) => otherwise(disk, { syncFile: async () => {} }),
  },
  'an acknowledgement before the fsync is through': {
    found: /is lost|has lost its key/,
    plant: (disk) =>
      otherwise(disk, {
        syncFolder: async (path) => {
          disk.syncFolder(path).catch(() => undefined);
        },
      }),
  },
  'a copy in place of a rename': {
    found: /is in \w+ and in \w+/,
    plant: (disk) =>
      otherwise(disk, {
        rename: async (from, to) => {
          if ((await disk.facts(from))?.kind !== 'file') return disk.rename(from, to);
          await disk.create(to, await disk.read(from, Number.MAX_SAFE_INTEGER), true);
          await disk.unlink(from);
        },
      }),
  },
  'an old name that nobody removes': {
    found: /is in \w+ and in \w+/,
    rare: true,
    plant: (disk) =>
      otherwise(disk, {
        unlink: async (path) => {
          if (!/\/tasks\/(?:pending|delayed|blocked|in_progress\/[^/]+)\/[^/]*task_/.test(path))
            await disk.unlink(path);
        },
      }),
  },
  'a link that replaces what is there': {
    found: /the task of k\d[^]*existed: false/,
    plant: (disk) =>
      otherwise(disk, {
        link: async (from, to) => {
          try {
            await disk.link(from, to);
          } catch (error) {
            if (codeOf(error) !== 'EEXIST') throw error;
            await disk.unlink(to);
            await disk.link(from, to);
          }
        },
      }),
  },
  'a lost race that is taken for a won one': {
    found: /was begun twice/,
    plant: (disk) =>
      otherwise(disk, {
        rename: async (from, to) => {
          try {
            await disk.rename(from, to);
          } catch (error) {
            if (codeOf(error) !== 'ENOENT' || !/\/in_progress\/[^/]+\/\d\d-/.test(to)) throw error;
          }
        },
      }),
  },
};
