/** The repository that a worktree is made from. */
import { KoubouError } from '../errors.ts';
import { git } from '../git/git.ts';
import { type GitPlace } from '../git/place.ts';
import { cureOfDamage } from '../git/repository/damage.ts';
import {
  findRepository,
  isRepository,
  type NoRepository,
  type Repository,
} from '../git/repository/repository.ts';
import { field, say } from '../say/say.ts';

export interface Origin {
  repository: Repository;
  head: string;
}

/** The repository around a folder. Throws `conflict` where there is none, or nothing was ever committed; `no_program` without git. */
export const originOf = async (place: GitPlace): Promise<Origin> => {
  const found = await findRepository(place);
  if (!isRepository(found)) throw notThere(place.folder, found);
  return { repository: found, head: await headOf(place) };
};

const notThere = (folder: string, { why, words }: NoRepository): KoubouError => {
  if (why === 'none') {
    return new KoubouError(
      'conflict',
      say`${field('worktree')} needs a git repository, and ${folder} is in none.`,
      {
        hint: say`Leave ${field('worktree')} out, or make one with \`git init\` and a first commit.`,
      },
    );
  }
  if (why === 'owner') {
    return new KoubouError(
      'conflict',
      `git does not use the repository at ${folder}, because it has another owner: ${words}`,
      {
        hint: 'Where you trust it: git config --global --add safe.directory FOLDER. koubou never says so itself.',
      },
    );
  }
  return new KoubouError(
    why === 'no_git' ? 'no_program' : 'conflict',
    say`${field('worktree')} needs a git work tree, and ${folder} has none: ${words}`,
    { hint: say`Leave ${field('worktree')} out, or try \`git status\` there.` },
  );
};

/** The commit that is checked out. Throws `conflict` where there is none yet. */
const headOf = async (place: GitPlace): Promise<string> => {
  const head = await commitAt(place, 'HEAD');
  if (head !== undefined) return head;
  const named = await git(place, ['rev-parse', '--verify', '-q', 'HEAD']);
  if (named.code === 0) {
    throw new KoubouError('conflict', `git cannot read the commit that is checked out in ${place.folder}.`, {
      hint: cureOfDamage('bad object'),
    });
  }
  throw new KoubouError('conflict', `A worktree belongs to a commit, and ${place.folder} has none.`, {
    hint: 'Commit something first.',
  });
};

/** The id of a commit, by a name. */
export const commitAt = async (place: GitPlace, name: string): Promise<string | undefined> => {
  const found = await git(place, ['rev-parse', '--verify', '-q', '--end-of-options', `${name}^{commit}`]);
  return found.code === 0 ? found.stdout.toString('utf8').trim() : undefined;
};
