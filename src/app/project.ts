/**
 * The project that a caller works in, which an agent may not leave: the folder that holds the home, and the git work
 * tree of the folder that the command was typed in. Paths are judged by where their links lead.
 */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Variables } from '../config/environment.ts';
import { userHome } from '../config/paths.ts';
import { keyFolders } from '../process/homes/key-folders.ts';
import { homesOf } from '../process/homes/registered-homes.ts';
import { homeAround } from '../text/home-name.ts';
import { isWithin } from '../text/is-within.ts';

export interface Project {
  has: (path: string) => boolean;
  /** The folders that it is made of, without links. */
  tops: readonly string[];
  /** Whether the folder is a user's own, or holds it: programs that may write there could change what a login runs. */
  isTooWide: (folder: string) => boolean;
}

export const projectOf = (where: { home: string; cwd: string; environment: Variables }): Project => {
  const cwd = realOf(where.cwd);
  const user = realOf(userHome(where.environment));
  const isTooWide = (folder: string): boolean => isWithin(user, folder);
  const found = [realOf(dirname(where.home)), workTreeOf(cwd) ?? cwd].filter(
    (root) => isWithin(cwd, root) && !isTooWide(root),
  );
  // ~/.koubou serves every folder: then the folder itself is the project.
  const roots = found.length > 0 || isTooWide(cwd) ? found : [cwd];
  const own = realOf(where.home);
  const worktrees = join(own, 'worktrees');
  const [name] = isWithin(cwd, worktrees) ? cwd.slice(worktrees.length + 1).split(sep) : [];
  const ownWorktree = name ? join(worktrees, name) : undefined;
  const homes = homesOf({ home: own, keys: keyFolders(where.environment) });
  const others = { ...homes, places: homes.places.filter((home) => realOf(home) !== own) };
  // Keys, other tasks with their work trees, and the config lie there.
  const isInHome = (real: string): boolean => {
    const isOwn = ownWorktree !== undefined && isWithin(real, ownWorktree);
    return (isOwn ? homeAround(real, others, worktrees) : homeAround(real, homes)) !== undefined;
  };
  const has = (path: string): boolean => {
    const real = realOf(path);
    if (isInHome(real)) return false;
    if (roots.some((root) => isWithin(real, root))) return true;
    // Who works in the user's own folder works there, but not in what shells and programs read of it.
    return cwd === user && isWithin(real, user) && !real.slice(user.length + 1).startsWith('.');
  };
  return { has, tops: roots, isTooWide: (folder) => isTooWide(realOf(folder)) };
};

/** In a folder that all may write to, as /tmp, anybody could draw the border. */
export const workTreeOf = (start: string): string | undefined => {
  for (let folder = start; ; folder = dirname(folder)) {
    if (linkOf(join(folder, '.git')) !== undefined && !isOpenToAll(folder)) return folder;
    if (dirname(folder) === folder) return undefined;
  }
};

const isOpenToAll = (folder: string): boolean => (lstatSync(folder).mode & 0o002) !== 0;

/** As the kernel has it. */
const MOST_LINKS = 40;

/** Where the path leads, also where nothing is there yet: as the one who makes it would be led. */
export const realOf = (path: string, links = 0): string => {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    if (folder === path) return path;
    const target = linkOf(path);
    if (target === undefined || target === '' || links >= MOST_LINKS)
      return join(realOf(folder, links), basename(path));
    return realOf(resolve(realOf(folder, links), target), links + 1);
  }
};

/** What a link says; empty for what is there and is none; undefined where nothing is. */
const linkOf = (path: string): string | undefined => {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : '';
  } catch {
    return undefined;
  }
};
