/** That no branch carries a part of a home, also none that an agent committed itself and took away again. */
import { KoubouError } from '../errors.ts';
import { gitOutput } from '../git/git.ts';
import { asBytes, asName, shownName, zeroEnded } from '../git/names.ts';
import { type GitPlace } from '../git/place.ts';
import { action, say } from '../say/say.ts';
import { homeIn } from '../text/home-name.ts';
import type { WorktreeRecord } from './record.ts';

/** Throws `home_in_changes` with the first path. `place`: with a git folder of koubou's own. */
export const refuseHomes = async (
  place: GitPlace,
  { base, branch }: Pick<WorktreeRecord, 'base' | 'branch'>,
  tip: string,
): Promise<void> => {
  if (tip === base) return;
  const commits = await gitOutput(place, ['rev-list', tip, '--not', base]);
  const flags = ['-r', '-m', '--root', '--no-renames', '--name-only', '-z', '--no-commit-id'];
  const names = zeroEnded(
    await gitOutput(place, ['diff-tree', '--stdin', '--ignore-submodules=none', ...flags], {
      input: commits,
    }),
  );
  refuseHomeNames(names, `The branch ${branch}`);
};

/** `names`: git's bytes. */
export const refuseHomeNames = (names: readonly string[], what: string): void => {
  for (const name of names) {
    const home = homeIn(shownName(name));
    if (home === undefined) continue;
    throw new KoubouError(
      'home_in_changes',
      `${what} changes ${shownName(name)}, which lies in ${home}, a folder of koubou's.`,
      {
        hint: say`Nothing was taken over. ${action('diff')} shows the rest; ${action('discard')} removes the branch.`,
      },
    );
  }
};

/** Marks homes that are tracked as left out of the work tree, so that no git takes them for removed. Their names. */
export const leaveOutHomes = async (
  place: GitPlace,
  variables: Readonly<Record<string, string>>,
): Promise<string[]> => {
  const files = new Map<string, string>();
  for (const name of zeroEnded(await gitOutput(place, ['ls-files', '-z'], { variables }))) {
    const home = homeIn(shownName(name));
    if (home !== undefined) files.set(name, asName(home));
  }
  if (files.size === 0) return [];
  const input = asBytes([...files.keys()].map((name) => `${name}\0`).join(''));
  await gitOutput(place, ['update-index', '--skip-worktree', '-z', '--stdin'], { variables, input });
  return [...new Set(files.values())];
};
