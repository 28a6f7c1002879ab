/**
 * Mutants of the queue: each is a fault that the queue or its file system could have, as what it then does to its disk. The
 * families of reliability/ name those that they must find.
 */
import fs from 'node:fs';
import type { Disk } from '../../../src/queue/files/disk/disk.ts';

export type DiskMutant = (disk: Disk) => Disk;

/** The same disk with some of its calls done otherwise. */
export const withCalls = (disk: Disk, calls: Partial<Disk>): Disk =>
  new Proxy(disk, {
    get: (target, name) => {
      const call = (calls[name as keyof Disk] ?? target[name as keyof Disk]) as (...args: never[]) => unknown;
      return call.bind(target);
    },
  });

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const mutant =
  (calls: (disk: Disk) => Partial<Disk>): DiskMutant =>
  (disk) =>
    withCalls(disk, calls(disk));

/** No fsync of folders with such a path. */
export const unsynced = (folder: RegExp): DiskMutant =>
  mutant((disk) => ({
    syncFolder: async (path) => {
      if (!folder.test(path)) await disk.syncFolder(path);
    },
  }));

/** Takes what failed for what went well. */
const silently = async (action: Promise<void>): Promise<void> => {
  await action.catch(() => undefined);
};

const hasLost = (error: unknown): boolean => codeOf(error) === 'ENOENT';

export const DISK_MUTANTS = {
  'no fsync of the folder that a task is added to': unsynced(/\/(pending|delayed|blocked)$/),
  'no fsync of the folder that a task is claimed into': unsynced(/\/in_progress\/[^/]+$|\/pending$/),
  'no fsync of the folder of an outcome': unsynced(/\/results\/[^/]+\/[^/]+$/),
  'no fsync of the folder of a key': unsynced(/\/keys\/[^/]+$/),
  'no fsync of the folder of the marks': unsynced(/\/ctl\/cancel$/),
  'no fsync of the folder in which a batch is made': mutant((disk) => ({
    syncFolder: async (path) => {
      // A permit that is made lies there under such a name too.
      const isPermit = async (): Promise<boolean> => (await disk.list(path)).includes('made');
      if (!/\/tmp\/batch-[^/]+$/.test(path) || (await isPermit())) await disk.syncFolder(path);
    },
  })),
  'no fsync of the folder of what is half made': unsynced(/\/tasks\/tmp$/),
  'no fsync of files': mutant((disk) => ({ create: (path, data) => disk.create(path, data, false) })),
  'no fsync of the output': mutant(() => ({ syncFile: async () => {} })),
  'an acknowledgement before the fsync is through': mutant((disk) => ({
    syncFolder: async (path) => {
      disk.syncFolder(path).catch(() => undefined);
    },
  })),
  'a failed fsync of a folder that is taken for a good one': mutant((disk) => ({
    syncFolder: (path) => silently(disk.syncFolder(path)),
  })),
  'a failed rename that is taken for a good one': mutant((disk) => ({
    rename: (from, to) => silently(disk.rename(from, to)),
  })),
  'a copy in place of a rename': mutant((disk) => ({
    rename: async (from, to) => {
      if ((await disk.facts(from))?.kind !== 'file') return disk.rename(from, to);
      await disk.create(to, await disk.read(from, Number.MAX_SAFE_INTEGER), true);
      await disk.unlink(from);
    },
  })),
  'an old name that nobody removes': mutant((disk) => ({
    unlink: async (path) => {
      if (!/\/tasks\/(?:pending|delayed|blocked|in_progress\/[^/]+)\/[^/]*task_/.test(path))
        await disk.unlink(path);
    },
  })),
  'a link that replaces what is there': mutant((disk) => ({
    link: async (from, to) => {
      try {
        await disk.link(from, to);
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        await disk.unlink(to);
        await disk.link(from, to);
      }
    },
  })),
  'a lost race that is taken for a won one': mutant((disk) => ({
    rename: async (from, to) => {
      try {
        await disk.rename(from, to);
      } catch (error) {
        if (!hasLost(error) || !/\/in_progress\/[^/]+\/\d\d-/.test(to)) throw error;
      }
    },
  })),
  'a retry that leaves B as it was': mutant((disk) => ({
    rename: (from, to) => {
      const retried = /\/(completed|failed)\//.test(from) && /\/(pending|blocked)\//.test(to);
      return disk.rename(from, retried ? to.replace(/\.b\d+\.json$/, '.b0.json') : to);
    },
  })),
  'a claim that does not take the first': mutant((disk) => ({
    list: async (path) => {
      const names = await disk.list(path);
      return path.endsWith('/pending') ? names.reverse() : names;
    },
  })),
  'a worker that does not see that it was fenced': mutant((disk) => ({
    rename: async (from, to) => {
      try {
        await disk.rename(from, to);
      } catch (error) {
        if (!hasLost(error) || !from.includes('/in_progress/w-')) throw error;
      }
    },
  })),
  'an outcome that replaces the one before it': mutant((disk) => ({
    link: async (from, to) => {
      if (/\/run-\d+\.json$/.test(to) && (await disk.facts(to)) !== undefined) await disk.unlink(to);
      await disk.link(from, to);
    },
  })),
  'a permit that is not given back': mutant((disk) => ({
    rename: (from, to) => (to.endsWith('/permit') ? disk.unlink(from) : disk.rename(from, to)),
  })),
  'a cancel that its owner is not told of': mutant((disk) => ({
    list: async (path) => (path.endsWith('/cancel') ? [] : disk.list(path)),
  })),
  'a due time that is not looked at': mutant((disk) => ({
    list: async (path) => (path.endsWith('/delayed') ? [] : disk.list(path)),
  })),
  'follows links to files': mutant((disk) => ({
    read: async (path, maxBytes) => {
      const isLink = fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
      return isLink ? fs.readFileSync(path) : disk.read(path, maxBytes);
    },
  })),
  'follows links to folders': mutant((disk) => ({
    keepTo: () => {},
    facts: async (path) => {
      const facts = await disk.facts(path);
      const isFolder = fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
      return facts?.kind === 'other' && isFolder ? { ...facts, kind: 'folder' } : facts;
    },
  })),
  'waits at a pipe': mutant((disk) => ({
    read: async (path, maxBytes) => {
      const isPipe = fs.lstatSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
      return isPipe ? fs.readFileSync(path) : disk.read(path, maxBytes);
    },
  })),
  'reads whatever size': mutant((disk) => ({ read: (path) => disk.read(path, Number.MAX_SAFE_INTEGER) })),
  'throws away what it cannot read': mutant((disk) => ({
    rename: async (from, to) => {
      if (to.includes('/quarantine/')) fs.rmSync(from, { recursive: true, force: true });
      else await disk.rename(from, to);
    },
  })),
} satisfies Readonly<Record<string, DiskMutant>>;

export type DiskMutantName = keyof typeof DISK_MUTANTS;
