/** States of a work tree in which nothing is applied, and what its index says of files that are. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { gitOutput } from '../../git/git.ts';
import { shownName, zeroEnded } from '../../git/names.ts';
import { copyIndex } from '../../git/own-index.ts';
import { type GitPlace } from '../../git/place.ts';
import type { Repository } from '../../git/repository/repository.ts';
import { isSubmodule, lyingAt, type Move } from './states.ts';

/** What git keeps in the git folder of a work tree while it is at something, and how that is ended. */
const UNFINISHED: readonly [name: string, what: string, end: string][] = [
  ['rebase-merge', 'a rebase', '`git rebase --continue` or `--abort`'],
  ['rebase-apply', 'a rebase or `git am`', '`git rebase --continue` or `--abort`, or those of `git am`'],
  ['MERGE_HEAD', 'a merge', '`git merge --continue` or `--abort`'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick', '`git cherry-pick --continue` or `--abort`'],
  ['REVERT_HEAD', 'a revert', '`git revert --continue` or `--abort`'],
  ['sequencer', 'a cherry-pick or revert of several commits', '`git cherry-pick --continue` or `--quit`'],
  ['BISECT_LOG', 'a bisection', '`git bisect reset`'],
];

/** Throws `conflict` where the user is in the middle of something: the files would come into it. */
export const refuseUnfinished = async ({ gitFolder, top }: Repository): Promise<void> => {
  for (const [name, what, end] of UNFINISHED) {
    if ((await lstat(join(gitFolder, name)).catch(() => undefined)) === undefined) continue;
    throw new KoubouError('conflict', `In ${top} ${what} is unfinished. Nothing was applied.`, {
      hint: `End it first: ${end}. Then apply again.`,
    });
  }
};

/** What the user's index says of names. */
export interface Marks {
  /** In conflict. */
  unmerged: string[];
  /** git is told to leave them out of the work tree. */
  leftOut: ReadonlySet<string>;
  /** git is told to take them for unchanged. */
  unwatched: ReadonlySet<string>;
}

/** `copy`: for a copy of `index`. */
export const marksOf = async (place: GitPlace, index: string, copy: string): Promise<Marks> => {
  await copyIndex(index, copy);
  const variables = { GIT_INDEX_FILE: copy };
  const lines = zeroEnded(await gitOutput(place, ['ls-files', '-z', '-v', '--full-name'], { variables }));
  const marked = (letters: string): string[] =>
    lines.filter((line) => letters.includes(line[0] ?? ' ')).map((line) => line.slice(2));
  return {
    unmerged: [...new Set(marked('Mm'))],
    leftOut: new Set(marked('Ss')),
    unwatched: new Set([...marked('S'), ...lines.filter(isSmall).map((line) => line.slice(2))]),
  };
};

/** Of `ls-files -v`: the bit that says that a file is taken for unchanged. */
const isSmall = (line: string): boolean => /^[a-z]/.test(line);

/** Throws `conflict` where files are in conflict, or where a file to be changed is left out of the work tree. */
export const refuseMarks = async (top: string, moves: readonly Move[], marks: Marks): Promise<void> => {
  if (marks.unmerged.length > 0) {
    throw new KoubouError(
      'conflict',
      `Files of ${top} are in conflict: ${named(marks.unmerged)}. Nothing was applied.`,
      {
        hint: 'Solve them and `git add` them, or go back with `git checkout`. Then apply again.',
      },
    );
  }
  const out: string[] = [];
  for (const { name, from } of moves) {
    const isOut = from !== null && marks.leftOut.has(name);
    if (isOut && (await lyingAt(top, name)) === 'nothing') out.push(name);
  }
  if (out.length === 0) return;
  throw new KoubouError(
    'conflict',
    `Your work tree leaves out what would change (git sparse-checkout): ${named(out)}. Nothing was applied.`,
    { hint: 'Take them in with `git sparse-checkout add FOLDER`, then apply again.' },
  );
};

/** What somebody has to know of files that were applied, or were not. */
export const notesOf = (
  moves: readonly Move[],
  all: readonly Move[],
  marks: Marks,
  branch: string,
): string[] => {
  const notes: string[] = [];
  const unwatched = moves.map(({ name }) => name).filter((name) => marks.unwatched.has(name));
  if (unwatched.length > 0) {
    notes.push(
      `git is told to take these for unchanged, so \`git status\` does not show them: ${named(unwatched)}. \`git update-index --no-assume-unchanged --no-skip-worktree FILE\` ends that.`,
    );
  }
  const modules = all.filter(({ from, to }) => isSubmodule(from) || isSubmodule(to)).map(({ name }) => name);
  if (modules.length > 0) {
    notes.push(
      `Submodules are left as they are: ${named(modules)}. \`git merge ${branch}\` takes over which commit they stand at.`,
    );
  }
  return notes;
};

const MOST_NAMED = 10;

const named = (names: readonly string[]): string => {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).map(shownName).join(', ')}${more}`;
};
