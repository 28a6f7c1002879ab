/** Renames what a run left within its folder, to a name that nothing follows. Names and paths are in git's bytes. */
import { chmod, realpath, rename } from 'node:fs/promises';
import { systemCode } from '../errors.ts';
import { inFolder, isDeep } from '../git/deep-folder.ts';
import { asBytes } from '../git/names.ts';
import { unlikelyName } from '../names/unlikely-name.ts';

export const ASIDE = '.koubou-aside-';

/** false: `parent` leads elsewhere by a link. Throws the system's error where it cannot be renamed. */
export const moveAside = async (parent: string, name: string): Promise<boolean> => {
  if (!isDeep(parent)) {
    const real = await realpath(asBytes(parent), { encoding: 'buffer' }).catch(() => undefined);
    if (real?.equals(asBytes(parent)) !== true) return false;
  }
  await inFolder(parent, async (at) => {
    const aside = at(unlikelyName(`${name}${ASIDE}`));
    await rename(at(name), aside).catch(async (error: unknown) => {
      if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
      // Who made it may have closed the folder.
      await chmod(at('.'), 0o700);
      await rename(at(name), aside);
    });
  });
  return true;
};
