/**
 * Watches over what is guarded in a sandbox. A mount over a file or folder goes when something outside of the sandbox puts
 * another one in its place, as git does when it writes its settings: from then on a program in there may write to it. And
 * over a link there is no mount. So whatever runs over it is ended at once, and a file or link is again what it was.
 */
import {
  type FSWatcher,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  watch,
} from 'node:fs';
import { link, open, rename, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { Folder } from '../../names/folder.ts';
import type { ProgramEnd, RunningProgram } from '../../process/programs/start-program.ts';
import { named } from '../../text/named.ts';

interface Guarded {
  path: string;
  /** The one in which it lies, held open: what is put back goes into it, wherever its name leads to by then. */
  folder: Folder;
  facts: Stats;
  /** What a file held, or where a link leads; null: a folder, or a file too large to be kept. */
  held: { bytes: Buffer } | { target: Buffer } | null;
}

const MOST_BYTES = 4 * 1024 * 1024;
/** Where a folder cannot be watched, and for what is replaced between two reports. */
const LOOK_MS = 200;

export class Guards {
  readonly #guarded: readonly Guarded[];
  readonly #folders = new Map<string, Folder>();
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isLost = false;
  #onLost: (() => void) | undefined;

  /** As it is now. What is not there is not guarded. Holds descriptors until `end` or `close`. */
  constructor(paths: readonly string[]) {
    this.#guarded = [...new Set(paths)].flatMap((path) => {
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return [];
      const folder = this.#folderOf(dirname(path));
      const at = folder.at(basename(path));
      const facts = lstatSync(at, { throwIfNoEntry: false });
      return facts === undefined ? [] : [{ path, folder, facts, held: heldAt(at, facts) }];
    });
  }

  #folderOf(path: string): Folder {
    const folder = this.#folders.get(path) ?? Folder.open(realpathSync(path));
    this.#folders.set(path, folder);
    return folder;
  }

  /** Begins to watch; `onLost` is called once at most. */
  watch(onLost: () => void): void {
    this.#onLost = onLost;
    for (const folder of this.#folders.keys()) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#look());
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // No watch to spare: looked at from time to time.
      }
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  /**
   * To be called when nothing runs over them any more. Throws KoubouError `guard_lost` where something was replaced
   * meanwhile; a file or link is then what it was before, and what came in its place lies beside it.
   */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
    this.#onLost = undefined;
    try {
      const lost = this.#lost();
      if (lost.length === 0) return;
      const asides: string[] = [];
      for (const each of lost) {
        // What cannot be put back keeps nobody from putting back the others.
        const aside = await putBack(each).catch(() => undefined);
        if (aside !== undefined) asides.push(aside);
      }
      throw lostError(
        lost.map(({ path }) => path),
        asides,
      );
    } finally {
      this.close();
    }
  }

  close(): void {
    for (const folder of this.#folders.values()) folder.close();
    this.#folders.clear();
  }

  #look(): void {
    if (this.#isLost) return;
    this.#isLost = this.#lost().length > 0;
    if (this.#isLost) this.#onLost?.();
  }

  #lost(): Guarded[] {
    const gone = new Set([...this.#folders.values()].filter((folder) => !isThere(folder)));
    return this.#guarded.filter((each) => gone.has(each.folder) || !isSame(each));
  }
}

const heldAt = (at: string, facts: Stats): Guarded['held'] => {
  if (facts.isSymbolicLink()) return { target: readlinkSync(at, { encoding: 'buffer' }) };
  return facts.isFile() && facts.size <= MOST_BYTES ? { bytes: readFileSync(at) } : null;
};

/** The program, ended by `kill` when something is replaced that is guarded. Its end says so, and comes after all is put back. */
export const watchedOver = (program: RunningProgram, guards: Guards, kill: () => void): RunningProgram => {
  guards.watch(kill);
  const ended = async (): Promise<ProgramEnd> => {
    const end = await program.ended;
    const broken = await guards.end().then(() => undefined, asKoubouError);
    return broken === undefined ? end : { ...end, broken };
  };
  return { ...program, ended: ended() };
};

const asKoubouError = (error: unknown): KoubouError =>
  error instanceof KoubouError
    ? error
    : new KoubouError('guard_lost', `What the sandbox protects cannot be looked at: ${String(error)}`, {
        cause: error,
      });

const isThere = (folder: Folder): boolean => {
  try {
    folder.requireThere();
    return true;
  } catch {
    return false;
  }
};

const isSame = ({ path, folder, facts }: Guarded): boolean => {
  const now = lstatSync(folder.at(basename(path)), { throwIfNoEntry: false });
  // The number of a file that is gone may be that of a new one.
  return (
    now !== undefined &&
    now.ino === facts.ino &&
    now.dev === facts.dev &&
    now.birthtimeMs === facts.birthtimeMs
  );
};

/**
 * Answers with where the other one lies now; undefined: nothing was put back. Not in a folder that was moved: at its name is
 * another one, perhaps a link to elsewhere.
 */
const putBack = async ({ path, folder, held }: Guarded): Promise<string | undefined> => {
  if (held === null || !isThere(folder)) return undefined;
  const name = basename(path);
  const aside = `${name}.replaced-${Date.now()}`;
  const at = (each: string): string => folder.at(each);
  const fresh = at(`${aside}.new`);
  if ('target' in held) await symlink(held.target, fresh);
  else await writeDurably(fresh, held.bytes);
  // By a second name, so that a worker that is killed here leaves the file at its place. Some disks have no such names.
  await link(at(name), at(aside)).catch(() => rename(at(name), at(aside)).catch(() => undefined));
  await rename(fresh, at(name));
  return join(dirname(path), aside);
};

const writeDurably = async (path: string, bytes: Buffer): Promise<void> => {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
};

const lostError = (paths: readonly string[], asides: readonly string[]): KoubouError =>
  new KoubouError(
    'guard_lost',
    `${named(paths, 5)}: replaced while a program of the task ran. Nothing protects it then, so the program was ended.`,
    {
      hint:
        asides.length === 0
          ? 'Look at what is in there: nothing was put back. While a task works in a folder, install no packages in it.'
          : `What had been there is there again${asides.length < paths.length ? ', as far as it could be put back' : ''}; what came in its place: ${named(asides, 5)}. Take over from there what you wrote yourself. While a task works in a folder, leave settings of git and of agents there alone.`,
    },
  );
