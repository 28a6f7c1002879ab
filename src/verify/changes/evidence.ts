/** Whether a run changed anything in its folder, and what: the evidence of a code task. */
import { basename, join, relative } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { refuseLinkedFolders } from '../../git/repository/linked-folders.ts';
import type { Repository } from '../../git/repository/repository.ts';
import { syncRepository } from '../../git/sync-objects.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { syncWithFolders } from '../../process/sync.ts';
import { field, say } from '../../say/say.ts';
import { named } from '../../text/named.ts';
import { momentIn, real, requireSamePlace } from '../place.ts';
import { changedGitFolder } from '../work-tree/git-folder.ts';
import { homesInGit } from '../work-tree/git-since.ts';
import {
  type Changed,
  compareGitTrees,
  type GitTree,
  movesBetweenLooks,
  takeGitTree,
} from '../work-tree/git-tree.ts';
import { filterNotes, notesOf } from './evidence-notes.ts';
import { firstLook, type GitLook, ignoredBy, readingOnly } from './first-look.ts';
import { compareListTrees, type ListTree, movesBetweenLists, NEVER, takeListTree } from './list-tree.ts';
import { requireRealFiles } from './real-files.ts';
import { changedSince, momentMs, type Since } from './since.ts';

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
   * The repository of a worktree of the run's own, whatever the run does to its .git. The tree's objects are then kept
   * in the repository, so that a commit can be made of them. null: the folder is the user's.
   */
  worktree: Repository | null;
  /** Absolute: a folder that is made for what git follows and writes, and removed with it. No program of the run may write there. */
  apart: string;
  /** Ends a look. */
  signal?: AbortSignal | undefined;
}

export interface FolderChanges extends Changed {
  /** The tree that was looked at, where it may be committed. */
  tree: string | null;
  /** Parts of homes that were made or changed: there is nothing that may be taken over with them. */
  homes: string[];
  /** Files of which git shows another text than lies there. */
  reencoded: readonly string[];
  /** What is no evidence, in words for the log. */
  notes: string[];
}

/** What was looked at is no longer so. */
export interface Moved {
  /** What counts as the work of the run, and was changed or removed since. */
  changed: string[];
  /** What came since, or never counted, in words for the log; without those that were told of before. */
  notes: string[];
  homes: string[];
}

type Tree = GitTree | ListTree | { kind: 'nothing' };

export class Evidence {
  readonly #folder: string;
  readonly #excluded: readonly string[];
  /** null: git has no say in the folder. */
  readonly #git: GitLook | null;
  readonly #patchPath: string;
  /** Thrown away in the end. */
  readonly #apart: string;
  readonly #before: Tree;
  /** Notes of the beginning. */
  readonly #notes: readonly string[];
  readonly #home: string;
  /** When the run began. */
  readonly #moment: bigint;
  /** Of settings that changed. */
  #told: ReadonlySet<string> = new Set();
  #last: { tree: Tree; names: readonly string[] } | undefined;

  private constructor(
    parts: Pick<EvidenceScope, 'folder' | 'home' | 'excluded' | 'patchPath' | 'apart'> & {
      git: GitLook | null;
      before: Tree;
      notes: readonly string[];
      moment: bigint;
    },
  ) {
    this.#folder = parts.folder;
    this.#home = parts.home;
    this.#excluded = parts.excluded;
    this.#git = parts.git;
    this.#patchPath = parts.patchPath;
    this.#apart = parts.apart;
    this.#before = parts.before;
    this.#notes = parts.notes;
    this.#moment = parts.moment;
  }

  /** Looks at the folder as it is before the run. Throws `usage` where it is none, or none of real files. */
  static async begin(asked: EvidenceScope): Promise<Evidence> {
    const { environment, patchPath, apart, signal } = asked;
    const [folder, home, worktrees] = await Promise.all(
      [asked.folder, asked.home, asked.worktrees].map(real),
    );
    if (folder === undefined || home === undefined) {
      throw new KoubouError('conflict', `The working folder ${asked.folder} does not exist.`, {
        hint: say`Make it again, or delegate with another ${field('cwd')}.`,
      });
    }
    await requireRealFiles(folder);
    const ownWorktree = worktrees !== undefined && isWithin(worktrees, folder);
    const excluded = ownWorktree ? asked.excluded : [home, ...asked.excluded];
    try {
      const place = { folder, environment, signal };
      const looked =
        !ownWorktree && isWithin(home, folder)
          ? { git: null, before: { kind: 'nothing' as const }, notes: [] }
          : await firstLook(place, { ...asked, excluded });
      const moment = await momentIn(home);
      return new Evidence({ folder, home, excluded, patchPath, apart, ...looked, moment });
    } catch (error) {
      // Nobody else would: its maker, this process, may live for weeks.
      await removeTree(apart);
      throw error;
    }
  }

