import { existsSync, readlinkSync } from 'node:fs';
import { KoubouError, systemCode } from '../errors.ts';

/**
 * The folder that the command was typed in. One that was deleted meanwhile keeps its path where the system tells it, so
 * that a home above it is still found and commands that name everything else work. Throws `conflict` where it does not, and
 * `usage` for one whose path Node cannot say: another folder would be taken for it.
 */
export const currentFolder = (): string => {
  try {
    const path = process.cwd();
    if (path.includes('\uFFFD') && !existsSync(path)) throw notUtf8(path);
    return path;
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    const before = deletedFolder();
    if (before !== undefined) return before;
    throw new KoubouError('conflict', 'The folder that you are in does not exist any more.', {
      hint: 'Change to one that does: cd ~',
      cause,
    });
  }
};

const notUtf8 = (path: string): KoubouError =>
  new KoubouError('usage', `The path of the folder that you are in is no UTF-8: ${path}.`, {
    hint: 'Nothing was done. Change to another folder, or give this one another name.',
  });

const MARK = ' (deleted)';

/** Linux only: what /proc says of a folder that nothing leads to any more. */
const deletedFolder = (): string | undefined => {
  try {
    const path = readlinkSync('/proc/self/cwd');
    return path.endsWith(MARK) ? path.slice(0, -MARK.length) : undefined;
  } catch {
    return undefined;
  }
};
