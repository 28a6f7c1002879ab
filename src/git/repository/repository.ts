/** Which repository a folder lies in, and whether that one is its own. */
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { readTextFile } from '../../text/formats/read-text.ts';
import { git, gitLine, lacksGit } from '../git.ts';
import { type GitPlace } from '../place.ts';

/** Absolute and real paths. */
export interface Repository {
  /** The top of the work tree. */
  top: string;
  /** The folder within it; empty at its top. */
  prefix: string;
  /** Of this work tree. */
  gitFolder: string;
  /** What all work trees of the repository share. */
  commonFolder: string;
}

/** Why git has no repository there, in its words or ours; `none`: there simply is none; `no_git`: it could not be asked. */
export interface NoRepository {
  why: 'none' | 'owner' | 'no_git' | 'other';
  words: string;
}

/**
 * The repository around a folder, where its work tree is the one that the folder's own `.git` belongs to. A `.git` or
 * `core.worktree` that names somebody else's folder is a way into it, and a bare repository among the files is data.
 */
export const findRepository = async (place: GitPlace): Promise<Repository | NoRepository> => {
  const inside = await git(place, ASKED);
  if (inside.code !== 0) {
    const why = lacksGit(inside, place) ? 'no_git' : reasonOf(inside.stderr);
    return { why, words: firstLine(inside.stderr) };
  }
  const [top = '', gitFolder = '', commonFolder = ''] = await answersIn(
    place,
    inside.stdout.toString('utf8'),
  );
  const prefix = relative(top, await real(place.folder));
  const named = await namedGitFolder(top);
  if (prefix === '..' || prefix.startsWith('../') || named !== gitFolder) {
    return other(`its settings name ${top} as their work tree, which is not where its .git lies.`);
  }
  const owner = await ownerOf(place, top, gitFolder);
  if (owner !== undefined) {
    return other(
      `its .git leads to that of ${owner}. Where both belong together, \`git config core.worktree ${top}\` says so.`,
    );
  }
  if (commonFolder !== gitFolder && dirname(gitFolder) !== join(commonFolder, 'worktrees')) {
    return other(`its .git takes its branches and objects from ${commonFolder}, of which it is no worktree.`);
  }
  return { top, prefix, gitFolder, commonFolder };
};

const ASKED = ['rev-parse', '--path-format=absolute', '--show-toplevel', '--git-dir', '--git-common-dir'];

/** A path may hold newlines: then each has to be asked for alone. */
const answersIn = async (place: GitPlace, printed: string): Promise<string[]> => {
  const lines = printed.replace(/\n$/, '').split('\n');
  const answers =
    lines.length === 3
      ? lines
      : await Promise.all(ASKED.slice(2).map((asked) => gitLine(place, [...ASKED.slice(0, 2), asked])));
  return Promise.all(answers.map(real));
};

export const isRepository = (found: Repository | NoRepository): found is Repository => 'top' in found;

const other = (words: string): NoRepository => ({ why: 'other', words });

/** Of git itself there are only words. */
const reasonOf = (stderr: string): NoRepository['why'] => {
  if (stderr.includes('dubious ownership') || stderr.includes('unsafe repository')) return 'owner';
  return stderr === '' || stderr.includes('not a git repository') ? 'none' : 'other';
};

const firstLine = (words: string): string => words.replace(/^fatal: /, '').split('\n', 1)[0] ?? '';

/** What the `.git` of a work tree is, or says. */
const namedGitFolder = async (top: string): Promise<string | undefined> => {
  const path = join(top, '.git');
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) return undefined;
  if (!facts.isFile()) return real(path);
  const said = /^gitdir: ([\s\S]*?)[\r\n]*$/.exec(read(path) ?? '')?.[1];
  return said === undefined ? undefined : real(resolve(top, said));
};

/** The other folder that a git folder belongs to; undefined: to this one, or to none in particular. */
const ownerOf = async (place: GitPlace, top: string, gitFolder: string): Promise<string | undefined> => {
  if (gitFolder === join(top, '.git')) return undefined;
  const back = read(join(gitFolder, 'gitdir'));
  if (back !== undefined) {
    // A worktree that was moved by hand is found by git as well; only one that is still there is somebody's.
    const linked = resolve(gitFolder, back.replace(/\n$/, ''));
    const there = await lstat(linked).catch(() => undefined);
    return there === undefined || (await real(dirname(linked))) === top ? undefined : dirname(linked);
  }
  const { stdout, code } = await git(place, ['config', '--file', join(gitFolder, 'config'), 'core.worktree']);
  if (code === 0) {
    const told = resolve(gitFolder, stdout.toString('utf8').replace(/\n$/, ''));
    return (await real(told)) === top ? undefined : told;
  }
  return basename(gitFolder) === '.git' ? dirname(gitFolder) : undefined;
};

const read = (path: string): string | undefined => {
  try {
    return readTextFile(path);
  } catch {
    return undefined;
  }
};

const real = (path: string): Promise<string> => realpath(path).catch(() => path);
