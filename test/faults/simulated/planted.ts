/** Faults that a queue or its file system could have, each as what a process then does to its disk. */
import { codeOf, otherwise } from '../otherwise.ts';
import type { Plant } from './history.ts';

const unsynced =
  (folder: RegExp): Plant =>
  (disk) =>
    otherwise(disk, {
      syncFolder: async (path) => {
        if (!folder.test(path)) await disk.syncFolder(path);
      },
    });

export const PLANTED: Readonly<Record<string, Plant>> = {
  'no fsync of the folder that a task is added to': unsynced(/\/(pending|delayed|blocked)$/),
  'no fsync of the folder that a task is claimed into': unsynced(/\/in_progress\/[^/]+$|\/pending$/),
  'no fsync of the folder of an outcome': unsynced(/\/results\/[^/]+\/[^/]+$/),
  'no fsync of the folder of a key': unsynced(/\/keys\/[^/]+$/),
  'no fsync of the folder of the marks': unsynced(/\/ctl\/cancel$/),
  'no fsync of the folder in which a batch is made': unsynced(/\/tmp\/batch-[^/]+$/),
  'no fsync of the folder of what is half made': unsynced(/\/tasks\/tmp$/),
  'no fsync of files': (disk) => otherwise(disk, { create: (path, data) => disk.create(path, data, false) }),
  'no fsync of the output': (disk) => otherwise(disk, { syncFile: async () => {} }),
  'an acknowledgement before the fsync is through': (disk) =>
    otherwise(disk, {
      syncFolder: async (path) => {
        disk.syncFolder(path).catch(() => undefined);
      },
    }),
  'a copy in place of a rename': (disk) =>
    otherwise(disk, {
      rename: async (from, to) => {
        if ((await disk.facts(from))?.kind !== 'file') return disk.rename(from, to);
        await disk.create(to, await disk.read(from, Number.MAX_SAFE_INTEGER), true);
        await disk.unlink(from);
      },
    }),
  'a link that replaces what is there': (disk) =>
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
  'a lost race that is taken for a won one': (disk) =>
    otherwise(disk, {
      rename: async (from, to) => {
        try {
          await disk.rename(from, to);
        } catch (error) {
          if (codeOf(error) !== 'ENOENT' || !/\/in_progress\/[^/]+\/\d\d-/.test(to)) throw error;
        }
      },
    }),
};
