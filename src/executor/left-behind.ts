/** What a program in a sandbox left where the user's own programs would follow it: judged when it has ended. */
import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import type { Confinement } from './executor.ts';
import { GitFolder, type Judged } from './git-folder.ts';
import { setAsideRepositories } from './nested-repositories.ts';
import { Remains } from './remains.ts';
import { setAside } from './set-aside.ts';
import { isFree, isStandIn, makeStandIns, removeStandIn } from './stand-in.ts';

type Watched = Pick<Confinement, 'unwanted' | 'standIns' | 'gitFolders' | 'folders'>;

export class LeftBehind {
  readonly #folders: readonly string[];
  readonly #git: readonly GitFolder[];
  readonly #missing: readonly string[];
  readonly #standIns: readonly string[];

  private constructor(
    folders: readonly string[],
    git: readonly GitFolder[],
    missing: readonly string[],
    standIns: readonly string[],
  ) {
    this.#folders = folders;
    this.#git = git;
    this.#missing = missing;
    this.#standIns = standIns;
  }

  static async before({ unwanted, standIns, gitFolders, folders }: Watched): Promise<LeftBehind> {
    const git: GitFolder[] = [];
    for (const { path, parts } of gitFolders) git.push(await GitFolder.before(path, parts));
    const made: string[] = [];
    for (const path of standIns) if (isMissing(path) || (await isStandIn(path))) made.push(path);
    await makeStandIns(made);
    return new LeftBehind(folders, git, unwanted.filter(isMissing), made);
  }

  /** To be called once, when nothing runs in there any more. */
  async judge(): Promise<Judged> {
    const remains = new Remains();
    const kept = await this.#removeStandIns(remains);
    const all: (Judged | undefined)[] = [];
    for (const folder of this.#git)
      all.push(await remains.try(folder.path, () => folder.judge(kept, remains)));
    all.push(await setAsideRepositories(this.#folders, remains));
    for (const path of this.#missing) all.push(await remains.try(path, () => judgeMissing(path)));
    const judged = all.filter((each) => each !== undefined);
    const errors = [remains.error, ...judged.map(({ broken }) => broken)];
    const [broken, ...more] = errors.filter((each) => each !== undefined);
    const notes = [...judged.flatMap((each) => each.notes), ...more.map(({ message }) => message)];
    return { notes, ...(broken === undefined ? {} : { broken }) };
  }

  /** Answers with the names of those over which another program runs. */
  async #removeStandIns(remains: Remains): Promise<Set<string>> {
    const kept = new Set<string>();
    for (const path of this.#standIns) {
      if (!isFree(path)) kept.add(basename(path));
      else await remains.try(path, () => removeStandIn(path));
    }
    return kept;
  }
}

const isMissing = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) === undefined;

const judgeMissing = async (path: string): Promise<Judged> => {
  const became = isMissing(path) ? undefined : await setAside(path);
  return { notes: became === undefined ? [] : [`${path} came while the program ran, and ${became}`] };
};
