/** Where an attempt works, and what it changed there. */

import { join, relative } from 'node:path';
import { type ErrorInfo, KoubouError, systemCode, toErrorInfo } from '../errors.ts';
import { setAside } from '../executor/set-aside.ts';
import { appendOwn, noteOwn } from '../names/own-file.ts';
import { removeTree } from '../names/remove-tree.ts';
import { apartPath } from '../process/apart.ts';
import { isOfMachine } from '../process/git-failure.ts';
import { holdsUser } from '../process/key-folders.ts';
import { syncAll } from '../process/sync.ts';
import type { Claim } from '../queue/queue.ts';
import type { Runner } from '../runner/runner.ts';
import type { TaskFile } from '../task/record.ts';
import { optionForFiles, writesNone } from '../task/text-alone.ts';
import { named } from '../text/named.ts';
import type { Seal } from '../text/seal.ts';
import { Evidence } from '../verify/evidence.ts';
import { expectedFiles } from '../verify/expect.ts';
import { judgeHomes, judgeLies, judgeMoved, judgeReencoded } from '../verify/judge-changes.ts';
import { Repositories } from '../verify/repositories.ts';
import type { Changes } from '../verify/verify.ts';
import { commitWorktree } from '../worktree/commit.ts';
import { syncObjects, syncRefs } from '../worktree/durable.ts';
import { changedBehindLinks, ignoredOf } from '../worktree/links.ts';
import {
  nameOf,
  placeOf,
  repositoryOf,
  worktreeName,
  worktreesFolder,
  writeWorktree,
} from '../worktree/record.ts';
import { makeWorktree, type Worktree } from '../worktree/worktree.ts';
import { movedTask } from './moved-task.ts';
import { requireSameFolder } from './names.ts';
import type { WorkerSettings } from './settings.ts';

type Known = Pick<WorkerSettings, 'home' | 'environment' | 'worktreeLinks'> & {
  /** Of the home. */
  seal: Seal;
  /** Rejects where the task is another worker's by now. */
  requireHeld: () => Promise<void>;
  /** Of the claim. */
  lease: string;
};

const MOST_TOLD = 10;

export class Workplace {
  /** Absolute, without a link in it. */
  readonly cwd: string;
  /** The task as it is to be done here: paths of the repository are those of the worktree. */
  readonly task: TaskFile;
  readonly #claim: Claim;
  readonly #known: Omit<Known, 'worktreeLinks'>;
  readonly #worktree: Worktree | null;
  readonly #evidence: Evidence | null;
  readonly #repositories: Repositories | null;
  /** What the worktree held at the last look. */
  #tree: string | null = null;
  #kept = false;
  /** A program may have run since repositories were looked for. */
  #isLookDue = true;
  /** Files of which the index said what was not so. */
  #lies: readonly string[] = [];
  #odd: ReturnType<typeof judgeReencoded> = null;

  private constructor(
    claim: Claim,
    known: Omit<Known, 'worktreeLinks'>,
    worktree: Worktree | null,
    evidence: Evidence | null,
    repositories: Repositories | null,
  ) {
    this.cwd = worktree?.cwd ?? folderOf(claim.task);
    this.task = worktree === null ? claim.task : movedTask(claim.task, worktree);
    this.#claim = claim;
    this.#known = known;
    this.#worktree = worktree;
    this.#evidence = evidence;
    this.#repositories = repositories;
  }

  /** Throws `usage` where the task asks for what the runner cannot do, `conflict` where its folder is not there. */
  static async prepare(
    claim: Claim,
    runner: Pick<Runner, 'name' | 'changesFiles'>,
    settings: Omit<Known, 'lease'>,
    signal?: AbortSignal,
  ): Promise<Workplace> {
    const { type, options } = claim.task;
    const cwd = folderOf(claim.task);
    if (!runner.changesFiles) refuseWhatText(runner.name, options);
    if (type !== 'code' && options.worktree === true) {
      throw new KoubouError('usage', '--worktree is for tasks of type code.');
    }
    const { home, seal, worktreeLinks: link, requireHeld } = settings;
    // A git that outlives its daemon is found and stopped by it, before another run comes to the same place.
    const environment = { ...settings.environment, KOUBOU_RUN: claim.marker };
    const known = { home, seal, environment, requireHeld, lease: claim.lease };
    // As ConfineOptions has it of what an agent asked for.
    const writesTo = (top: string): boolean => claim.task.confined === true && !holdsUser(top);
    const begun = async (folder: string): Promise<Repositories | null> =>
      mayMakeRepositories(claim.task, runner, folder)
        ? Repositories.begin(folder, { home, environment, writesTo, signal })
        : null;
    if (type !== 'code' || !runner.changesFiles)
      return new Workplace(claim, known, null, null, await begun(cwd));
    const worktree =
      options.worktree === true
        ? await makeWorktree({ id: claim.id, run: claim.run, cwd, link, signal, ...known })
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
    return new Workplace(claim, known, worktree, evidence, nested);
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
      await this.#tellOfLinks();
      const { tree, notes, lies, reencoded, ...changes } = await this.#evidence.changes(signal);
      this.#odd = judgeReencoded(reencoded);
      await this.#setIndexAside(lies);
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
      return { names: [], homes: [], bounded: false, trouble: why };
    }
  }

  /**
   * Sets aside what a program of the run made of repositories that git would run something of, before anything else is
   * started with the user's rights. null: there is nothing of the kind.
   */
  async setAside(): Promise<{ error: ErrorInfo; feedback: string } | null> {
    const came = await this.#repositories?.setAside();
    this.#isLookDue = false;
    const lied = judgeLies(this.#lies);
    await this.#note(came?.notes ?? []);
    return came?.wanting ?? lied ?? this.#odd;
  }

  /** Looked at again, after the check: null where what is kept is what was checked. */
  async moved(signal: AbortSignal): Promise<{ error: ErrorInfo; feedback: string } | null> {
    if (this.#claim.task.options.check === undefined) return null;
    const nested = await this.setAside();
    if (nested !== null) return nested;
    if (this.#evidence === null) return null;
    const { changed, homes, notes, lies } = await this.#evidence.movedSince(signal);
    await this.#note(notes);
    await this.#setIndexAside(lies);
    const home = judgeHomes(homes) ?? judgeLies(lies);
    if (home !== null || changed.length === 0) return home;
    return judgeMoved(changed);
  }

  /** The next look at the folder, and the user's own git, would believe it. */
  async #setIndexAside(lies: readonly string[]): Promise<void> {
    this.#lies = lies;
    const index = this.#evidence?.index;
    if (lies.length === 0 || index === undefined) return;
    const became = await setAside(index);
    if (became !== undefined) await this.#note([`${index} ${became}: it lied about ${named(lies)}`]);
  }

  async #note(notes: readonly string[]): Promise<void> {
    await noteOwn(this.#claim.scratch.logPath, notes);
  }

  async #tellOfLinks(): Promise<void> {
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
    hint: 'Name a runner that writes files, or say with --output FILE where the text goes.',
  });
};
