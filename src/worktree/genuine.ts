/** That what a branch brings is what was committed there: commits, folders and files. */
import { KoubouError } from '../errors.ts';
import { gitOutput } from '../git/git.ts';
import { type GitPlace } from '../git/place.ts';
import { forgedObject } from '../git/repository/forged-object.ts';
import type { WorktreeRecord } from './record.ts';

/**
 * `more`: objects besides. Throws `output_changed`. `place`: with a git folder of koubou's own. The ids of what the branch
 * brings.
 */
export const requireGenuine = async (
  place: GitPlace,
  { base, branch }: Pick<WorktreeRecord, 'base' | 'branch'>,
  tip: string,
  more: readonly string[] = [],
): Promise<string[]> => {
  const listed = await gitOutput(place, ['rev-list', '--objects', '--no-object-names', tip, '--not', base]);
  const ids = listed
    .toString('latin1')
    .split('\n')
    .filter((id) => id !== '');
  const forged = await forgedObject(place, [...new Set([...ids, ...more])]);
  if (forged === undefined) return ids;
  throw new KoubouError(
    'output_changed',
    `The branch ${branch} needs the object ${forged}, which is not what its name says, or is gone.`,
    {
      hint: 'Nothing was taken over. Something wrote into the objects of the repository, or a loss of power emptied one: `git fsck --full` names it.',
    },
  );
};
