/** Where an attempt works, and what it changed there. */

import { join, relative } from 'node:path';
import { type ErrorInfo, KoubouError, systemCode, toErrorInfo } from '../../errors.ts';
import { gitPlaces } from '../../executor/repositories/git-places.ts';
import { isOfMachine } from '../../git/failure.ts';
import { appendOwn, noteOwn } from '../../names/own-file.ts';
import { removeTree } from '../../names/remove-tree.ts';
import { apartPath } from '../../process/homes/apart.ts';
import { holdsUser } from '../../process/homes/key-folders.ts';
import type { Lease } from '../../process/lease.ts';
import { syncAll } from '../../process/sync.ts';
import type { Claim } from '../../queue/queue.ts';
import type { Runner } from '../../runner/runner.ts';
import { field, say } from '../../say/say.ts';
import type { TaskFile } from '../../task/record.ts';
import { optionForFiles, writesNone } from '../../task/text-alone.ts';
import { named } from '../../text/named.ts';
import type { Seal } from '../../text/seal.ts';
import { Evidence } from '../../verify/changes/evidence.ts';
import { judgeHomes, judgeMoved, judgeReencoded, judgeUnknown } from '../../verify/changes/judge-changes.ts';
import { expectedFiles } from '../../verify/expect.ts';
import { judgeNested, NestedRepositories } from '../../verify/nested.ts';
import { judgeSettings, ObeyedSettings } from '../../verify/obeyed-settings.ts';
import type { Changes } from '../../verify/verify.ts';
import { commitWorktree } from '../../worktree/commit.ts';
import { syncObjects, syncRefs } from '../../worktree/durable.ts';
import { changedBehindLinks, ignoredOf } from '../../worktree/links.ts';
import {
  nameOf,
  placeOf,
  repositoryOf,
  worktreeName,
  worktreesFolder,
  writeWorktree,
} from '../../worktree/record.ts';
import { makeWorktree, type Worktree } from '../../worktree/worktree.ts';
import type { WorkerSettings } from '../settings.ts';
import { movedTask } from './moved-task.ts';
import { requireSameFolder } from './settled-names.ts';

type Known = Pick<WorkerSettings, 'home' | 'environment' | 'worktreeLinks'> & {
  /** Of the home. */
  seal: Seal;
  lease: Lease;
};

const MOST_TOLD = 10;

export class Workspace {
  /** Absolute, without a link in it. */
  readonly cwd: string;
  /** The task as it is to be done here: paths of the repository are those of the worktree. */
  readonly task: TaskFile;
  readonly #claim: Claim;
  readonly #known: Omit<Known, 'worktreeLinks'>;
  readonly #worktree: Worktree | null;
  readonly #evidence: Evidence | null;
  readonly #repositories: NestedRepositories | null;
  /** null: a person's task may make settings of agents. */
  readonly #obeyed: ObeyedSettings | null;
  /** What the worktree held at the last look. */
  #tree: string | null = null;
  #kept = false;
  /** A program may have run since repositories were looked for. */
  #isLookDue = true;
  #odd: ReturnType<typeof judgeReencoded> = null;

  private constructor(
    claim: Claim,
    known: Omit<Known, 'worktreeLinks'>,
    worktree: Worktree | null,
    evidence: Evidence | null,
    repositories: NestedRepositories | null,
    obeyed: ObeyedSettings | null,
  ) {
    this.cwd = worktree?.cwd ?? folderOf(claim.task);
    this.task = worktree === null ? claim.task : movedTask(claim.task, worktree);
    this.#claim = claim;
    this.#known = known;
    this.#worktree = worktree;
    this.#evidence = evidence;
    this.#repositories = repositories;
    this.#obeyed = obeyed;
  }

