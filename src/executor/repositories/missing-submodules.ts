/**
 * The folders of submodules that are not checked out. A repository that a program makes there is entered by the next git at
 * the top, wherever the index has a gitlink, and that one runs what its settings say.
 */
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asBytes, asName, shownName } from '../../git/names.ts';
import { gitlinkFolders, topAround } from '../../git/repository/nested-git.ts';
import { isWithin } from '../../text/is-within.ts';

/** Each costs mounts for each command. What is made in others is set aside when the run has ended. */
const MOST = 100;

/** Below the folder. `repositories`: the `.git` of those there, which may have submodules of their own. */
export const missingSubmodules = async (
  folder: string,
  repositories: readonly string[],
): Promise<string[]> => {
  const start = asName(folder);
  const around = await topAround(start);
  const tops = [
    ...(around === undefined ? [] : [around]),
    ...repositories.map((path) => asName(dirname(path))),
  ];
  const missing: string[] = [];
  for (const path of await gitlinkFolders(tops)) {
    if (missing.length >= MOST) break;
    // A forged index may name what git has in its own folder.
    if (path === start || !isWithin(path, start) || path.includes('/.git/')) continue;
    const isFolder = (await factsOf(path))?.isDirectory() === true;
    if (isFolder && (await factsOf(`${path}/.git`)) === undefined) missing.push(shownName(path));
  }
  return missing;
};

const factsOf = (path: string) => lstat(asBytes(path)).catch(() => undefined);
