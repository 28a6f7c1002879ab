/** Whether a run changed anything in its folder, and what: the evidence of a code task. */
import { realpath, rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { type ErrorInfo, errorInfo, KoubouError } from '../errors.ts';
import {
  type Changed,
  compareGitTrees,
  type GitScope,
  type GitTree,
  isGitFolder,
  takeGitTree,
} from './git-tree.ts';
import { compareListTrees, type ListTree, takeListTree } from './list-tree.ts';

export type { Changed };

export interface EvidenceScope {
  /** Absolute: what is under it counts. */
  folder: string;
  /** Absolute: koubou's own home. It never counts, wherever it lies. */
  home: string;
  /** Where worktrees of runs lie within the home; these do count. */
  worktrees: string;
  /** Absolute: what else never counts. */
  excluded: readonly string[];
  /** The environment of git, already reduced. */
  environment: Readonly<Record<string, string>>;
  /** Where the changes are kept: a patch for git, or a list of names where there is no repository. */
  patchPath: string;
  /**
   * The git folder of a worktree of the run's own, whatever the run does to its .git. The tree's objects are then kept
   * in the repository, so that a commit can be made of them. null: the folder is the user's.
   */
  gitFolder: string | null;
}

type Tree = GitTree | ListTree | { kind: 'nothing' };

export class Evidence {
  readonly #scope: GitScope;
  readonly #patchPath: string;
  readonly #before: Tree;

  private constructor(scope: GitScope, patchPath: string, before: Tree) {
    this.#scope = scope;
    this.#patchPath = patchPath;
    this.#before = before;
  }

  /** Looks at the folder as it is before the run. */
  static async begin(asked: EvidenceScope): Promise<Evidence> {
    const [folder, home, worktrees] = await Promise.all(
      [asked.folder, asked.home, asked.worktrees].map(real),
    );
    if (folder === undefined || home === undefined) {
      throw new KoubouError('usage', `The working folder ${asked.folder} does not exist.`, {
        hint: 'Make it again, or delegate with another --cwd.',
      });
    }
    const ownWorktree = worktrees !== undefined && isWithin(worktrees, folder);
    const scope: GitScope = {
      place: {
        folder,
        ...(asked.gitFolder === null ? {} : { gitFolder: asked.gitFolder }),
        environment: asked.environment,
      },
      excluded: ownWorktree ? asked.excluded : [home, ...asked.excluded],
      scratch: `${asked.patchPath}.scratch`,
      keepObjects: asked.gitFolder !== null,
    };
    // What a run that was killed left of it.
    await rm(scope.scratch, { recursive: true, force: true });
    const nothing = !ownWorktree && isWithin(home, folder);
    return new Evidence(scope, asked.patchPath, nothing ? { kind: 'nothing' } : await firstTree(scope));
  }

  /** What changed since the beginning; may be asked again. Throws KoubouError where git cannot say it. */
  async changes(): Promise<Changed & { tree: string | null }> {
    const before = this.#before;
    if (before.kind === 'nothing') return { names: [], bounded: false, tree: null };
    if (before.kind === 'list') {
      const { folder } = this.#scope.place;
      const after = await takeListTree({ folder, excluded: this.#scope.excluded });
      return { ...(await compareListTrees(before, after, this.#patchPath)), tree: null };
    }
    const after = await takeGitTree(this.#scope, before);
    return { ...(await compareGitTrees(this.#scope, before, after, this.#patchPath)), tree: after.tree };
  }

  async close(): Promise<void> {
    await rm(this.#scope.scratch, { recursive: true, force: true });
  }
}

const firstTree = async (scope: GitScope): Promise<GitTree | ListTree> => {
  const { place, excluded } = scope;
  try {
    if (await isGitFolder(place)) return await takeGitTree(scope);
  } catch (error) {
    // A repository that git cannot read still has files.
    if (!(error instanceof KoubouError)) throw error;
  }
  return takeListTree({ folder: place.folder, excluded });
};

/** What a run changed; `trouble` says why that cannot be known. */
export type Changes = Changed & { trouble?: string };

const LEFT_BEFORE =
  'What an earlier run of the task left in the folder does not count: the work may be there already. Say --allow-no-change if no change is right.';

/** "3 files changed", or what is wrong where nothing did. `run`: which one of the task. */
export const judgeChanges = (
  { names, bounded, trouble }: Changes,
  folder: string,
  run: number,
): { evidence: string } | { error: ErrorInfo; feedback: string | null } => {
  if (trouble !== undefined) {
    return {
      error: errorInfo('no_evidence', `What the run changed is not known: ${trouble}`),
      feedback: null,
    };
  }
  const note = bounded ? ' (the folder is too large: not all of it was looked at)' : '';
  if (names.length > 0) {
    return { evidence: `${names.length} file${names.length === 1 ? '' : 's'} changed${note}` };
  }
  return {
    error: errorInfo(
      'no_evidence',
      `The run ended well, but no file changed under ${folder}${note}.`,
      run > 1 ? LEFT_BEFORE : undefined,
    ),
    feedback:
      'No file was changed. Do the work now: change the files with your tools, then say what you did.',
  };
};

const real = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);

const isWithin = (outer: string, path: string): boolean => {
  const between = relative(outer, path);
  return between === '' || (between !== '..' && !between.startsWith('../'));
};
