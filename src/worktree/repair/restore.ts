/** What a task's patch says of its branch: made anew where a loss of power left it unreadable, known where no record says it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { isOfMachine } from '../../git/failure.ts';
import { git, gitLine, gitOutput } from '../../git/git.ts';
import { ownGit } from '../../git/own-git.ts';
import { type GitPlace } from '../../git/place.ts';
import { isBrokenBranch, removeBrokenBranch, removeEmptyObjects } from '../../git/repository/damage.ts';
import { forgedObject } from '../../git/repository/forged-object.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { apartPath } from '../../process/homes/apart.ts';
import { AUTHOR, moveBranch, treeOf } from '../commit.ts';
import { syncObjects, syncRefs } from '../durable.ts';
import { requireGenuine } from '../genuine.ts';
import { commitAt } from '../origin.ts';
import {
  nameOf,
  placeOf,
  repositoryOf,
  type SealedHome,
  type WorktreeRecord,
  writeWorktree,
} from '../record.ts';

type Environment = Readonly<Record<string, string>>;

/** Its bytes, from the beginning each time. */
type Patch = () => AsyncIterable<Uint8Array>;

/**
 * The record, where something was mended so that another try may succeed: not where the branch can be read, or is gone, or
 * its patch does not fit the commit it began with, or makes other files of it than were checked. What a merge would make may
 * have been left empty as well.
 */
export const restoreBranch = (
  own: SealedHome,
  record: WorktreeRecord,
  patch: Patch,
  environment: Environment,
): Promise<WorktreeRecord | undefined> =>
  withPatch(own, record, { patch, environment }, async ({ place, asking, patched }) => {
    const { git_folder, branch, base, task_id } = record;
    const damaged = await isDamaged(place, asking, record);
    const removed = await removeEmptyObjects(git_folder);
    if (!damaged) return removed > 0 ? record : undefined;
    const tree = await patched();
    if (record.made !== undefined && record.made.tree !== tree) return undefined;
    const message = `Work of task ${task_id}, restored from its patch\n`;
    const commit = await gitLine(place, ['commit-tree', tree, '-p', base, '-F', '-'], {
      input: message,
      variables: AUTHOR,
    });
    const ids = await requireGenuine(place, record, commit);
    await syncObjects(record, ids);
    await removeBrokenBranch(git_folder, branch);
    // No run has it any more.
    const lease = { assertOwned: () => Promise.resolve() };
    await moveBranch(asking, record, { from: undefined, to: commit, lease });
    await syncRefs(record);
    const known = { ...record, made: { commit, tree } };
    await writeWorktree(own, known);
    return known;
  });

/** The record of an older koubou, or one made anew, with the commit of its branch where that is what the patch shows. */
export const knownByPatch = (
  own: SealedHome,
  record: WorktreeRecord,
  patch: Patch,
  environment: Environment,
): Promise<WorktreeRecord | undefined> =>
  withPatch(own, record, { patch, environment }, async ({ place, asking, patched }) => {
    const commit = await commitAt(asking, `refs/heads/${record.branch}`);
    if (commit === undefined) return undefined;
    const tree = await treeOf(place, commit);
    return tree === (await patched()) ? { ...record, made: { commit, tree } } : undefined;
  });

interface Patched {
  place: GitPlace;
  asking: GitPlace;
  /** The tree that the patch makes of the one that the run began with. */
  patched: () => Promise<string>;
}

const withPatch = async (
  own: SealedHome,
  record: WorktreeRecord,
  { patch, environment }: { patch: Patch; environment: Environment },
  act: (patched: Patched) => Promise<WorktreeRecord | undefined>,
): Promise<WorktreeRecord | undefined> => {
  const asking = placeOf(record, environment);
  const scratch = await apartPath(own, nameOf(record));
  try {
    const top = join(scratch, 'top');
    await mkdir(top, { recursive: true });
    const repository = { ...repositoryOf(record), top };
    const made = await ownGit(asking, {
      path: join(scratch, 'git'),
      repository,
      objects: { in: 'repository' },
    });
    const place = { ...made, folder: top };
    const variables = { GIT_INDEX_FILE: join(scratch, 'index') };
    const patched = async (): Promise<string> => {
      await gitOutput(place, ['read-tree', record.base], { variables });
      const patchPath = join(scratch, 'patch');
      await writeFile(patchPath, patch());
      const words = ['apply', '--cached', '--binary', '--whitespace=nowarn', patchPath];
      await gitOutput(place, words, { variables });
      return gitLine(place, ['write-tree', '--missing-ok'], { variables });
    };
    return await act({ place, asking, patched });
  } catch (error) {
    // The cure that was named before is the better one.
    if (error instanceof KoubouError && !isOfMachine(error)) return undefined;
    throw error;
  } finally {
    await removeTree(scratch);
  }
};

const isDamaged = async (
  place: GitPlace,
  asking: GitPlace,
  { git_folder, branch, base }: WorktreeRecord,
): Promise<boolean> => {
  if (await isBrokenBranch(git_folder, branch)) return true;
  const named = await git(asking, ['rev-parse', '--verify', '-q', `refs/heads/${branch}`]);
  if (named.code !== 0) return false;
  const tip = await commitAt(asking, `refs/heads/${branch}`);
  if (tip === undefined) return true;
  // What a partial clone left at its server is not damaged.
  const walk = ['rev-list', '--objects', '--no-object-names', '--missing=allow-promisor'];
  const listed = await git(place, [...walk, tip, '--not', base]);
  if (listed.code !== 0) return true;
  const ids = listed.stdout.toString('latin1').split('\n');
  return (
    (await forgedObject(
      place,
      ids.filter((id) => id !== ''),
    )) !== undefined
  );
};
