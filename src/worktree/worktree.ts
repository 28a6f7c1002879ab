/**
 * A git worktree of its own for each run, the home's worktrees/ID.rR, and one branch for all of them, koubou/ID. What an
 * earlier run of the task did is in that run's patch.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { gitLine, gitOutput } from '../git/git.ts';
import { pathIn } from '../git/names.ts';
import { ownGit } from '../git/own-git.ts';
import { type GitPlace } from '../git/place.ts';
import { mendOnce, removeBrokenBranch } from '../git/repository/damage.ts';
import { refuseLinkedFolders } from '../git/repository/linked-folders.ts';
import type { Repository } from '../git/repository/repository.ts';
import { removeTree } from '../names/remove-tree.ts';
import { apartPath } from '../process/homes/apart.ts';
import type { Lease } from '../process/lease.ts';
import { field, say } from '../say/say.ts';
import { moveBranch } from './commit.ts';
import { folderWithin } from './folder-within.ts';
import { leaveOutHomes } from './homes.ts';
import { makeLinked } from './linked.ts';
import { linkable, makeLinks } from './links.ts';
import { leavingNoLocks, removeLocks } from './locks.ts';
import { originOf } from './origin.ts';
import {
  branchesOf,
  ownGitFolder,
  ownWorktrees,
  type SealedHome,
  type WorktreeRecord,
  worktreeName,
  writeWorktree,
} from './record.ts';
import { removeFolders } from './remove.ts';
import { unblockWorktrees } from './repair/unblock.ts';

type Environment = Readonly<Record<string, string>>;

export interface WorktreeOptions extends SealedHome {
  id: string;
  run: number;
  /** Absolute: a folder of the repository. */
  cwd: string;
  /** Ignored files of the repository that the work needs, relative to its top. */
  link: readonly string[];
  environment: Environment;
  /** Nothing that may be another worker's is replaced without it. Its signal ends a git that runs. */
  lease: Lease;
}

export interface Worktree {
  record: WorktreeRecord;
  /** The folder in the worktree that stands for the task's own. */
  cwd: string;
}

/** Throws `conflict` with git's words where it cannot be made. */
export const makeWorktree = async (wish: WorktreeOptions): Promise<Worktree> => {
  const { home, seal, id, run, cwd, link, environment, lease } = wish;
  const { signal, folder: leaseFolder } = lease;
  const { repository, head } = await originOf({ folder: cwd, environment, signal });
  await refuseLinkedFolders(repository.commonFolder);
  await mendOnce(repository.commonFolder);
  const place = { folder: repository.top, environment, signal, leaseFolder };
  const path = join(await ownWorktrees(home), worktreeName(id, run));
  const scratch = await apartPath({ home, seal }, worktreeName(id, run));
  try {
    const record: WorktreeRecord = {
      version: 1,
      task_id: id,
      run,
      repository: repository.top,
      git_folder: repository.commonFolder,
      branch: await freeBranch(place, id),
      base: head,
      path,
      links: await linkable(place, { repository, scratch, names: link }),
      only_there: [],
      state: 'open',
    };
    await lease.assertOwned();
    await writeWorktree({ home, seal }, record, lease);
    await removeFolders(record);
    await lease.assertOwned();
    // Left by a git that was killed; nobody else's, as the branch is the task's own.
    await removeLocks(record);
    await removeBrokenBranch(record.git_folder, record.branch);
    await unblockWorktrees(record.git_folder);
    // The run has no branch checked out: what an agent may write to the branches of the repository, it may write to all.
    await makeLinked(place, record);
    await leavingNoLocks(record, lease, () =>
      moveBranch(place, record, { from: undefined, to: head, lease }),
    );
    await requireOwn(record);
    await checkOut(place, record, { repository, scratch });
    await makeLinks(record);
    const folder = await folderWithin(record.path, repository.prefix);
    if (folder !== undefined) return { record, cwd: folder };
    throw new KoubouError('conflict', `In the last commit a file or a link lies where ${cwd} is a folder.`, {
      hint: say`Commit the folder first, or delegate with another ${field('cwd')}.`,
    });
  } finally {
    await removeTree(scratch);
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
  asking: GitPlace,
  record: WorktreeRecord,
  { repository, scratch }: { repository: Repository; scratch: string },
): Promise<void> => {
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
  for (const name of homes) await removeTree(pathIn(record.path, name), { from: record.path });
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
