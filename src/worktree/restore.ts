/** A branch that a loss of power left unreadable, made anew from the patch of the run. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { apartPath } from '../process/apart.ts';
import { forgedObject } from '../process/forged-object.ts';
import { type GitPlace, git, gitLine, gitOutput } from '../process/git.ts';
import { isBrokenBranch, removeBrokenBranch, removeEmptyObjects } from '../process/git-damage.ts';
import { ownGit } from '../process/own-git.ts';
import { AUTHOR, moveBranch } from './commit.ts';
import { syncObjects, syncRefs } from './durable.ts';
import { requireGenuine } from './genuine.ts';
import { commitAt } from './origin.ts';
import { nameOf, placeOf, repositoryOf, type SealedHome, type WorktreeRecord } from './record.ts';

type Environment = Readonly<Record<string, string>>;

/**
 * Whether something was mended, so that another try may succeed: not where the branch can be read, or is gone, or its patch
 * does not fit the commit it began with. What a merge would make may have been left empty as well.
 */
export const restoreBranch = async (
  own: SealedHome,
  record: WorktreeRecord,
  patchPath: string,
  environment: Environment,
): Promise<boolean> => {
  const { git_folder, branch, base, task_id } = record;
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
    const damaged = await isDamaged(place, asking, record);
    const removed = await removeEmptyObjects(git_folder);
    if (!damaged) return removed > 0;
    const variables = { GIT_INDEX_FILE: join(scratch, 'index') };
    await gitOutput(place, ['read-tree', base], { variables });
    await gitOutput(place, ['apply', '--cached', '--binary', '--whitespace=nowarn', patchPath], {
      variables,
    });
    const tree = await gitLine(place, ['write-tree', '--missing-ok'], { variables });
    const message = `Work of task ${task_id}, restored from its patch\n`;
    const commit = await gitLine(place, ['commit-tree', tree, '-p', base, '-F', '-'], {
      input: message,
      variables: AUTHOR,
    });
    const ids = await requireGenuine(place, record, commit);
    await syncObjects(record, ids);
    await removeBrokenBranch(git_folder, branch);
    await moveBranch(asking, record, commit);
    await syncRefs(record);
    return true;
  } catch (error) {
    // The cure that was named before is the better one.
    if (error instanceof KoubouError && error.code !== 'git_killed') return false;
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
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
