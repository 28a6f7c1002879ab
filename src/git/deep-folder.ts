/**
 * Folders whose paths are longer than a call of the system takes: git reaches them from the top of its work tree, whose own
 * path does not count there. Paths are absolute, in git's bytes.
 */
import { Folder } from '../names/folder.ts';
import { asBytes } from './names.ts';

/** Linux and macOS take 4,095 and 1,023 bytes; some are left for a name. */
const MOST_LETTERS = process.platform === 'linux' ? 3500 : 700;
/** Of the path from the top: git enters none that is longer. */
const MOST_OF_GIT = 4096;

/** Whether calls with the path may be refused for its length. */
export const isDeep = (path: string): boolean => path.length > MOST_LETTERS;

/** Whether git at `top` could enter a repository there. */
export const isInReach = (path: string, top: string): boolean => path.length - top.length <= MOST_OF_GIT;

/** Acts on what lies in a folder; `at` gives paths for calls, which hold until it has settled. No link is followed on a deep way. */
export const inFolder = async <T>(
  path: string,
  act: (at: (name: string) => Buffer) => Promise<T>,
): Promise<T> => {
  if (!isDeep(path)) return act((name) => asBytes(`${path}/${name}`));
  const folder = reach(path);
  try {
    return await act((name) => folder.atBytes(asBytes(name)));
  } finally {
    folder.close();
  }
};

const reach = (path: string): Folder => {
  let folder = Folder.open('/');
  for (const part of path.split('/').filter((each) => each !== '')) {
    try {
      const next = folder.enter(asBytes(part));
      folder.close();
      folder = next;
    } catch (error) {
      folder.close();
      throw error;
    }
  }
  return folder;
};
