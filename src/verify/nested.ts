/**
 * Repositories below the folder of a run that came with it, or that it armed, and of which the user's next git at the
 * top would run something: it enters those at the gitlinks of the index, and `git add` makes one of any other. They are
 * set aside: renamed into what git does not follow, with nothing removed.
 */
import { chmod, lstat, realpath, rename } from 'node:fs/promises';
import { type ErrorInfo, errorInfo, systemCode } from '../errors.ts';
import { isArmed } from '../process/armed-repository.ts';
import { asBytes, asName, shownName } from '../process/git.ts';
import { commonOf, gitFolderOf, gitlinkFolders, nestedGit, topAround } from '../process/nested-git.ts';
import { isWithin } from '../text/is-within.ts';
import { named } from './evidence-notes.ts';

/** No git takes it for a repository's. */
const ASIDE = '.git.koubou-aside-';

interface Places {
  /** The folder of the work. */
  folder: string;
  /** The top of the work tree around it. */
  top: string | undefined;
  /** One of both: where the run may have written, so that what others do beside it is not touched. */
  reach: string;
  except: readonly string[];
}

export interface NestedAsked {
  /** Of koubou. */
  home: string;
  /** Whether the run may write to the work tree around its folder, too. */
  writesTo: (top: string) => boolean;
  signal?: AbortSignal | undefined;
}

interface Found {
  path: string;
  /** Which file or folder it is. */
  ino: bigint;
}

export class NestedRepositories {
  readonly #places: Places;
  /** Those that were armed when the run began: they are the user's affair. By path. */
  readonly #armed: ReadonlyMap<string, bigint>;

  private constructor(places: Places, armed: ReadonlyMap<string, bigint>) {
    this.#places = places;
    this.#armed = armed;
  }

  /** `folder`: absolute and real. */
  static async begin(folder: string, asked: NestedAsked): Promise<NestedRepositories> {
    const { home, writesTo, signal } = asked;
    const start = asName(folder);
    const realHome = await realpath(home).catch(() => home);
    const top = await topAround(start);
    const reach = top !== undefined && writesTo(shownName(top)) ? top : start;
    const places = { folder: start, top, reach, except: [asName(realHome)] };
    const armed = new Map((await armedIn(places, signal)).map(({ path, ino }) => [path, ino]));
    return new NestedRepositories(places, armed);
  }

  /** Their folders, as text, from that of the work. May be called again. */
  async setAside(): Promise<string[]> {
    const { folder } = this.#places;
    const names: string[] = [];
    for (const { path, ino } of await armedIn(this.#places)) {
      if (this.#armed.get(path) === ino) continue;
      if (!(await moveAside(path))) continue;
      const parent = path.slice(0, -'/.git'.length);
      names.push(shownName(parent.startsWith(`${folder}/`) ? parent.slice(folder.length + 1) : parent));
    }
    return names.sort();
  }
}

/** Where none was around the folder, its own `.git` is one that came. */
const armedIn = async ({ folder, top, reach, except }: Places, signal?: AbortSignal): Promise<Found[]> => {
  const around = top ?? folder;
  const seen = new Set([`${folder}/.git`]);
  // The folder first: what lies around it may be more than is looked through.
  for (const start of new Set([folder, reach])) {
    for (const path of await nestedGit(start, { except, signal })) seen.add(path);
  }
  const tops = [around, ...[...seen].map((path) => path.slice(0, -'/.git'.length))];
  for (const path of await gitlinkFolders(tops)) if (isWithin(path, reach)) seen.add(`${path}/.git`);
  // The user's own.
  if (top !== undefined) seen.delete(`${top}/.git`);
  const own = await gitFolderOf(`${around}/.git`);
  const common = own === undefined ? null : ((await commonOf(own)) ?? own);
  const found: Found[] = [];
  for (const path of seen) {
    signal?.throwIfAborted();
    const facts = await lstat(asBytes(path), { bigint: true }).catch(() => undefined);
    if (facts !== undefined && (await isArmed(path, common))) found.push({ path, ino: facts.ino });
  }
  return found;
};

/** git enters nothing behind a link. */
const moveAside = async (path: string): Promise<boolean> => {
  const parent = asBytes(path.slice(0, -'/.git'.length));
  const real = await realpath(parent, { encoding: 'buffer' }).catch(() => undefined);
  if (real?.equals(parent) !== true) return false;
  const aside = Buffer.concat([parent, Buffer.from(`/${ASIDE}${Date.now()}`)]);
  await rename(asBytes(path), aside).catch(async (error: unknown) => {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    // Who made the folder may have closed it.
    await chmod(parent, 0o700);
    await rename(asBytes(path), aside);
  });
  return true;
};

export const judgeNested = (folders: readonly string[]): { error: ErrorInfo; feedback: string } | null =>
  folders.length === 0
    ? null
    : {
        error: errorInfo(
          'nested_repository',
          `The run made a repository that git at the top of yours would enter, and run programs of: ${named(folders, 5)}.`,
          `Its .git is called ${ASIDE}… now, and nothing was removed. Read config and hooks in there; where you want it, rename it to .git. Check submodules out yourself (git submodule update --init) before you delegate.`,
        ),
        feedback: `Make no repository with hooks or settings of its own within the folder: ${named(folders, 5)}. Where a submodule is missing, say so in place of making it.`,
      };