  /** Throws `usage` where the task asks for what the runner cannot do, `conflict` where its folder is not there. */
  static async prepare(
    claim: Claim,
    runner: Pick<Runner, 'name' | 'changesFiles'>,
    { home, seal, worktreeLinks: link, lease, ...asked }: Known,
  ): Promise<Workspace> {
    const { type, options } = claim.task;
    const cwd = folderOf(claim.task);
    if (!runner.changesFiles) refuseWhatText(runner.name, options);
    if (type !== 'code' && options.worktree === true) {
      throw new KoubouError('usage', say`${field('worktree')} is for tasks of type code.`);
    }
    // A git that outlives its daemon is found and stopped by it, before another run comes to the same place.
    const environment = { ...asked.environment, KOUBOU_RUN: lease.marker };
    const known = { home, seal, environment, lease };
    const { signal } = lease;
    // As ConfineOptions has it of what an agent asked for.
    const writesTo = (top: string): boolean => claim.task.confined === true && !holdsUser(top);
    const begun = async (folder: string): Promise<NestedRepositories | null> =>
      mayMakeRepositories(claim.task, runner, folder)
        ? NestedRepositories.begin(folder, { home, writesTo, signal })
        : null;
    const watched = async (folder: string): Promise<ObeyedSettings | null> =>
      claim.task.confined === true || (type !== 'command' && runner.changesFiles && !holdsUser(folder))
        ? ObeyedSettings.begin([folder, (await gitPlaces(folder))?.top ?? folder], {
            linked: claim.task.confined !== true,
          })
        : null;
    if (type !== 'code' || !runner.changesFiles)
      return new Workspace(claim, known, null, null, await begun(cwd), await watched(cwd));
    const worktree =
      options.worktree === true
        ? await makeWorktree({ id: claim.id, run: claim.run, cwd, link, ...known })
        : null;
    const evidence = await Evidence.begin({
      folder: worktree?.record.path ?? cwd,
      home,
      worktrees: worktreesFolder(home),
      apart: await apartPath(known, worktreeName(claim.id, claim.run)),
      excluded: worktree?.record.links.map((name) => join(worktree.record.path, name)) ?? [],
      environment,
      patchPath: claim.scratch.patchPath,
      worktree: worktree === null ? null : repositoryOf(worktree.record),
      signal,
    });
    const nested = await begun(worktree?.record.path ?? cwd);
    return new Workspace(claim, known, worktree, evidence, nested, await watched(worktree?.cwd ?? cwd));
  }

  /** Comes before each program. Throws `conflict` where something else came in the place of the folder. */
  requireThere(): void {
    this.#isLookDue = true;
    requireSameFolder(this.cwd, this.cwd);
  }

  get isWorktree(): boolean {
    return this.#worktree !== null;
  }

