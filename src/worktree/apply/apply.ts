/**
 * Brings a worktree's branch into the user's work tree: a three-way merge in memory first, then all files or
 * none. The user's index and branch stay as they are. The walk: (1) what an apply wrote that was killed is undone.
 * (2) Merge HEAD and the branch into a tree; conflicts end it. (3) Each file that would change must be as HEAD has it,
 * or as the merge has it already. (4) git writes the new files into a folder of koubou's, and a journal says what is
 * about to be moved. (5) Each is moved into its place in one step; where anything is in the way, all is put back.
 */
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { git, gitLine } from '../../git/git.ts';
import { shownName, zeroEnded } from '../../git/names.ts';
import { ownGit } from '../../git/own-git.ts';
import { neverFetched } from '../../git/partial-clone.ts';
import { type GitPlace } from '../../git/place.ts';
import { findRepository, isRepository, type Repository } from '../../git/repository/repository.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { removeHalfMade } from '../../process/half-made.ts';
import { apartPath } from '../../process/homes/apart.ts';
import { action, actionLine, field, say } from '../../say/say.ts';
import { AUTHOR } from '../commit.ts';
import { requireGenuine } from '../genuine.ts';
import { refuseHomeNames, refuseHomes } from '../homes.ts';
import { removeHalves } from '../linked.ts';
import { commitAt, originOf } from '../origin.ts';
import { exists, type SealedHome, type WorktreeRecord, worktreesFolder } from '../record.ts';
import { upTo } from '../remove.ts';
import { holdingLock } from './index-lock.ts';
import { readJournal, refuseOtherJournals, removeJournal } from './journal.ts';
import { moveFiles, stampOf } from './move-files.ts';
import { type Marks, marksOf, notesOf, refuseMarks, refuseUnfinished } from './refuse-apply.ts';
import { stage, undoKilled } from './stage.ts';
import { currentStates, idOf, isSubmodule, movesBetween, type State } from './states.ts';
import { uninterrupted } from './uninterrupted.ts';

export type Applied =
  | { result: 'applied'; files: string[]; notes: string[] }
  /** Nothing was changed. */
  | { result: 'conflict'; files: string[] }
  /** Nothing was changed: these files hold changes that are not committed. */
  | { result: 'dirty'; files: string[] };

/** What was checked, or what is on the branch now, whoever put it there. */
export type Wanted = 'checked' | 'branch';

/**
 * `refuse` throws for a name that may not be changed. Throws `conflict` where git refuses, `home_in_changes` where a home would come along, `output_changed` where the branch is not
 * what was checked; then nothing was changed.
 */
export const applyWorktree = async (
  own: SealedHome,
  record: WorktreeRecord,
  environment: Readonly<Record<string, string>>,
  wanted: Wanted = 'checked',
  refuse?: (name: string) => void,
): Promise<Applied> => {
  const asking = { folder: record.repository, environment };
  if (!(await exists(record.repository))) {
    throw new KoubouError('conflict', `${record.repository} is gone, where this task began.`, {
      hint: `Bring it over elsewhere: git merge ${record.made?.commit ?? record.branch}`,
    });
  }
  const { repository } = await originOf(asking);
  if (repository.commonFolder !== (await realpath(record.git_folder).catch(() => undefined))) {
    throw new KoubouError(
      'conflict',
      `${record.repository} is no work tree of ${record.git_folder} any more.`,
      {
        hint: say`Nothing was applied. What the task did is also in its patch: ${actionLine('diff')}.`,
      },
    );
  }
  return holding(own, record, { repository, environment }, async ({ place, index }) => {
    const head = (await commitAt(asking, 'HEAD')) ?? '';
    await undoKilled(place, own, record.task_id, head);
    await refuseOtherJournals(own, repository.top, record.task_id);
    await refuseUnfinished(repository);
    const marks = await marksOf(place, join(repository.gitFolder, 'index'), index);
    const tip = await commitAt(asking, `refs/heads/${record.branch}`);
    if (tip === undefined) throw notMerged(record.branch, 'there is no such branch');
    if (wanted === 'checked') refuseMoved(record, tip);
    await refuseHomes(place, record, tip);
    return applied(place, { own, head, tip, record, index, marks, refuse });
  });
};

const refuseMoved = ({ task_id, branch, made }: WorktreeRecord, tip: string): void => {
  if (tip === made?.commit) return;
  const asItIs = say`To apply what is on the branch now: ${actionLine('apply', task_id, field('branch_as_it_is'))}`;
  if (made === undefined) {
    throw new KoubouError(
      'output_changed',
      `The branch ${branch} is not what the patch of ${task_id} shows.`,
      {
        hint: say`Nothing was applied. ${action('diff', task_id)} shows the patch. ${asItIs}`,
      },
    );
  }
  throw new KoubouError(
    'output_changed',
    `The branch ${branch} has changed since the work of ${task_id} was checked: it is at ${tip}, and that is ${made.commit}.`,
    {
      hint: say`Nothing was applied. See what came: git diff ${made.commit} ${branch}. ${asItIs}. To apply what was checked, put it back first: git update-ref refs/heads/${branch} ${made.commit}`,
    },
  );
};

interface Held {
  /** The top of the user's work tree, with a git folder of koubou's own. */
  place: GitPlace;
  /** For an index that is needed meanwhile. */
  index: string;
}

