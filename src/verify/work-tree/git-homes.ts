/**
 * Parts of homes that git alone ever saw: in commits that a run made on a branch of the user's, and in the index. No file of
 * the folder shows them, and the next checkout would make them.
 */
import { dirname, join } from 'node:path';
import { git, gitOutput } from '../../git/git.ts';
import { shownName, zeroEnded } from '../../git/names.ts';
import { copyIndex, copySharedIndex } from '../../git/own-index.ts';
import { type GitPlace } from '../../git/place.ts';
import { homeIn } from '../../text/home-name.ts';

/**
 * The commits that the repository's refs and HEAD lead to, through any number of tags; what has no object, or another one, is left
 * out. null: git cannot list them. `place`: with a git folder of koubou's own.
 */
export const commitsNamed = async (asking: GitPlace, place: GitPlace): Promise<string[] | null> => {
  const [refs, head] = await Promise.all([
    git(asking, ['for-each-ref', '--format=%(objectname)']),
    git(asking, ['rev-parse', '--verify', '-q', 'HEAD^{commit}']),
  ]);
  if (refs.code !== 0) return null;
  const ids = new Set(refs.stdout.toString('latin1').split('\n').filter(Boolean));
  const asked = [...ids].map((id) => `${id}^{commit}\n`).join('');
  const commits = await gitOutput(place, ['cat-file', '--batch-check=%(objectname)'], { input: asked });
  const found = [...commits.toString('latin1').matchAll(/^([0-9a-f]+)$/gm)].map(([, id = '']) => id);
  if (head.code === 0) found.push(head.stdout.toString('latin1').trim());
  return [...new Set(found)];
};

/** What commits that came since have of homes, sorted. `place`: with a git folder of koubou's own. */
export const homesCommitted = async (
  place: GitPlace,
  before: readonly string[],
  now: readonly string[],
): Promise<string[]> => {
  const known = new Set(before);
  const fresh = now.filter((id) => !known.has(id));
  if (fresh.length === 0) return [];
  const asked = [...fresh, ...before.map((id) => `^${id}`)];
  const commits = await gitOutput(place, ['rev-list', '--stdin'], { input: `${asked.join('\n')}\n` });
  const flags = ['-r', '-m', '--root', '--no-renames', '--name-only', '-z', '--no-commit-id'];
  const names = await gitOutput(place, ['diff-tree', '--stdin', '--ignore-submodules=none', ...flags], {
    input: commits,
  });
  return homesAmong(zeroEnded(names));
};

/** What an index has of homes. */
export const homesInIndex = async (place: GitPlace, index: string, scratch: string): Promise<string[]> => {
  const copy = join(scratch, 'index.homes');
  await copyIndex(index, copy);
  // The other part of an index in two may have come since.
  if (place.own !== undefined) await copySharedIndex(dirname(index), place.own.path);
  const listed = await git(place, ['ls-files', '-z', '--full-name', ':/'], {
    variables: { GIT_INDEX_FILE: copy },
  });
  // It may be none that git can read.
  return listed.code === 0 ? homesAmong(zeroEnded(listed.stdout)) : [];
};

const homesAmong = (names: readonly string[]): string[] =>
  [...new Set(names.map(shownName).filter((name) => homeIn(name) !== undefined))].sort();
