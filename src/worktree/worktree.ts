/**
 * A git worktree of its own for each run, under the home's worktrees/ID, on the branch koubou/ID. A run always
 * begins with a fresh one: what an earlier run of the task left there is in that run's patch.
 */
import { mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { type GitPlace, git, gitLine, gitOutput } from '../process/git.ts';
import { linkable, makeLinks } from './links.ts';
import { branchOf, ownGitFolder, type WorktreeRecord, worktreesFolder, writeWorktree } from './record.ts';
import { removeFolders } from './remove.ts';

type Environment = Readonly<Record<string, string>>;

export interface WorktreeWish {
  home: string;
  id: string;
  /** Absolute: a folder of the repository. */
  cwd: string;
  /** Ignored files of the repository that the work needs, relative to its top. */
  link: readonly string[];
  environment: Environment;
  /** Rejects where the task is another worker's by now: then nothing that may be the other's is replaced. */
  requireHeld: () => Promise<void>;
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
  /** As WorktreeRecord.git_folder. */
  gitFolder: string;
  head: string;
}

/** The repository around a folder. Throws `usage` where there is none, or nothing was ever committed. */
export const originOf = async (place: GitPlace): Promise<Origin> => {
  const inside = await git(place, ['rev-parse', '--show-toplevel']);
  if (inside.code !== 0) {
    throw new KoubouError('usage', `--worktree needs a git repository, and ${place.folder} is in none.`, {
      hint: 'Leave --worktree out, or make one with `git init` and a first commit.',
    });
  }
  // One at a time: a path may hold newlines.
  const [repository = '', prefix = '', gitFolder = ''] = await Promise.all(
    ['--show-toplevel', '--show-prefix', '--git-common-dir'].map((asked) =>
      gitLine(place, ['rev-parse', '--path-format=absolute', asked]),
    ),
  );
  return { repository, prefix: prefix.replace(/\/$/, ''), gitFolder, head: await headOf(place) };
};

/** The commit that is checked out. Throws `usage` where there is none yet. */
export const headOf = async (place: GitPlace): Promise<string> => {
  const head = await git(place, ['rev-parse', '--verify', '-q', 'HEAD^{commit}']);
  if (head.code === 0) return head.stdout.toString('utf8').trim();
  throw new KoubouError('usage', `A worktree belongs to a commit, and ${place.folder} has none.`, {
    hint: 'Commit something first.',
  });
};

/** Throws `usage` with git's words where it cannot be made. */
export const makeWorktree = async (wish: WorktreeWish): Promise<Worktree> => {
  const { home, id, cwd, link, environment, requireHeld } = wish;
  const { repository, prefix, gitFolder, head } = await originOf({ folder: cwd, environment });
  await mkdir(worktreesFolder(home), { recursive: true, mode: 0o700 });
  const place = { folder: repository, environment };
  const record: WorktreeRecord = {
    version: 1,
    task_id: id,
    repository,
    git_folder: gitFolder,
    branch: branchOf(id),
    base: head,
    path: join(await realpath(worktreesFolder(home)), id),
    links: await linkable(place, link),
    state: 'open',
  };
  await requireHeld();
  await writeWorktree(home, record);
  await removeFolders(record);
  // Left by a git that was killed; nobody else's, as the branch is the task's own.
  await rm(join(gitFolder, 'refs', 'heads', `${record.branch}.lock`), { force: true });
  await requireHeld();
  await gitOutput(place, ['worktree', 'add', '--quiet', '--force', '-B', record.branch, record.path, head]);
  await requireOwn(record, environment);
  await makeLinks(record);
  const folder = join(record.path, prefix);
  await mkdir(folder, { recursive: true });
  return { record, cwd: folder };
};

/** A run in a folder that only seems to be a worktree would work on the repository around it. */
const requireOwn = async (record: WorktreeRecord, environment: Environment): Promise<void> => {
  const asked = ['rev-parse', '--show-toplevel', '--absolute-git-dir'];
  const found = await gitLine({ folder: record.path, environment }, asked);
  if (found === `${record.path}\n${ownGitFolder(record)}`) return;
  throw new KoubouError('internal', `${record.path} should be a worktree, but git takes it for ${found}.`);
};

/** Makes `tree` the branch's last commit, on top of whatever the run committed itself. */
export const commitWorktree = async (
  record: WorktreeRecord,
  {
    tree,
    message,
    environment,
    requireHeld,
  }: { tree: string; message: string } & Pick<WorktreeWish, 'environment' | 'requireHeld'>,
): Promise<void> => {
  const place = { folder: record.path, gitFolder: ownGitFolder(record), environment };
  const found = await git(place, ['rev-parse', '--verify', '-q', 'HEAD^{commit}']);
  // An agent may have left it on a branch without a commit.
  const head = found.code === 0 ? found.stdout.toString('utf8').trim() : record.base;
  const same = (await gitLine(place, ['rev-parse', `${head}^{tree}`])) === tree;
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
  const branch = `refs/heads/${record.branch}`;
  await requireHeld();
  await gitOutput(place, ['update-ref', '-m', 'koubou', branch, commit]);
  await gitOutput(place, ['symbolic-ref', 'HEAD', branch]);
  await gitOutput(place, ['read-tree', commit]);
};
