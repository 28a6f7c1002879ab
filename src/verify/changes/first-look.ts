/** What is known of a folder before a run begins in it: by git, where git has a say in it, else by its list of files. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { isOfMachine } from '../../git/failure.ts';
import { git } from '../../git/git.ts';
import { zeroEnded } from '../../git/names.ts';
import { ownGit } from '../../git/own-git.ts';
import { type GitPlace } from '../../git/place.ts';
import { mendOnce } from '../../git/repository/damage.ts';
import { findRepository, isRepository, type Repository } from '../../git/repository/repository.ts';
import { commitsNamed, homesInIndex } from '../work-tree/git-homes.ts';
import { type GitScope, type GitTree, isIgnored, takeGitTree } from '../work-tree/git-tree.ts';
import { type ListTree, takeListTree } from './list-tree.ts';

export interface GitLook extends GitScope {
  repository: Repository;
  /** Where objects go that are not kept. */
  objects: string;
  /** Of a folder of the user's: what git knew when the run began. */
  known: Known | null;
}

interface Known {
  asking: GitPlace;
  /** null: git could not list them. */
  commits: readonly string[] | null;
  homes: readonly string[];
}

export interface FirstLook {
  /** null: git has no say in the folder. */
  git: GitLook | null;
  before: GitTree | ListTree;
  /** In words for the log. */
  notes: string[];
}

interface Asked {
  /** Absolute: what never counts. */
  excluded: readonly string[];
  /** The repository of a worktree of the run's own; null: the folder is the user's. */
  worktree: Repository | null;
  /** Absolute: where git's own files for the look go. */
  apart: string;
}

/** Throws KoubouError where the look ended early, or the machine is to blame. */
export const firstLook = async (
  place: GitPlace,
  { excluded, worktree, apart }: Asked,
): Promise<FirstLook> => {
  const notes: string[] = [];
  const found = worktree ?? (await findRepository(place));
  try {
    if (isRepository(found)) {
      await mendOnce(found.commonFolder);
      const objects = join(apart, 'objects');
      await mkdir(objects, { recursive: true });
      const asking = worktree === null ? place : { ...place, gitFolder: worktree.commonFolder };
      const scope: GitScope = {
        place: await ownGit(asking, {
          path: join(apart, 'git'),
          repository: found,
          objects: worktree === null ? { in: 'folder', folder: objects } : { in: 'repository' },
        }),
        prefix: found.prefix,
        index: join(found.gitFolder, 'index'),
        excluded,
        scratch: apart,
        whole: worktree !== null,
      };
      if (!(await isIgnored(scope.place, found.prefix))) {
        const known = worktree === null ? await knownOf(place, scope) : null;
        return {
          git: { ...scope, repository: found, objects, known },
          before: await takeGitTree(scope),
          notes,
        };
      }
    } else if (found.why !== 'none') notes.push(`git does not read the repository: ${found.words}`);
  } catch (error) {
    // A repository that git cannot read still has files.
    if (!(error instanceof KoubouError) || isOfMachine(error) || place.signal?.aborted) throw error;
    notes.push(
      `git cannot work in this repository, so that only names of files are compared: ${error.message}`,
    );
  }
  const { folder, signal } = place;
  return { git: null, before: await takeListTree({ folder, excluded, signal }), notes };
};

const knownOf = async (asking: GitPlace, scope: GitScope): Promise<Known> => ({
  asking,
  commits: await commitsNamed(asking, scope.place),
  homes: await homesInIndex(scope.place, scope.index, scope.scratch),
});

/** Where what git ignores begins. */
export const ignoredBy = async ({ place, scratch }: GitScope): Promise<(name: string) => boolean> => {
  const flags = ['--others', '--ignored', '--exclude-standard', '--directory'];
  const listed = await git(place, ['ls-files', '-z', ...flags], {
    variables: { GIT_INDEX_FILE: join(scratch, 'index') },
  });
  if (listed.code !== 0) {
    throw new KoubouError('conflict', `git cannot say what it ignores in ${place.folder}: ${listed.stderr}`);
  }
  const roots = new Set(zeroEnded(listed.stdout).map((name) => name.replace(/\/$/, '')));
  return (name) => roots.has(name);
};

/** As for a look of which nothing is kept. */
export const readingOnly = ({ place, objects: written }: GitLook): GitPlace => {
  const { own } = place;
  if (own === undefined) return place;
  const { read } = own.objects;
  return { ...place, own: { ...own, objects: { written, read } } };
};
