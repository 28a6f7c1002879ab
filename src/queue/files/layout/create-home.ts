/** Making a home, and refusing a file system on which the queue's promises do not hold. */
import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { KoubouError, systemCode } from '../../../errors.ts';
import { requireOwnFolder } from '../../../names/own-folder.ts';
import { halfMadePath, removeHalfMade } from '../../../process/half-made.ts';
import { field, say } from '../../../say/say.ts';
import { lstatOrNone } from '../disk/node-disk.ts';
import { Layout, SLOT_COUNT } from './names.ts';

/** statfs magic numbers (linux/magic.h) of file systems whose rename, link or fsync cannot be relied on. */
const NETWORK_TYPES: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x01021997: '9p',
  0x65735546: 'FUSE',
  0x5346414f: 'AFS',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
};

export interface HomeOptions {
  allowNetworkFs: boolean;
}

/**
 * Makes whatever folders of a home are missing; durable. Throws `usage` on native Windows, and on a network
 * file system unless that is allowed; `conflict` where something else lies in its place. Then nothing was made.
 */
export const createFileHome = async (path: string, options: HomeOptions): Promise<{ made: string[] }> => {
  const home = resolve(path);
  if (process.platform === 'win32') {
    throw new KoubouError('usage', 'koubou does not run on native Windows; nothing was made.', {
      hint: 'Use it inside WSL2, with the home on its own disk (not under /mnt/c).',
    });
  }
  const layout = new Layout(home);
  const made: string[] = [];
  const firstMade = makeHomeFolder(home);
  const fresh = firstMade !== undefined;
  if (fresh) made.push(home);
  try {
    refuseNetwork(home, options);
    probe(home);
  } catch (error) {
    if (fresh) fs.rmdirSync(home);
    throw error;
  }
  const slots = Array.from({ length: SLOT_COUNT }, (_, n) =>
    join(layout.inProgress, `slot-${String(n).padStart(2, '0')}`),
  );
  requireFolders(layout);
  const inUse = fs.existsSync(layout.inProgress);
  for (const folder of [...layout.folders(), ...(inUse ? [] : slots)]) {
    try {
      fs.mkdirSync(folder, { mode: 0o700 });
      made.push(folder);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
  // The folders above as well, or a power cut could take the home away with all that was acknowledged since.
  for (const folder of new Set([...layout.folders(), home])) syncFolder(folder);
  for (let above = home; firstMade !== undefined && above.length >= firstMade.length; ) {
    above = dirname(above);
    syncFolder(above);
  }
  return { made };
};

/** Not by Node's `recursive`: below /proc, where nothing can be made, it tries for ever. */
const makeFolders = (path: string): string | undefined => {
  const first = fs.existsSync(dirname(path)) ? undefined : makeFolders(dirname(path));
  try {
    fs.mkdirSync(path, { mode: 0o700 });
    return first ?? path;
  } catch (error) {
    const isThere = fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (systemCode(error) === 'EEXIST' && isThere) return first;
    throw error;
  }
};

/** The topmost folder that had to be made, or undefined. Throws `conflict` where none can be. */
const makeHomeFolder = (home: string): string | undefined => {
  try {
    return makeFolders(home);
  } catch (cause) {
    const code = systemCode(cause) ?? '';
    // Node says so of a file at its place as of a file on its way.
    const inTheWay = ['EEXIST', 'ENOTDIR'].includes(code);
    const why = inTheWay ? 'a file, and no folder, lies there or on the way' : code;
    throw new KoubouError('conflict', `${home} cannot be made (${why}); nothing was made.`, {
      hint: inTheWay
        ? say`Look at that file and move it away, or choose another folder with ${field('home', 'DIR')}.`
        : say`Choose a folder that you may write to with ${field('home', 'DIR')}.`,
      cause,
    });
  }
};

const refuseNetwork = (home: string, options: HomeOptions): void => {
  const name = NETWORK_TYPES[fs.statfsSync(home).type];
  if (name === undefined || options.allowNetworkFs) return;
  throw new KoubouError(
    'usage',
    `${home} lies on ${name}, where a queue of files is not safe; nothing was made.`,
    {
      hint: say`Choose a folder on a local disk with ${field('home', 'DIR')}, or say ${field('allow_network_fs')} if only one machine uses it.`,
    },
  );
};

// What the protocol stands on, tried for real: hard links, renaming folders, fsync of a folder.
const probe = (home: string): void => {
  const name = join(home, '.probe');
  removeHalfMade(name);
  const root = halfMadePath(name);
  try {
    fs.mkdirSync(join(root, 'a'), { recursive: true });
    fs.writeFileSync(join(root, 'a', 'file'), '');
    fs.linkSync(join(root, 'a', 'file'), join(root, 'link'));
    fs.renameSync(join(root, 'a'), join(root, 'b'));
    syncFolder(root);
  } catch (cause) {
    // Nothing is wrong with its kind then: it is full, or may not be written to.
    if (['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES'].includes(systemCode(cause) ?? '')) throw cause;
    throw new KoubouError(
      'usage',
      `The file system of ${home} cannot do what the queue needs; nothing was made.`,
      {
        hint: 'Hard links, renaming folders and fsync of a folder are needed: use a local ext4, xfs, btrfs or APFS.',
        cause,
      },
    );
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
};

const syncFolder = (path: string): void => {
  const descriptor = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
};

const requireFolders = (layout: Layout): void => {
  for (const folder of layout.queueFolders()) {
    const facts = lstatOrNone(folder);
    if (facts !== undefined) requireOwnFolder(folder, facts);
  }
};

/** Throws `no_home` where `home` is none, `conflict` where something else lies in the place of one of its folders. */
export const requireHome = (home: string): void => {
  const layout = new Layout(home);
  requireFolders(layout);
  if (lstatOrNone(layout.pending) !== undefined) return;
  throw new KoubouError('no_home', `${home} is not a koubou home.`);
};
