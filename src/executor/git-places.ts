/**
 * What a confined program may change of git's own files, so that it can commit, and what not: whatever git reads there
 * as a command (hooks, settings, which folder it takes for its own) would be run by the user's next git.
 */
import { lstat, mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { linkIn, NameRefused } from '../names/walk.ts';
import { isStandIn } from './stand-in.ts';

export interface GitPlaces {
  /** The top of the work tree. */
  top: string;
  writable: string[];
  /** To be seen also where the program gets an empty folder of its own in the place of one around it, as for /tmp. */
  readable: string[];
  protected: string[];
  /** Not there now, and to be taken away if they come. */
  unwanted: string[];
  /** Of the writable: those through whose links the user's next git would write elsewhere. */
  folders: string[];
}

/** Within a git folder: settings, and what leads git elsewhere. */
const GUARDED = [
  'hooks',
  'config',
  'config.worktree',
  'info',
  'commondir',
  'gitdir',
  'objects/info',
  'modules',
  'worktrees',
  'rebase-merge',
  'remotes',
  'branches',
];
/** Folders that git itself makes; without them one could be made with anything in it. */
const MADE = ['hooks', 'info', 'objects/info', 'modules', 'worktrees'];
/**
 * The steps of a rebase (`rebase-merge`) may be commands, which the next `git rebase --continue` runs. `remotes` and
 * `branches` are settings of an older form: a server that the next `git push` goes to.
 */
const UNWANTED = ['commondir', 'config.worktree', 'gitdir', 'rebase-merge', 'remotes', 'branches'];

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
  unwanted: [],
  folders: [],
});

const ownFolder = async (top: string, folder: string): Promise<GitPlaces> => {
  if (leadsAway(join(folder, 'objects'))) return readOnly(top, folder);
  for (const name of MADE) await mkdir(join(folder, name)).catch(() => undefined);
  const kinds = await Promise.all(GUARDED.map((name) => kindOf(join(folder, name))));
  // A link cannot be mounted over, so it could be replaced; and a whole folder that has another's name is none of git's.
  const hasCommon = kinds[GUARDED.indexOf('commondir')] !== 'missing';
  if (kinds.includes('link') || (hasCommon && !(await isStandIn(join(folder, 'commondir')))))
    return readOnly(top, folder);
  if (await hasOwnSettings(folder)) return readOnly(top, folder);
  return {
    top,
    writable: [folder],
    readable: [],
    protected: GUARDED.map((name) => join(folder, name)),
    unwanted: UNWANTED.map((name) => join(folder, name)),
    folders: [folder],
  };
};

/** With extensions.worktreeConfig git reads a second file of settings, which anybody could make. */
const hasOwnSettings = async (folder: string): Promise<boolean> =>
  /worktreeconfig/i.test(await textOf(join(folder, 'config'))) &&
  (await kindOf(join(folder, 'config.worktree'))) === 'missing';

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

const UNWANTED_OF_LINKED = ['config', 'config.worktree', 'hooks', 'info', 'rebase-merge'];

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
    protected: [
      dotGit,
      ...kept,
      ...['commondir', 'gitdir', ...UNWANTED_OF_LINKED].map((name) => join(folder, name)),
    ],
    unwanted: UNWANTED_OF_LINKED.map((name) => join(folder, name)),
    folders: [folder, ...folders, join(common, 'objects')],
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
