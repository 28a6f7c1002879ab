import { constants } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { systemCode } from '../errors.ts';
import type { Folder } from './folder.ts';

export const OWNERS_RIGHTS = constants.S_IRWXU;

/** Gives the folder back the rights that its owner took away, where they are missing. */
export const withRights = async <T>(folder: Folder, act: () => Promise<T>): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error;
    await chmod(folder.self, OWNERS_RIGHTS);
    return act();
  }
};
