/** The end of a worktree: its folder, git's own record of it, and its branch. */
import { readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KoubouError, systemCode } from '../errors.ts';
import { git, gitOutput } from '../git/git.ts';
import { pathIn, shownName, zeroEnded } from '../git/names.ts';
import { ownGit } from '../git/own-git.ts';
import { copyIndex } from '../git/own-index.ts';
import { type GitPlace } from '../git/place.ts';
import { removeTree } from '../names/remove-tree.ts';
import { halfMadePath, removeHalfMade } from '../process/half-made.ts';
import { apartPath } from '../process/homes/apart.ts';
import { removeLinked } from './linked.ts';
import { removeLinks } from './links.ts';
import {
  exists,
  forgetWorktree,
  nameOf,
  placeOf,
  repositoryOf,
  runNamed,
  type SealedHome,
  type WorktreeRecord,
  worktreesFolder,
} from './record.ts';
import { removeBranch } from './remove-branch.ts';
import { unblockWorktrees } from './repair/unblock.ts';

type Environment = Readonly<Record<string, string>>;

/**
 * What keeps it, as names in it: anything that is in no commit, a repository of its own, or a file that the task was asked
 * for and no branch has. Where nothing does, it is removed.
 */
export const removeUnlessKept = async (
  own: SealedHome,
  record: WorktreeRecord,
  environment: Environment,
): Promise<readonly string[]> => {
  if (await exists(record.path)) {
    await removeLinks(record);
    const held = await heldIn(own, record, environment);
    if (held.length > 0) return held;
  }
  await removeFolders(record);
  return [];
};

/** The name of all that git cannot read. */
const UNREADABLE = ['.git'];

const heldIn = async (
  own: SealedHome,
  record: WorktreeRecord,
  environment: Environment,
): Promise<readonly string[]> => {
  const only = [];
  for (const name of record.only_there) if (await exists(join(record.path, name))) only.push(name);
  if (only.length > 0) return only;
  const scratch = await apartPath(own, nameOf(record));
  const asking = placeOf(record, environment);
  const repository = repositoryOf(record);
  try {
    const place = {
      ...(await ownGit(asking, { path: scratch, repository, objects: { in: 'repository' } })),
      folder: record.path,
    };
    const variables = { GIT_INDEX_FILE: join(scratch, 'index') };
    const branch = await git(asking, ['rev-parse', '--verify', '-q', `refs/heads/${record.branch}^{commit}`]);
    if (branch.code !== 0) return UNREADABLE;
    await copyIndex(join(repository.gitFolder, 'index'), variables.GIT_INDEX_FILE);
    await git(place, ['update-index', '-q', '--ignore-submodules', '--refresh'], { variables });
    const looks = [
      ['diff-index', '-z', '--name-only', '--cached', branch.stdout.toString('utf8').trim()],
      ['diff-files', '-z', '--name-only', '--ignore-submodules=all'],
      ['ls-files', '-z', '--others', '--exclude-standard', '--directory', '--no-empty-directory'],
    ];
    for (const look of looks) {
      const { code, stdout } = await git(place, look, { variables });
      if (code !== 0) return UNREADABLE;
      if (stdout.length > 0) return zeroEnded(stdout).map(shownName);
    }
    return await submodulesIn(place, variables);
  } catch (error) {
    // What git cannot read is kept.
    if (error instanceof KoubouError) return UNREADABLE;
    throw error;
  } finally {
    await removeTree(scratch);
  }
};

/** Those that were checked out there. */
const submodulesIn = async (place: GitPlace, variables: Record<string, string>): Promise<string[]> => {
  const listed = zeroEnded(await gitOutput(place, ['ls-files', '-s', '-z'], { variables }));
  const names = listed
    .filter((line) => line.startsWith('160000 '))
    .map((line) => line.slice(line.indexOf('\t') + 1));
  const there: string[] = [];
  for (const name of names)
    if (await exists(pathIn(place.folder, `${name}/.git`))) there.push(shownName(name));
  return there;
};

/**
 * Removes the worktree, its branch and what is known of it, also where the repository has gone. Throws `conflict` where the
 * branch cannot be removed; then it can be tried again.
 */
export const discardWorktree = async (
  home: string,
  record: WorktreeRecord,
  environment: Environment,
): Promise<void> => {
  await removeFolders(record);
  // What was needed for it by processes that were killed.
  removeHalfMade(join(worktreesFolder(home), record.task_id));
  await unblockWorktrees(record.git_folder);
  await removeBranch(record, environment);
  await forgetWorktree(home, record.task_id);
};

/**
 * Of this run and of those before it. By hand: `git worktree remove` knows nothing of one that was half made when its git
 * was killed, and one that is half there stops the user's own git commands.
 */
export const removeFolders = async (record: WorktreeRecord): Promise<void> => {
  const { path, git_folder } = record;
  const isOfTask = upTo(record);
  const taken: { name: string; away: string }[] = [];
  for (const name of (await readdir(dirname(path)).catch(() => [])).filter(isOfTask)) {
    taken.push({ name, away: await takenAway(join(dirname(path), name)) });
  }
  await removeLinked(git_folder, isOfTask);
  for (const { name, away } of taken) {
    const gone = removeTree(away);
    // What an earlier run still writes there, as a fenced one may, is in nobody's way.
    await (name === basename(path) ? gone : gone.catch(() => undefined));
  }
};

/**
 * Its new name, which a sweep knows: half of a worktree, as a killed removal leaves it, would be taken for one whose files
 * somebody removed, and be kept.
 */
const takenAway = async (path: string): Promise<string> => {
  const away = halfMadePath(path);
  try {
    await rename(path, away);
    return away;
  } catch (error) {
    // In the lower layer of an overlay no folder can be renamed.
    if (systemCode(error) === undefined) throw error;
    return path;
  }
};

/** Whether a name is that of a worktree of the task, by this run or an earlier one, or of what was needed for it. */
export const upTo =
  ({ task_id, run: last = 0 }: WorktreeRecord) =>
  (name: string): boolean => {
    const { id, run = 0 } = runNamed(name) ?? {};
    return id === task_id && run <= last;
  };
