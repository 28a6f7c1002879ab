/** What git alone came to hold since a run began in a folder of the user's; in a worktree of the run's own all is looked at when it is committed. */
import { KoubouError } from '../../errors.ts';
import type { GitLook } from '../changes/first-look.ts';
import { commitsNamed, homesCommitted, homesInIndex } from './git-homes.ts';

/** Parts of homes, in commits and in the index. Throws `repository_lost` where git cannot say it any more. */
export const homesInGit = async ({ known, place, index, scratch }: GitLook): Promise<string[]> => {
  if (known === null) return [];
  const now = await commitsNamed({ ...known.asking, signal: place.signal }, place);
  if (now === null && known.commits !== null) {
    throw new KoubouError(
      'repository_lost',
      'git cannot list the branches any more, as it could before the run.',
      { hint: 'Look at `git for-each-ref` and `git fsck`, and at .git/packed-refs.' },
    );
  }
  // What was not known before the run may have come with it, or with the one before.
  const committed = now === null ? [] : await homesCommitted(place, known.commits ?? [], now);
  const before = new Set(known.homes);
  const staged = (await homesInIndex(place, index, scratch)).filter((name) => !before.has(name));
  return [...new Set([...committed, ...staged])];
};
