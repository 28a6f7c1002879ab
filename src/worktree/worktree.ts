/**
 * A git worktree of its own for each run, under the home's worktrees/ID, on the branch koubou/ID. A run always
 * begins with a fresh one: what an earlier run of the task left there is in that run's patch.
 */
import { lstat, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { type GitPlace, git, gitLine, gitOutput } from '../process/git.ts';
import { forgetWorktree, type WorktreeRecord, worktreesFolder, writeWorktree } from './record.ts';

type Environment = Readonly<Record<string, string>>;

export interface WorktreeWish {
  home: string;
  id: string;
  /** Absolute: a folder of the repository. */
  cwd: string;
  /** Ignored files of the repository that the work needs, relative to its top. */
  link: readonly string[];
  environment: Environment;
}

export interface Worktree {
  record: WorktreeRecord;
  /** The folder in the worktree that stands for the task's own. */
  cwd: string;
}

export interface Origin {
  repository: string;
  /** The folder within it; empty at its top. */
  prefix: string;
  head: string;
}

/** The repository around a folder. Throws `usage` where there is none, or nothing was ever committed. */
export const originOf = async (place: GitPlace): Promise<Origin> => {
  const found = await git(place, ['rev-parse', '--show-toplevel', '--show-prefix']);
  const [repository, prefix = ''] = found.stdout.toString('utf8').split('\n');
  if (found.code !== 0 || !repository) {
    throw new KoubouError('usage', `--worktree needs a git repository, and ${place.folder} is in none.`, {
      hint: 'Leave --worktree out, or make one with `git init` and a first commit.',
    });
  }
  const head = await git(place, ['rev-parse', '--verify', '-q', 'HEAD^{commit}']);
  if (head.code !== 0) {
    throw new KoubouError('usage', `--worktree begins at the last commit, and ${repository} has none.`, {
      hint: 'Commit something first, or leave --worktree out.',
    });
  }
  return { repository, prefix: prefix.replace(/\/$/, ''), head: head.stdout.toString('utf8').trim() };
};

const branchOf = (id: string): string => `koubou/${id}`;

/** Throws `usage` with git's words where it cannot be made. */
export const makeWorktree = async ({ home, id, cwd, link, environment }: WorktreeWish): Promise<Worktree> => {
  const { repository, prefix, head } = await originOf({ folder: cwd, environment });
  await mkdir(worktreesFolder(home), { recursive: true, mode: 0o700 });
  const path = join(await realpath(worktreesFolder(home)), id);
  const record: WorktreeRecord = {
    version: 1,
    task_id: id,
    repository,
    branch: branchOf(id),
    base: head,
    path,
    links: [...link],
    state: 'open',
  };
  const place = { folder: repository, environment };
  await removeFolder(place, path);
  await writeWorktree(home, record);
  await gitOutput(place, ['worktree', 'add', '--quiet', '--force', '-B', record.branch, path, head]);
  await requireOwn({ folder: path, environment });
  await linkIgnored(record, place);
  const folder = join(path, prefix);
  await mkdir(folder, { recursive: true });
  return { record, cwd: folder };
};

/** A run in a folder that only seems to be a worktree would work on the repository around it. */
const requireOwn = async (place: GitPlace): Promise<void> => {
  const top = await gitLine(place, ['rev-parse', '--show-toplevel']);
  if (top === place.folder) return;
  throw new KoubouError('internal', `${place.folder} should be a worktree, but git takes it for ${top}.`);
};

const linkIgnored = async ({ path, links }: WorktreeRecord, place: GitPlace): Promise<void> => {
  for (const name of links) {
    const source = join(place.folder, name);
    const target = join(path, name);
    if (!(await exists(source)) || (await exists(target))) continue;
    if ((await git(place, ['check-ignore', '-q', '--', name])).code !== 0) continue;
    await mkdir(dirname(target), { recursive: true });
    await symlink(source, target);
  }
};

/** Makes `tree` the branch's last commit, on top of whatever the run committed itself. */
export const commitWorktree = async (
  { path, branch }: WorktreeRecord,
  { tree, message, environment }: { tree: string; message: string; environment: Environment },
): Promise<void> => {
  const place = { folder: path, environment };
  const head = await gitLine(place, ['rev-parse', 'HEAD']);
  const same = (await gitLine(place, ['rev-parse', 'HEAD^{tree}'])) === tree;
  const commit = same
    ? head
    : await gitLine(place, ['commit-tree', tree, '-p', head, '-F', '-'], {
        input: message,
        variables: {
          GIT_AUTHOR_NAME: 'koubou',
          GIT_AUTHOR_EMAIL: 'koubou@localhost',
          GIT_COMMITTER_NAME: 'koubou',
          GIT_COMMITTER_EMAIL: 'koubou@localhost',
        },
      });
  await gitOutput(place, ['update-ref', '-m', 'koubou', `refs/heads/${branch}`, commit]);
  await gitOutput(place, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
  await gitOutput(place, ['read-tree', commit]);
};

/** Whether it was removed: not while it holds anything that is in no commit. */
export const removeIfClean = async (record: WorktreeRecord, environment: Environment): Promise<boolean> => {
  const place = { folder: record.path, environment };
  await unlink(record);
  const status = await git(place, ['status', '--porcelain', '--ignore-submodules=all']);
  if (status.code !== 0 || status.stdout.length > 0) return false;
  await removeFolder({ folder: record.repository, environment }, record.path);
  return true;
};

/** Removes the worktree, its branch and what is known of it, also where the repository has gone. */
export const discardWorktree = async (
  home: string,
  record: WorktreeRecord,
  environment: Environment,
): Promise<void> => {
  const place = { folder: record.repository, environment };
  await unlink(record);
  await removeFolder(place, record.path);
  // What an apply that was killed left.
  await rm(`${record.path}.apply`, { recursive: true, force: true });
  await git(place, ['branch', '-D', record.branch]);
  await forgetWorktree(home, record.task_id);
};

/** What is linked is the repository's own, and must not go with the worktree. */
const unlink = async ({ path, links }: WorktreeRecord): Promise<void> => {
  for (const name of links) {
    const facts = await lstat(join(path, name)).catch(() => undefined);
    if (facts?.isSymbolicLink()) await rm(join(path, name));
  }
};

const removeFolder = async (repository: GitPlace, path: string): Promise<void> => {
  if (await exists(path)) await git(repository, ['worktree', 'remove', '--force', '--force', path]);
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
};

const exists = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => undefined)) !== undefined;