  /** What changed since the attempt began; null for a runner or a task of which no change is expected. */
  async changes(signal: AbortSignal): Promise<Changes | null> {
    if (this.#evidence === null) return null;
    try {
      await this.#noteLinks();
      const { tree, notes, reencoded, ...changes } = await this.#evidence.changes(signal);
      this.#odd = judgeReencoded(reencoded);
      this.#tree = tree;
      await this.#note(notes);
      if (changes.homes.length > 0)
        await this.#note([`made or changed in a folder of koubou's: ${named(changes.homes)}`]);
      return changes;
    } catch (error) {
      if (!signal.aborted && !saysWhy(error)) throw error;
      if (error instanceof KoubouError && error.code === 'repository_lost') {
        this.#odd = { error: toErrorInfo(error), feedback: 'Leave the files of git to git.' };
      }
      const why = signal.aborted ? 'the time of the run was over' : toErrorInfo(error).message;
      // In a folder of the user's the next attempt would take all of it for what was there, in no patch.
      if (!signal.aborted && this.#worktree === null) this.#odd ??= judgeUnknown(why);
      return { names: [], homes: [], bounded: false, trouble: why };
    }
  }

  /**
   * Sets aside what a program of the run made of repositories that git would run something of, before anything else is
   * started with the user's rights. null: there is nothing of the kind.
   */
  async setAside(): Promise<{ error: ErrorInfo; feedback: string } | null> {
    const came = await this.#repositories?.setAside();
    const settings = await this.#obeyed?.setAside();
    this.#isLookDue = false;
    const notes = [
      ['the repositories', came?.names ?? []],
      ['settings of agents', settings?.moved ?? []],
    ] as const;
    for (const [what, names] of notes)
      if (names.length > 0) await this.#note([`set aside ${what} that came with the run: ${named(names)}`]);
    return (
      (came === undefined ? null : judgeNested(came)) ??
      (settings === undefined ? null : judgeSettings(settings)) ??
      this.#odd
    );
  }

  /** Looked at again, after the check: null where what is kept is what was checked. */
  async moved(signal: AbortSignal): Promise<{ error: ErrorInfo; feedback: string } | null> {
    if (this.#claim.task.options.check === undefined) return null;
    const nested = await this.setAside();
    if (nested !== null) return nested;
    if (this.#evidence === null) return null;
    const { changed, homes, notes } = await this.#evidence.movedSince(signal);
    await this.#note(notes);
    const home = judgeHomes(homes);
    if (home !== null || changed.length === 0) return home;
    return judgeMoved(changed);
  }

  async #note(notes: readonly string[]): Promise<void> {
    await noteOwn(this.#claim.scratch.logPath, notes);
  }

  async #noteLinks(): Promise<void> {
    const changed = this.#worktree === null ? [] : await changedBehindLinks(this.#worktree.record);
    if (changed.length === 0) return;
    const more = changed.length > MOST_TOLD ? ` and ${changed.length - MOST_TOLD} more` : '';
    const named = changed.slice(0, MOST_TOLD).join(', ');
    await appendOwn(
      this.#claim.scratch.logPath,
      `koubou: changed behind the links of the worktree, so in your own files: ${named}${more}\n`,
    );
  }

  /** Commits what an accepted run did on the branch of its worktree. */
  async keep(): Promise<void> {
    if (this.#worktree === null) return;
    if (this.#tree === null) {
      throw new KoubouError('internal', `git cannot read the worktree ${this.#worktree.record.path}.`);
    }
    const { id, task } = this.#claim;
    const subject = task.prompt.trim().split('\n', 1)[0]?.slice(0, 72) || 'Work of a local model';
    const { record } = this.#worktree;
    const kept = await commitWorktree(record, {
      tree: this.#tree,
      message: `${subject}\n\nBy koubou, task ${id}.\n`,
      ...this.#known,
    });
    this.#kept = true;
    await this.#rememberIgnored({ record: kept, cwd: this.#worktree.cwd });
  }

  /** Of the files that were asked for, those that git ignores are on no branch: the worktree is not removed with them. */
  async #rememberIgnored({ record, cwd }: Worktree): Promise<void> {
    const { environment, lease } = this.#known;
    const { expect = [] } = this.#claim.task.options;
    const names = (await expectedFiles(expect, cwd))
      .map((path) => relative(record.path, path))
      .filter((name) => name !== '' && !name.startsWith('..'));
    if (names.length === 0) return;
    const scratch = await apartPath(this.#known, nameOf(record));
    const place = placeOf(record, environment);
    try {
      const only_there = await ignoredOf(place, { repository: repositoryOf(record), scratch, names });
      if (only_there.length > 0) await writeWorktree(this.#known, { ...record, only_there }, lease);
    } finally {
      await removeTree(scratch);
    }
  }

  /** What a run that failed left is on the device as well: git takes an object that a power cut emptied for a whole one. */
  async close(): Promise<void> {
    if (this.#isLookDue) await this.setAside();
    if (this.#evidence === null) return;
    await this.#evidence.close();
    await syncAll([this.#claim.scratch.patchPath]);
    if (this.#worktree === null) return this.#evidence.sync();
    if (this.#kept) return;
    await syncObjects(this.#worktree.record);
    await syncRefs(this.#worktree.record);
  }
}

/** A command of a person is their own program, and nobody looks through their home folder. */
const mayMakeRepositories = (
  { type, confined }: TaskFile,
  { changesFiles }: Pick<Runner, 'changesFiles'>,
  folder: string,
): boolean => ((changesFiles && type !== 'command') || confined === true) && !holdsUser(folder);

/** What the run did cannot be known then; where the machine was to blame, it can the next time. */
const saysWhy = (error: unknown): boolean =>
  error instanceof KoubouError ? !isOfMachine(error) : systemCode(error) !== undefined;

const folderOf = ({ cwd, places }: TaskFile): string => places?.[cwd] ?? cwd;

const refuseWhatText = (runner: string, options: Claim['task']['options']): void => {
  const asked = optionForFiles(options);
  if (asked === null) return;
  throw new KoubouError('usage', writesNone(runner, asked), {
    hint: say`Name a runner that writes files, or say with ${field('output', 'FILE')} where the text goes.`,
  });
};
