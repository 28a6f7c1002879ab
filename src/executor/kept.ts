/** Folders that no program of a sandbox may have for its own: what stays as it is would not, where it holds that folder. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isWorktreeOfAgent, SETTINGS } from '../names/agent-worktree.ts';
import { isWithin } from '../text/is-within.ts';

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

/** The same by where links of koubou's homes lead: `configs`, of linkedConfigs. What is not there could be made in `top`. */
export const whyConfig = (cwd: string, top: string, configs: readonly string[]): string | undefined => {
  const around = configs.find((path) => isWithin(cwd, path));
  if (around !== undefined) return `a home of koubou has its config in ${around}, by a link`;
  // A folder that is there is hidden with all that may come into it.
  const folders = configs.filter(existsSync);
  const missing = configs.find(
    (path) => isWithin(path, top) && !folders.some((folder) => isWithin(path, folder)),
  );
  return missing === undefined
    ? undefined
    : `a home of koubou has its config in ${missing}, by a link, and it is not there: what made it would be the config`;
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
