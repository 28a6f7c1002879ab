/** Removes what a program left, which may have taken all rights from its folders. */
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';

/** Nothing may run in there any more. Links are removed and never followed. */
export const removeTree = async (path: string): Promise<void> => {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(systemCode(error) ?? '')) throw error;
    await openFolders(path);
    await rm(path, { recursive: true, force: true });
  }
};

const openFolders = async (folder: string): Promise<void> => {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
  }
};
