/**
 * Harmless files that lie in a git folder while a program works there, so that a guard over them or around them holds:
 * - `commondir`, where there is none. Whoever made one would have every git that runs meanwhile, and after a kill every
 *   later one, take its settings from elsewhere. This one names the folder itself, so git works on as it did, and it can
 *   be mounted over, which what is not there cannot.
 * - `worktrees/koubou-sandbox/locked`, as `git worktree lock` makes it. git removes `worktrees` when it is empty (`git gc`
 *   does), and the mount over it would go with it.
 */
import { lstat, mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Folder } from '../names/folder.ts';
import { withRights } from '../names/with-rights.ts';

const CONTENTS: Readonly<Record<string, string>> = {
  commondir: '.\n',
  locked: 'A program of koubou works in this repository.\n',
};

export const standInsOf = (gitFolder: string): { commondir: string; locked: string } => ({
  commondir: join(gitFolder, 'commondir'),
  locked: join(gitFolder, 'worktrees', 'koubou-sandbox', 'locked'),
});

/** How many programs run over one: with the file, the mounts over it would go. */
const holders = new Map<string, number>();

/** `missing`: paths at which there is nothing, or a stand-in. Each of them is to be given to `isFree` once. */
export const makeStandIns = async (missing: readonly string[]): Promise<void> => {
  for (const path of missing) {
    holders.set(path, (holders.get(path) ?? 0) + 1);
    if (isInOwnFolder(path)) await mkdir(dirname(path)).catch(() => undefined);
    // Where it cannot be made here, it cannot be made in the sandbox.
    await makeIn(dirname(path), basename(path)).catch(() => undefined);
  }
};

/** In the folder itself: what lies in its place may be a link to elsewhere. */
const makeIn = async (path: string, name: string): Promise<void> => {
  const folder = Folder.open(path);
  try {
    await writeFile(folder.at(name), contentOf(name), { flag: 'wx' });
  } finally {
    folder.close();
  }
};

/** Whether what lies there may be taken away when a program has ended: no other one runs over it. */
export const isFree = (path: string): boolean => {
  const left = (holders.get(path) ?? 1) - 1;
  if (left > 0) holders.set(path, left);
  else holders.delete(path);
  return left <= 0;
};

/** One of a run that goes on, or of one that was killed. */
export const isStandIn = async (path: string): Promise<boolean> => {
  const content = contentOf(path);
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== content.length) return false;
  return (await readFile(path, 'utf8').catch(() => '')) === content;
};

/** Does nothing where something else lies there. */
export const removeStandIn = async (path: string): Promise<void> => {
  if (!(await isStandIn(path))) return;
  const folder = Folder.open(dirname(path));
  try {
    await withRights(folder, () => rm(folder.at(basename(path)), { force: true }));
  } finally {
    folder.close();
  }
  if (isInOwnFolder(path)) await rmdir(dirname(path)).catch(() => undefined);
};

const contentOf = (path: string): string => CONTENTS[basename(path)] ?? '';

const isInOwnFolder = (path: string): boolean => basename(path) === 'locked';
