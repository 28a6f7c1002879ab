/**
 * Reaches a name below the user's work tree through folders that were opened without following a link: an agent that is at
 * work there cannot turn one round between a look and a write. Where folders cannot be used so (macOS), every part of the way
 * is looked at right before.
 */
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { asBytes, shownName } from '../../git/names.ts';
import { DESCRIPTOR_PATH, Folder, type FolderOptions, sayingName } from '../../names/folder.ts';
import { NameRefused } from '../../names/walk.ts';

export interface Place {
  /** What lies at the name, for the next call. */
  path: Buffer;
  /** What lies beside it. */
  beside: (own: string) => Buffer;
}

/**
 * `top` is its own real path, `name` git's bytes. Rejects with the system's errors, which say the name; with ENOTDIR where a
 * link or a file lies on the way.
 */
export const within = async <T>(
  top: string,
  name: string,
  act: (place: Place) => Promise<T>,
  options: FolderOptions = {},
): Promise<T> => {
  const parts = name.split('/').map(asBytes);
  const own = parts.pop() ?? asBytes('');
  let folder: Folder | undefined;
  try {
    folder = enter(top, parts, options);
    const at = folder.atBytes.bind(folder);
    return await act({ path: at(own), beside: (each) => at(asBytes(each)) });
  } catch (error) {
    throw saying(error, join(top, shownName(name)));
  } finally {
    folder?.close();
  }
};

const enter = (top: string, parents: readonly Buffer[], options: FolderOptions): Folder => {
  let folder: Folder | undefined;
  try {
    folder = Folder.open(top, options);
    for (const part of parents) {
      const above: Folder = folder;
      folder = above.enter(part);
      above.close();
    }
    return folder;
  } catch (error) {
    folder?.close();
    if (!(error instanceof NameRefused)) throw error;
    throw Object.assign(new Error(`ENOTDIR: ${error.message}`, { cause: error }), { code: 'ENOTDIR' });
  }
};

const saying = (error: unknown, path: string): unknown => {
  const said = sayingName(error, DESCRIPTOR_PATH, path);
  return systemCode(said) === undefined ? said : Object.assign(said as Error, { path, dest: undefined });
};
