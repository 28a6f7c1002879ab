/** Folders that no program of a sandbox may have for its own: what stays as it is would not, where it holds that folder. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isWorktreeOfAgent, SETTINGS } from '../names/agent-worktree.ts';
import { isWithin } from '../text/is-within.ts';

/** Why not; undefined: it may. All absolute and without links. */
export const whyKept = (cwd: string, kept: readonly string[]): string | undefined => {
  const around = kept.find((path) => isWithin(cwd, path));
  if (around !== undefined) return `${around} is to stay as it is`;
  const settings = settingsAround(cwd);
  if (settings !== undefined) return `agents or version control obey what lies in ${settings}`;
  const folder = gitFolderAround(cwd);
  return folder === undefined ? undefined : `${folder} is a git folder, and git runs what lies in there`;
};

const settingsAround = (cwd: string): string | undefined => {
  for (let folder = cwd; folder !== '/'; folder = dirname(folder)) {
    if (SETTINGS.has(basename(folder))) return folder;
    if (isWorktreeOfAgent(folder)) return undefined;
  }
  return undefined;
};

/** By what git goes by, whatever its name is. */
const gitFolderAround = (cwd: string): string | undefined => {
  for (let folder = cwd; folder !== '/'; folder = dirname(folder)) {
    const has = (name: string): boolean => existsSync(join(folder, name));
    if (has('HEAD') && (has('commondir') || (has('objects') && has('refs')))) return folder;
  }
  return undefined;
};
