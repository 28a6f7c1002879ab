/** What a program in a sandbox left where the user's own programs would follow it: judged when it has ended. */
import { lstatSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { KoubouError } from '../errors.ts';
import type { Confinement } from './executor.ts';
import { GitFolder, type Judged } from './git-folder.ts';
import { setAsideRepositories } from './nested-repositories.ts';
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
    const kept = new Set<string>();
    for (const path of this.#standIns) {
      if (!isFree(path)) kept.add(basename(path));
      else await removeStandIn(path);
    }
    try {
      const all: Judged[] = [];
      for (const folder of this.#git) all.push(await folder.judge(kept));
      all.push(await setAsideRepositories(this.#folders));
      for (const path of this.#missing.filter((each) => !isMissing(each))) all.push(await setAside(path));
      const broken = all.find((each) => each.broken !== undefined)?.broken;
      return { notes: all.flatMap(({ notes }) => notes), ...(broken === undefined ? {} : { broken }) };
    } catch (error) {
      const message = `What the program left cannot be looked at: ${String(error)}`;
      return { notes: [], broken: new KoubouError('repository_lost', message, { cause: error }) };
    }
  }
}

const isMissing = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) === undefined;

const setAside = async (path: string): Promise<Judged> => {
  const aside = `${path}.koubou-aside-${Date.now()}`;
  await rename(path, aside);
  return { notes: [`${path} came while the program ran, and was set aside: it is ${aside} now`] };
};