/** Acts while nobody else changes the work tree by git. */
const holding = <T>(
  own: SealedHome,
  record: WorktreeRecord,
  { repository, environment }: { repository: Repository; environment: Readonly<Record<string, string>> },
  act: (held: Held) => Promise<T>,
): Promise<T> => {
  return holdingLock(join(repository.gitFolder, 'index'), 'nothing was changed', async () => {
    removeHalfMade(join(worktreesFolder(own.home), record.task_id));
    // Of this one alone: a git that outlives a killed apply writes to none of it.
    const scratch = await apartPath(own, record.task_id);
    await removeHalves(record.git_folder, upTo(record));
    await mkdir(scratch, { recursive: true });
    try {
      const place = await ownGit(
        { folder: record.repository, environment },
        {
          path: join(scratch, 'git'),
          repository,
          objects: { in: 'folder', folder: join(scratch, 'objects') },
        },
      );
      return await act({ place: { ...place, folder: repository.top }, index: join(scratch, 'index') });
    } finally {
      await removeTree(scratch);
    }
  });
};

/** Takes back what an apply wrote that was killed, where its work tree is still there. */
export const undoKilledApply = async (
  own: SealedHome,
  record: WorktreeRecord,
  environment: Readonly<Record<string, string>>,
): Promise<void> => {
  const journal = await readJournal(own, record.task_id);
  const asking = { folder: record.repository, environment };
  const repository = (await exists(record.repository)) ? await findRepository(asking) : undefined;
  if (journal === undefined || repository === undefined || !isRepository(repository)) {
    return removeJournal(own, record.task_id);
  }
  await holding(own, record, { repository, environment }, async ({ place }) =>
    undoKilled(place, own, record.task_id, (await commitAt(asking, 'HEAD')) ?? null),
  );
};

const notMerged = (branch: string, words: string): KoubouError =>
  new KoubouError('conflict', `git could not merge ${branch}: ${words}`, {
    hint: say`git 2.38 or newer is needed, and the branch. What the task did is also in its patch: ${actionLine('diff')}.`,
  });

/**
 * The files of `tip` as the work on the commit that the run began with, which is what its diff shows. Of the history below them
 * an agent chose the parents: with a commit of the user's among them, the merge would take back what that one brought.
 */
const workOn = async (
  place: GitPlace,
  { head, tip, record }: { head: string; tip: string; record: WorktreeRecord },
): Promise<string> => {
  const isIn = async (commit: string): Promise<boolean> =>
    (await git(place, ['merge-base', '--is-ancestor', tip, commit])).code === 0;
  // One that was there when the run began is in HEAD whatever became of its files since.
  if ((await isIn(head)) && !(await isIn(record.base))) return tip;
  const words = ['commit-tree', `${tip}^{tree}`, '-p', record.base, '-F', '-'];
  return gitLine(place, words, { input: `Work of task ${record.task_id}\n`, variables: AUTHOR });
};

const applied = async (
  place: GitPlace,
  {
    own,
    head,
    tip,
    record,
    index,
    marks,
    refuse,
  }: {
    own: SealedHome;
    head: string;
    tip: string;
    record: WorktreeRecord;
    index: string;
    marks: Marks;
    refuse: ((name: string) => void) | undefined;
  },
): Promise<Applied> => {
  const { branch } = record;
  const work = await workOn(place, { head, tip, record });
  const merge = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', head, work];
  const merged = await git(place, merge);
  const [tree = '', ...conflicts] = zeroEnded(merged.stdout);
  // Where it cannot merge at all it also ends with 1, and has merged nothing.
  if (merged.code === 1 && tree !== '') return { result: 'conflict', files: shown(conflicts) };
  if (merged.code !== 0) {
    const { own, folder } = place;
    throw (await neverFetched(merged.stderr, own?.objects.read, folder)) ?? notMerged(branch, merged.stderr);
  }
  const all = await movesBetween(place, head, tree);
  refuseHomeNames(
    all.map(({ name }) => name),
    `The branch ${branch}`,
  );
  for (const { name } of all) refuse?.(shownName(name));
  // Submodules are left as they are.
  const moves = all.filter(
    ({ from, to }) => ![from, to].every((state) => state === null || isSubmodule(state)),
  );
  // The merge may have made files, too, and of those git takes the ones that are there.
  const made = moves.flatMap(({ to }) => (to === null || isSubmodule(to) ? [] : [idOf(to)]));
  await requireGenuine(place, record, tip, made);
  await refuseMarks(place.folder, moves, marks);
  const stamps = new Map<string, string>();
  for (const { name } of moves) stamps.set(name, await stampOf(place.folder, name));
  const states = await currentStates(place, index, moves);
  const current = (name: string): State => states.get(name) ?? null;
  const dirty = moves.filter(({ name, from, to }) => ![from, to].includes(current(name)));
  if (dirty.length > 0) return { result: 'dirty', files: shown(dirty.map(({ name }) => name)) };
  const pending = moves.filter(({ name, to }) => current(name) !== to);
  if (pending.length > 0) {
    const ground = await stage(place, { own, record, head, tree, moves: pending });
    await uninterrupted(() => moveFiles(ground, stamps));
    await removeJournal(own, record.task_id);
  }
  const notes = notesOf(moves, all, marks, branch);
  return { result: 'applied', files: shown(moves.map(({ name }) => name)), notes };
};

const shown = (names: readonly string[]): string[] => names.map(shownName).sort();
