/** What a run did, as commits on the branch of its task. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { git, gitLine, gitOutput } from '../git/git.ts';
import { ownGit } from '../git/own-git.ts';
import { type GitPlace } from '../git/place.ts';
import { refuseLinkedFolders } from '../git/repository/linked-folders.ts';
import { removeOddEntries } from '../git/repository/odd-entries.ts';
import { removeTree } from '../names/remove-tree.ts';
import { apartPath } from '../process/homes/apart.ts';
import type { Lease } from '../process/lease.ts';
import { syncObjects, syncRefs } from './durable.ts';
import { requireGenuine } from './genuine.ts';
import { leaveOutHomes, refuseHomes } from './homes.ts';
import { leavingNoLocks } from './locks.ts';
import { commitAt } from './origin.ts';
import {
  headNameOf,
  nameOf,
  ownGitFolder,
  placeOf,
  repositoryOf,
  type SealedHome,
  type WorktreeRecord,
  writeWorktree,
} from './record.ts';

type Environment = Readonly<Record<string, string>>;

/**
 * Makes `tree` the branch's last commit, on top of whatever the run committed itself. Resolves with the record, which says
 * so. Throws `home_in_changes` where that has any part of a home.
 */
export const commitWorktree = async (
  record: WorktreeRecord,
  {
    tree,
    message,
    environment,
    lease,
    ...own
  }: SealedHome & {
    tree: string;
    message: string;
    environment: Environment;
    lease: Lease;
  },
): Promise<WorktreeRecord> => {
  const asking = { ...placeOf(record, environment), leaseFolder: lease.folder };
  const scratch = await apartPath(own, nameOf(record));
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
    const ids = await requireGenuine(place, record, commit);
    await syncObjects(record, ids);
    await lease.assertOwned();
    await removeLinksOfGit(record);
    await leavingNoLocks(record, lease, async () => {
      await moveBranch(asking, record, { from: record.base, to: commit, lease });
      await gitOutput(asking, ['symbolic-ref', headNameOf(record), `refs/heads/${record.branch}`]);
      const variables = { GIT_INDEX_FILE: join(ownGitFolder(record), 'index') };
      await gitOutput(place, ['read-tree', commit], { variables });
      await leaveOutHomes(place, variables);
    });
    await syncRefs(record);
    // Whoever may move the branch afterwards cannot say that this was checked.
    const known = { ...record, made: { commit, tree } };
    await writeWorktree(own, known, lease);
    return known;
  } finally {
    await removeTree(scratch);
  }
};

export interface BranchMove {
  /** undefined: there is no branch. */
  from: string | undefined;
  to: string;
  lease: Pick<Lease, 'assertOwned'>;
}

/**
 * Only from a commit that was known before the last look whether the task is held: a worker that was fenced since then finds
 * another one there, which its successor made. The holder of the task takes over whatever is there. The branch itself: one
 * that an agent made a name of another branch would move that one.
 */
export const moveBranch = async (
  place: GitPlace,
  { branch }: WorktreeRecord,
  { from, to, lease }: BranchMove,
): Promise<void> => {
  const name = `refs/heads/${branch}`;
  let known = from;
  for (let tries = 1; ; tries += 1) {
    await lease.assertOwned();
    const moved = await git(place, [...MOVE, name, to, known ?? '0'.repeat(to.length)]);
    if (moved.code === 0) return;
    const now = await idAt(place, name);
    if (now === known || tries === MOST_MOVES) break;
    known = now;
  }
  await lease.assertOwned();
  // A name of a branch that is not there can be moved only so; a successor's names a commit.
  await gitOutput(place, [...MOVE, name, to, ...(known === undefined ? [] : [known])]);
};

const MOVE = ['update-ref', '--no-deref', '-m', 'koubou'];
const MOST_MOVES = 3;

/** As it stands there, whatever it is the id of. */
const idAt = async (place: GitPlace, name: string): Promise<string | undefined> => {
  const { code, stdout } = await git(place, ['rev-parse', '--verify', '-q', '--end-of-options', name]);
  return code === 0 ? stdout.toString('utf8').trim() : undefined;
};

/** git writes its index and its logs also through a link that leads elsewhere. */
const removeLinksOfGit = async (record: WorktreeRecord): Promise<void> => {
  await refuseLinkedFolders(record.git_folder);
  await removeOddEntries(ownGitFolder(record));
  const log = join(record.git_folder, 'logs', 'refs', 'heads', record.branch);
  const facts = await lstat(log).catch(() => undefined);
  if (facts !== undefined && !facts.isFile()) await removeTree(log, { from: record.git_folder });
};

export const AUTHOR = {
  GIT_AUTHOR_NAME: 'koubou',
  GIT_AUTHOR_EMAIL: 'koubou@localhost',
  GIT_COMMITTER_NAME: 'koubou',
  GIT_COMMITTER_EMAIL: 'koubou@localhost',
};

export const treeOf = async (place: GitPlace, commit: string): Promise<string> =>
  (await gitLine(place, ['rev-parse', '--verify', `${commit}^{tree}`])).trim();
