/** Folders of a worktree, whose commit may have links where the user has folders. */
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder `name` within `top`, made where it is missing; undefined: a file or a link lies on the way. */
export const folderWithin = async (top: string, name: string): Promise<string | undefined> => {
  let folder = top;
  for (const part of name.split('/').filter((each) => each !== '' && each !== '.')) {
    folder = join(folder, part);
    const facts = await lstat(folder).catch(() => undefined);
    if (facts === undefined) await mkdir(folder);
    else if (!facts.isDirectory()) return undefined;
  }
  return folder;
};
