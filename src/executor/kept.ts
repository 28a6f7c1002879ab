/** Folders that no program of a sandbox may have for its own: what stays as it is would not, where it holds that folder. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isWorktreeOfAgent, SETTINGS } from '../names/agent-worktree.ts';
import { isWithin } from '../text/is-within.ts';
import type { LinkedConfigs } from './guarded/secret-places.ts';

/** Why not; undefined: it may. `obeyed`: a folder around it that settings of agents lead to. All absolute and without links. */
export const whyKept = (cwd: string, kept: readonly string[], obeyed?: string): string | undefined => {
  const around = kept.find((path) => isWithin(cwd, path));
  if (around !== undefined) return `${around} is to stay as it is`;
  const settings = settingsAround(cwd);
  if (settings !== undefined) return `agents or version control obey what lies in ${settings}`;
  if (obeyed !== undefined)
    return `settings of agents lead to ${obeyed} by a link, and agents obey what lies there`;
  const folder = gitFolderAround(cwd);
  return folder === undefined ? undefined : `${folder} is a git folder, and git runs what lies in there`;
};

/** The same by where links of koubou's homes lead. What is not there could be made in `top`, and what is a link be turned round. */
export const whyConfig = (cwd: string, top: string, { places, ways }: LinkedConfigs): string | undefined => {
  const around = places.find((path) => isWithin(cwd, path));
  if (around !== undefined) return `a home of koubou has its config in ${around}, by a link`;
  // A folder that is there is hidden with all that may come into it.
  const hidden = places.filter(existsSync);
  const isOpen = (path: string): boolean =>
    path !== top && isWithin(path, top) && !hidden.some((folder) => isWithin(path, folder));
  const way = ways.find(isOpen);
  if (way !== undefined) return `the way to the config of a home of koubou goes through ${way}`;
  const missing = places.find(isOpen);
  return missing === undefined
    ? undefined
    : `a home of koubou has its config in ${missing}, by a link, and it is not there: what made it would be the config`;
};

/** The same by links to keys: who turns one round says who may log in. `ways`: of waysToKeys. */
export const whyKeys = (top: string, ways: readonly string[]): string | undefined => {
  const way = ways.find((path) => path !== top && isWithin(path, top));
  return way === undefined ? undefined : `the way to keys or logins of yours goes through ${way}`;
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
