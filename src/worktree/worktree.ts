/**
 * A git worktree of its own for each run, under the home's worktrees/ID, on the branch koubou/ID. A run always
 * begins with a fresh one: what an earlier run of the task left there is in that run's patch.
 */
import { lstat, mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { type GitPlace, git, gitLine, gitOutput, pathIn } from '../process/git.ts';
import { removeOddEntries } from '../process/odd-entries.ts';
import { ownGit } from '../process/own-git.ts';
import { findRepository, isRepository, type NoRepository, type Repository } from '../process/repository.ts';
import { folderWithin } from './folder-within.ts';
import { requireGenuine } from './genuine.ts';
import { leaveOutHomes, refuseHomes } from './homes.ts';
import { linkable, makeLinks } from './links.ts';
import {
  branchesOf,
  headNameOf,
  ownGitFolder,
  placeOf,
  repositoryOf,
  SCRATCH,
  type WorktreeRecord,
  worktreesFolder,
  writeWorktree,
} from './record.ts';
import { removeFolders } from './remove.ts';
import { unblockWorktrees } from './unblock.ts';

type Environment = Readonly<Record<string, string>>;

export interface WorktreeWish {
  home: string;
  id: string;
  /** Absolute: a folder of the repository. */
  cwd: string;
  /** Ignored files of the repository that the work needs, relative to its top. */
  link: readonly string[];
  environment: Environment;
  /** Ends a git that runs. */
  signal?: AbortSignal | undefined;
  /** Rejects where the task is another worker's by now: then nothing that may be the other's is replaced. */
  requireHeld: () => Promise<void>;
}

export interface Worktree {
  record: WorktreeRecord;
  /** The folder in the worktree that stands for the task's own. */
  cwd: string;
}

export interface Origin {
  repository: Repository;
  head: string;
}

/** The repository around a folder. Throws `usage` where there is none, or nothing was ever committed. */
export const originOf = async (place: GitPlace): Promise<Origin> => {
  const found = await findRepository(place);
  if (!isRepository(found)) throw notThere(place.folder, found);
  return { repository: found, head: await headOf(place) };
};

const notThere = (folder: string, { why, words }: NoRepository): KoubouError => {
  if (why === 'none') {
    return new KoubouError('usage', `--worktree needs a git repository, and ${folder} is in none.`, {
      hint: 'Leave --worktree out, or make one with `git init` and a first commit.',
    });
  }
  if (why === 'owner') {
    return new KoubouError(
      'usage',
      `git does not use the repository at ${folder}, because it has another owner: ${words}`,
      {
        hint: 'Where you trust it: git config --global --add safe.directory FOLDER. koubou never says so itself.',
      },
    );
  }
  return new KoubouError('usage', `--worktree needs a git work tree, and ${folder} has none: ${words}`, {
    hint: 'Leave --worktree out, or try `git status` there.',
  });
};

/** The commit that is checked out. Throws `usage` where there is none yet. */
const headOf = async (place: GitPlace): Promise<string> => {
  const head = await commitAt(place, 'HEAD');
  if (head !== undefined) return head;
  throw new KoubouError('usage', `A worktree belongs to a commit, and ${place.folder} has none.`, {
    hint: 'Commit something first.',
  });
};

/** The id of a commit, by a name. */
export const commitAt = async (place: GitPlace, name: string): Promise<string | undefined> => {
  const found = await git(place, ['rev-parse', '--verify', '-q', '--end-of-options', `${name}^{commit}`]);
  return found.code === 0 ? found.stdout.toString('utf8').trim() : undefined;
};

/** Throws `usage` with git's words where it cannot be made. */
export const makeWorktree = async (wish: WorktreeWish): Promise<Worktree> => {
  const { home, id, cwd, link, environment, requireHeld, signal } = wish;
  const { repository, head } = await originOf({ folder: cwd, environment, signal });
  await mkdir(worktreesFolder(home), { recursive: true, mode: 0o700 });
  const place = { folder: repository.top, environment, signal };
  const path = join(await realpath(worktreesFolder(home)), id);
  const scratch = `${path}${SCRATCH}`;
  try {
    const record: WorktreeRecord = {
      version: 1,
      task_id: id,
      repository: repository.top,
      git_folder: repository.commonFolder,
      branch: await freeBranch(place, id),
      base: head,
      path,
      links: await linkable(place, { repository, scratch, names: link }),
      only_there: [],
      state: 'open',
    };
    await requireHeld();
    await writeWorktree(home, record);
    await removeFolders(record);
    // Left by a git that was killed; nobody else's, as the branch is the task's own.
    await rm(join(record.git_folder, 'refs', 'heads', `${record.branch}.lock`), { force: true });
    await unblockWorktrees(record.git_folder);
    await requireHeld();
    // The run has no branch checked out: what an agent may write to the branches of the repository, it may write to all.
    const add = ['worktree', 'add', '--quiet', '--no-checkout', '--force', '--detach'];
    await gitOutput(place, [...add, record.path, head]);
    await moveBranch(place, record, head);
    await requireOwn(record);
    await checkOut(record, repository, { scratch, environment, signal });
    await makeLinks(record);
    const folder = await folderWithin(record.path, repository.prefix);
    if (folder !== undefined) return { record, cwd: folder };
    throw new KoubouError('usage', `In the last commit a file or a link lies where ${cwd} is a folder.`, {
      hint: 'Commit the folder first, or delegate with another --cwd.',
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** Where a branch `koubou` is in the way, git can have none below that name. */
const freeBranch = async (place: GitPlace, id: string): Promise<string> => {
  const [usual = '', other = ''] = branchesOf(id);
  const above = `refs/heads/${usual.slice(0, usual.indexOf('/'))}`;
  // A file system may not tell them apart where git does.
  const listed = await gitLine(place, ['for-each-ref', '--ignore-case', '--format=%(refname)', above]);
  return listed.split('\n').some((name) => name.toLowerCase() === above) ? other : usual;
};

/**
 * Puts the files of the commit into a new worktree: as git has them, without filters, and without homes that somebody
 * committed. The latter stay in the index as files that are left out, so that no git takes them for removed.
 */
const checkOut = async (
  record: WorktreeRecord,
  repository: Repository,
  {
    scratch,
    environment,
    signal,
  }: { scratch: string; environment: Environment; signal: AbortSignal | undefined },
): Promise<void> => {
  const asking = { folder: repository.top, environment, signal };
  // What the user leaves out of the work tree that it comes from is left out of this one.
  const wish = {
    path: scratch,
    repository: { ...repository, top: record.path },
    objects: { in: 'repository' },
  } as const;
  const place = { ...(await ownGit(asking, wish)), folder: record.path };
  const variables = { GIT_INDEX_FILE: join(ownGitFolder(record), 'index') };
  await gitOutput(place, ['read-tree', '--reset', '-u', record.base], { variables });
  const homes = await leaveOutHomes(place, variables);
  for (const name of homes) await rm(pathIn(record.path, name), { recursive: true, force: true });
};

/** A run in a folder that only seems to be a worktree would work on the repository around it. */
const requireOwn = async (record: WorktreeRecord): Promise<void> => {
  const [there, back] = await Promise.all([
    readFile(join(record.path, '.git'), 'utf8'),
    readFile(join(ownGitFolder(record), 'gitdir'), 'utf8'),
  ]);
  if (there === `gitdir: ${ownGitFolder(record)}\n` && back === `${record.path}/.git\n`) return;
  throw new KoubouError('internal', `${record.path} should be a worktree, but its .git says ${there}`);
};

/**
 * Makes `tree` the branch's last commit, on top of whatever the run committed itself. Throws `home_in_changes` where that
 * has any part of a home.
 */
export const commitWorktree = async (
  record: WorktreeRecord,
  {
    tree,
    message,
    environment,
    requireHeld,
  }: { tree: string; message: string } & Pick<WorktreeWish, 'environment' | 'requireHeld'>,
): Promise<void> => {
  const asking = placeOf(record, environment);
  const scratch = `${record.path}${SCRATCH}`;
  try {
    const repository = repositoryOf(record);
    const made = await ownGit(asking, { path: scratch, repository, objects: { in: 'repository' } });
    const place = { ...made, folder: record.path };
    // An agent may have left it on a branch without a commit.
    const head = (await commitAt(asking, headNameOf(record))) ?? record.base;
    await refuseHomes(place, record, head);
    const same = (await treeOf(place, head)) === tree;
    const commit = same
      ? head
      : await gitLine(place, ['commit-tree', tree, '-p', head, '-F', '-'], {
          input: message,
          variables: AUTHOR,
        });
    await requireGenuine(place, record, commit);
    await requireHeld();
    await removeLinksOfGit(record);
    await moveBranch(asking, record, commit);
    await gitOutput(asking, ['symbolic-ref', headNameOf(record), `refs/heads/${record.branch}`]);
    const variables = { GIT_INDEX_FILE: join(ownGitFolder(record), 'index') };
    await gitOutput(place, ['read-tree', commit], { variables });
    await leaveOutHomes(place, variables);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** The branch itself: one that an agent made a name of another branch would move that one. */
const moveBranch = async (place: GitPlace, { branch }: WorktreeRecord, commit: string): Promise<void> => {
  await gitOutput(place, ['update-ref', '--no-deref', '-m', 'koubou', `refs/heads/${branch}`, commit]);
};

/** git writes its index and its logs also through a link that leads elsewhere. */
const removeLinksOfGit = async (record: WorktreeRecord): Promise<void> => {
  await removeOddEntries(ownGitFolder(record));
  const log = join(record.git_folder, 'logs', 'refs', 'heads', record.branch);
  const facts = await lstat(log).catch(() => undefined);
  if (facts !== undefined && !facts.isFile()) await rm(log, { recursive: true, force: true });
};

const AUTHOR = {
  GIT_AUTHOR_NAME: 'koubou',
  GIT_AUTHOR_EMAIL: 'koubou@localhost',
  GIT_COMMITTER_NAME: 'koubou',
  GIT_COMMITTER_EMAIL: 'koubou@localhost',
};

const treeOf = async (place: GitPlace, commit: string): Promise<string> =>
  (await gitLine(place, ['rev-parse', '--verify', `${commit}^{tree}`])).trim();
