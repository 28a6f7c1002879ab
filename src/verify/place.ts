/** The folder of a run, and the moment at which the run began. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { createOwn } from '../names/own-file.ts';
import { makeOwnFolder } from '../names/own-folder.ts';
import { removeTree } from '../names/remove-tree.ts';
import { halfMadePath } from '../process/half-made.ts';

/** Where a link has come in the place of the folder, another one would be looked at. */
export const requireSamePlace = async (folder: string): Promise<void> => {
  const found = await real(folder);
  if (found === folder) return;
  const now = found === undefined ? 'is gone' : `leads to ${found} now`;
  throw new KoubouError('conflict', `The working folder ${folder} ${now}.`);
};

/** By the clock of the home's file system, which is that of the folder where both lie in a project. */
export const momentIn = async (home: string): Promise<bigint> => {
  const path = halfMadePath(join(makeOwnFolder(home, 'run'), 'began'));
  const file = await createOwn(path);
  try {
    return (await file.stat({ bigint: true })).ctimeNs;
  } finally {
    await file.close();
    await removeTree(path);
  }
};

export const real = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);
