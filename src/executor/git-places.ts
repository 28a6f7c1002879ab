/**
 * What a confined program may change of git's own files, so that it can commit, and what not: whatever git reads there
 * as a command (hooks, settings, which folder it takes for its own) would be run by the user's next git.
 */
import { lstat, mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { linkIn, NameRefused } from '../names/walk.ts';
import type { WorkedIn } from './executor.ts';
import { isWorkedOn } from './git-folder.ts';
import { isStandIn, standInsOf } from './stand-in.ts';

export interface GitPlaces {
  /** The top of the work tree. */
  top: string;
  writable: string[];
  /** To be seen also where the program gets an empty folder of its own in the place of one around it, as for /tmp. */
  readable: string[];
  protected: string[];
  /** Not there now; something harmless is to lie there meanwhile. */
  standIns: string[];
  /** Of the writable: in these is judged what came when the program has ended (git-folder.ts). */
  folders: WorkedIn[];
}

/** Folders that git itself makes; without them one could be made with anything in it. */
const MADE = ['hooks', 'info', 'objects/info', 'modules', 'worktrees'];
/** Each costs a mount. */
const MOST_GUARDED = 100;

/** null: no work tree lies around the folder. Absolute, without symbolic links. */
export const gitPlaces = async (cwd: string): Promise<GitPlaces | null> => {
  for (let top = cwd; ; top = dirname(top)) {
    const dotGit = join(top, '.git');
    const found = await lstat(dotGit).catch(() => undefined);
    if (found?.isDirectory()) return ownFolder(top, dotGit);
    if (found?.isFile()) return (await elsewhere(top, dotGit)) ?? readOnly(top, dotGit);
    if (found !== undefined) return readOnly(top, dotGit);
    if (dirname(top) === top) return null;
  }
};

const readOnly = (top: string, path: string): GitPlaces => ({
  top,
  writable: [],
  readable: [],
  protected: [path],
  standIns: [],
  folders: [],
});

const ownFolder = async (top: string, folder: string): Promise<GitPlaces> => {
  const kept = ['objects', 'refs'].map((name) => join(folder, name));
  if (kept.some(leadsAway)) return readOnly(top, folder);
  for (const name of MADE) await mkdir(join(folder, name)).catch(() => undefined);
  const guarded = await guardedIn(folder);
  const { commondir, locked } = standInsOf(folder);
  // A whole folder that has another's name is none of git's.
  const isOdd = (await kindOf(commondir)) !== 'missing' && !(await isStandIn(commondir));
  if (guarded === undefined || isOdd || (await lacksSettings(folder))) return readOnly(top, folder);
  return {
    top,
    // Mounts of their own, which cannot be moved away: without them it would be no repository.
    writable: [folder, ...kept],
    readable: [],
    protected: [...guarded, join(folder, 'objects', 'info'), commondir],
    standIns: [commondir, locked],
    folders: [{ path: folder, parts: [] }],
  };
};

/** What lies at its top and is not needed for a commit. undefined: it cannot be guarded. */
const guardedIn = async (folder: string): Promise<string[] | undefined> => {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !isWorkedOn(name));
  // A link cannot be mounted over, so it could be replaced.
  if (entries.length > MOST_GUARDED || entries.some((entry) => entry.isSymbolicLink())) return undefined;
  const kept = entries.filter((entry) => entry.isFile() || entry.isDirectory());
  return kept.map(({ name }) => join(folder, name));
};

/** With extensions.worktreeConfig git reads a second file of settings, which anybody could make. */
const lacksSettings = async (folder: string, common = folder): Promise<boolean> =>
  /worktreeconfig/i.test(await textOf(join(common, 'config'))) &&
  (await kindOf(join(folder, SETTINGS))) === 'missing';
const SETTINGS = 'config.worktree';

/**
 * The .git of a linked work tree or a submodule is a file that names a folder. Whoever made the files here may have
 * written any name into it, so the folder has to name this work tree too.
 */
const elsewhere = async (top: string, dotGit: string): Promise<GitPlaces | undefined> => {
  const named = /^gitdir: (.+)$/m.exec(await textOf(dotGit))?.[1];
  if (named === undefined) return undefined;
  const folder = await real(resolve(top, named));
  if (folder === undefined) return undefined;
  const back = (await textOf(join(folder, 'gitdir'))).trim();
  if (back !== '' && (await real(resolve(folder, back))) === dotGit) return linked(top, dotGit, folder);
  const worktree = /^\s*worktree\s*=\s*(.+?)\s*$/m.exec(await textOf(join(folder, 'config')))?.[1];
  if (worktree === undefined || (await real(resolve(folder, worktree))) !== top) return undefined;
  const places = await ownFolder(top, folder);
  return { ...places, protected: [...places.protected, dotGit] };
};

/**
 * Of the shared folder a commit needs the objects and, where a branch is checked out, its place, which is that of its
 * neighbours as well.
 */
const linked = async (top: string, dotGit: string, folder: string): Promise<GitPlaces | undefined> => {
  const common = await real(resolve(folder, (await textOf(join(folder, 'commondir'))).trim()));
  if (common === undefined || dirname(folder) !== join(common, 'worktrees')) return undefined;
  const branch = /^ref: (refs\/heads\/.+)$/m.exec(await textOf(join(folder, 'HEAD')))?.[1];
  const isOnBranch = branch !== undefined && !branch.includes('..');
  const places = isOnBranch ? [branch, `logs/${branch}`] : [];
  const folders = places.map((name) => join(common, dirname(name)));
  const parts = ['objects', 'objects/info', 'objects/pack', 'reftable'].map((name) => join(common, name));
  // Mounted is what a link leads to, and a repository may bring one that leads anywhere.
  if ([folder, ...parts, ...folders].some(leadsAway)) return undefined;
  for (const each of folders) await mkdir(each, { recursive: true }).catch(() => undefined);
  // git takes what a pack says before what lies beside it, and looks at neither: the packs of the user stay as they are.
  const kept = ['info', 'pack'].map((name) => join(common, 'objects', name));
  for (const each of kept) await mkdir(each).catch(() => undefined);
  // An empty one changes nothing, and is guarded like any that is there.
  if (await lacksSettings(folder, common))
    await writeFile(join(folder, SETTINGS), '', { flag: 'wx' }).catch(() => undefined);
  const guarded = await guardedIn(folder);
  if (guarded === undefined || (await lacksSettings(folder, common))) return undefined;
  return {
    top,
    // Where nothing is checked out, a commit needs no branch; and a table of refs holds all of them.
    writable: [
      folder,
      join(common, 'objects'),
      ...(isOnBranch ? [join(common, 'reftable')] : []),
      ...folders,
    ],
    // Of its settings and branches a commit is made.
    readable: [common],
    protected: [dotGit, ...kept, ...guarded],
    standIns: [],
    folders: [{ path: folder, parts: [...folders, join(common, 'objects')] }],
  };
};

/** Whether a link lies at the path or on the way to it. */
const leadsAway = (path: string): boolean => {
  try {
    return linkIn(path) !== undefined;
  } catch (error) {
    if (error instanceof NameRefused) return true;
    throw error;
  }
};

const kindOf = async (path: string): Promise<'missing' | 'link' | 'other'> => {
  const found = await lstat(path).catch(() => undefined);
  return found === undefined ? 'missing' : found.isSymbolicLink() ? 'link' : 'other';
};

const MOST_BYTES = 1024 * 1024;

/** Empty where there is none. */
const textOf = async (path: string): Promise<string> => {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MOST_BYTES) return '';
  return readFile(path, 'utf8').catch(() => '');
};

const real = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);