  /** What changed since the beginning; may be asked again. Throws KoubouError where git cannot say it. */
  async changes(signal?: AbortSignal): Promise<FolderChanges> {
    const before = this.#before;
    if (before.kind === 'nothing')
      return { names: [], bounded: false, tree: null, homes: [], reencoded: [], notes: [] };
    await requireSamePlace(this.#folder);
    const since = await this.#since(signal);
    const tree = await this.#take(signal);
    const changed = await this.#compare(before, tree, signal);
    const settings = await this.#settingsNotes(signal);
    this.#told = new Set(settings);
    this.#last = { tree, names: changed.names };
    return {
      ...changed,
      bounded: changed.bounded || since.bounded,
      tree: tree.kind === 'git' ? tree.tree : null,
      homes: [...since.homes, ...(await this.#homesInGit(signal))],
      reencoded: tree.kind === 'git' ? tree.reencoded : [],
      notes: [
        ...this.#notes,
        ...notesOf(since),
        ...(tree.kind === 'git' ? filterNotes(tree.filtered) : []),
        ...settings,
      ],
    };
  }

  /**
   * What is no longer as `changes` has seen it, of what counts as the work: in a worktree of the run's own all that would
   * be committed, in a folder of the user's what the run changed.
   */
  async movedSince(signal?: AbortSignal): Promise<Moved> {
    const last = this.#last;
    if (last === undefined || last.tree.kind === 'nothing') return { changed: [], notes: [], homes: [] };
    await requireSamePlace(this.#folder);
    const since = await this.#since(signal);
    const homes = [...since.homes, ...(await this.#homesInGit(signal))];
    const now = await this.#take(signal, last.tree);
    const { came, changed } = await this.#moves(last.tree, now, signal);
    const own = new Set(last.names);
    const counts = this.#git?.whole === true ? changed : changed.filter((name) => own.has(name));
    const others = [...came, ...changed.filter((name) => !counts.includes(name))].sort();
    const settings = await this.#settingsNotes(signal);
    return {
      changed: [...new Set([...counts, ...(now.kind === 'git' ? now.reencoded : [])])],
      homes,
      notes: [
        ...(others.length === 0
          ? []
          : [`changed while the work was checked, and no part of it: ${named(others)}`]),
        ...settings.filter((note) => !this.#told.has(note)),
      ],
    };
  }

  /**
   * Puts on the device what the run changed and what came into the repository since it began, also by a git of its own,
   * which syncs little.
   */
  async sync(): Promise<void> {
    const repository = this.#git?.repository;
    const top = repository?.top ?? this.#folder;
    await syncWithFolders(top, this.#last?.names.map((name) => join(top, name)) ?? []);
    if (repository !== undefined) await syncRepository(repository, momentMs(this.#moment));
  }

  async close(): Promise<void> {
    await removeTree(this.#apart);
  }

  #homesInGit(signal: AbortSignal | undefined): Promise<string[]> {
    return this.#git === null ? Promise.resolve([]) : homesInGit(this.#scope(signal));
  }

  #scope(signal: AbortSignal | undefined): GitLook {
    if (this.#git === null) throw new KoubouError('internal', 'A folder without git has no tree of git.');
    return { ...this.#git, place: { ...this.#git.place, signal } };
  }

  async #take(signal: AbortSignal | undefined, last?: Tree): Promise<Tree> {
    const before = this.#before;
    if (before.kind === 'nothing') return before;
    if (before.kind === 'list')
      return takeListTree({ folder: this.#folder, excluded: this.#excluded, signal });
    const scope = this.#scope(signal);
    // Its objects go into the repository.
    if (scope.whole && last === undefined) await refuseLinkedFolders(scope.repository.commonFolder);
    if (last === undefined) return takeGitTree(scope, before);
    // Nothing of it is committed.
    return takeGitTree({ ...scope, place: readingOnly(scope) }, before);
  }

  #compare(before: GitTree | ListTree, tree: Tree, signal: AbortSignal | undefined): Promise<Changed> {
    if (before.kind === 'list') return compareListTrees(before, tree as ListTree, this.#patchPath);
    return compareGitTrees(this.#scope(signal), before, tree as GitTree, this.#patchPath);
  }

  async #moves(
    last: Tree,
    now: Tree,
    signal: AbortSignal | undefined,
  ): Promise<{ came: string[]; changed: string[] }> {
    if (last.kind !== 'git') return movesBetweenLists(last as ListTree, now as ListTree);
    const scope = this.#scope(signal);
    return movesBetweenLooks({ ...scope, place: readingOnly(scope) }, last, now as GitTree);
  }

  async #since(signal: AbortSignal | undefined): Promise<Since> {
    const isHidden =
      this.#git === null
        ? (name: string) => NEVER.has(basename(name)) && basename(name) !== '.git'
        : await ignoredBy(this.#scope(signal));
    return changedSince({
      folder: this.#folder,
      excluded: this.#excluded,
      moment: this.#moment,
      isHidden,
      signal,
    });
  }

  /** Of what tells koubou and git what to run: a person may have changed it meanwhile, or the run. */
  async #settingsNotes(signal: AbortSignal | undefined): Promise<string[]> {
    const folder = join(this.#home, 'config');
    const { hidden } = await changedSince({
      folder,
      excluded: [],
      moment: this.#moment,
      isHidden: () => true,
      signal,
    });
    const files = hidden.map(({ example }) => join(folder, example));
    const own = files.length === 0 ? [] : [`changed in koubou's own settings: ${named(files)}`];
    return [...own, ...(await this.#gitNotes())];
  }

  async #gitNotes(): Promise<string[]> {
    if (this.#git === null) return [];
    const changed = await changedGitFolder(this.#git.repository, this.#moment);
    return changed.length === 0
      ? []
      : [`changed in git's own folder, where the next git command finds it: ${named(changed)}`];
  }
}

const isWithin = (outer: string, path: string): boolean => {
  const between = relative(outer, path);
  return between === '' || (between !== '..' && !between.startsWith('../'));
};
