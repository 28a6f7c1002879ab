/**
 * What a confined program may do with git: read. Whatever stands in a git folder is obeyed or believed by the user's next git
 * (hooks, settings, an index, refs, objects, the state of a merge), and no look afterwards tells a forgery from work. So it is
 * read-only, also to a `git commit`: koubou keeps what was done, as files or on the branch of the task.
 */
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { field, say } from '../../say/say.ts';

export interface GitPlaces {
  /** The top of the work tree. */
  top: string;
  /** All may write there, as to /tmp: anybody could have made it a work tree. */
  isOpenToAll: boolean;
  /** Its `.git` is a link. */
  isLink: boolean;
  /** Stay as they are. */
  protected: string[];
  /** To be seen also where the program gets an empty folder of its own in the place of one around it, as for /tmp. */
  readable: string[];
}

/** Whoever may write beside it can put another one in its place, and no mount lies over a link. */
export const linkedGit = (cwd: string, top: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `No program of a sandbox may work in ${cwd}: ${join(top, '.git')} is a link, which nothing can hold.`,
    {
      hint: say`Delegate with ${field('worktree')}, or put a file in its place that says "gitdir: " and where it leads.`,
    },
  );

/** null: no work tree lies around the folder. Absolute, without symbolic links. */
export const gitPlaces = async (cwd: string): Promise<GitPlaces | null> => {
  for (let top = cwd; ; top = dirname(top)) {
    const dotGit = join(top, '.git');
    const found = await lstat(dotGit).catch(() => undefined);
    if (found !== undefined) {
      const elsewhere = found.isFile() ? await namedBy(top, dotGit) : [];
      const isOpenToAll = ((await lstat(top)).mode & 0o002) !== 0;
      return {
        top,
        isOpenToAll,
        isLink: found.isSymbolicLink(),
        protected: [dotGit, ...elsewhere],
        readable: elsewhere,
      };
    }
    if (dirname(top) === top) return null;
  }
};

/**
 * The .git of a linked work tree or a submodule is a file that names a folder. Whoever made the files here may have written any
 * name into it, so the folder has to name this work tree too; of others nothing is shown that would not be seen anyway.
 */
const namedBy = async (top: string, dotGit: string): Promise<string[]> => {
  const named = /^gitdir: (.+)$/m.exec(await textOf(dotGit))?.[1];
  const folder = named === undefined ? undefined : await real(resolve(top, named));
  if (folder === undefined) return [];
  const back = (await textOf(join(folder, 'gitdir'))).trim();
  if (back !== '' && (await real(resolve(folder, back))) === dotGit) {
    const common = await real(resolve(folder, (await textOf(join(folder, 'commondir'))).trim()));
    return common !== undefined && dirname(folder) === join(common, 'worktrees') ? [common] : [];
  }
  const worktree = /^\s*worktree\s*=\s*(.+?)\s*$/m.exec(await textOf(join(folder, 'config')))?.[1];
  return worktree !== undefined && (await real(resolve(folder, worktree))) === top ? [folder] : [];
};

const MOST_BYTES = 1024 * 1024;

/** Empty where there is none. */
const textOf = async (path: string): Promise<string> => {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MOST_BYTES) return '';
  return readFile(path, 'utf8').catch(() => '');
};

const real = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);
