/**
 * Watches over what is guarded in a sandbox. A mount over a file or folder goes when something outside of the sandbox puts
 * another one in its place, as git does when it writes its settings: from then on a program in there may write to it. And
 * over a link there is no mount. So whatever runs over it is ended at once, and a file or link is again what it was.
 */
import { type FSWatcher, lstatSync, readFileSync, readlinkSync, type Stats, watch } from 'node:fs';
import { link, open, rename, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KoubouError } from '../../errors.ts';
import type { ProgramEnd, RunningProgram } from '../../process/programs/start-program.ts';
import { named } from '../../text/named.ts';

interface Guarded {
  path: string;
  facts: Stats;
  /** What a file held, or where a link leads; null: a folder, or a file too large to be kept. */
  held: { bytes: Buffer } | { target: Buffer } | null;
}

const MOST_BYTES = 4 * 1024 * 1024;
/** Where a folder cannot be watched, and for what is replaced between two reports. */
const LOOK_MS = 200;

export class Guards {
  readonly #guarded: readonly Guarded[];
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isLost = false;
  #onLost: (() => void) | undefined;

  /** As it is now. What is not there is not guarded. */
  constructor(paths: readonly string[]) {
    this.#guarded = [...new Set(paths)].flatMap((path) => {
      const facts = lstatSync(path, { throwIfNoEntry: false });
      if (facts === undefined) return [];
      return [{ path, facts, held: heldAt(path, facts) }];
    });
  }

  /** Begins to watch; `onLost` is called once at most. */
  watch(onLost: () => void): void {
    this.#onLost = onLost;
    const folders = new Set(this.#guarded.map(({ path }) => dirname(path)));
    for (const folder of folders) {
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
   * meanwhile; a file holds then what it held before, and what came in its place lies beside it.
   */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
    this.#onLost = undefined;
    const lost = this.#guarded.filter((each) => !isSame(each));
    if (lost.length === 0) return;
    const asides: string[] = [];
    for (const { path, held } of lost) {
      // What cannot be put back keeps nobody from putting back the others.
      const aside = held === null ? undefined : await putBack(path, held).catch(() => undefined);
      if (aside !== undefined) asides.push(aside);
    }
    throw lostError(
      lost.map(({ path }) => path),
      asides,
    );
  }

  #look(): void {
    if (this.#isLost) return;
    this.#isLost = this.#guarded.some((each) => !isSame(each));
    if (this.#isLost) this.#onLost?.();
  }
}

const heldAt = (path: string, facts: Stats): Guarded['held'] => {
  if (facts.isSymbolicLink()) return { target: readlinkSync(path, { encoding: 'buffer' }) };
  return facts.isFile() && facts.size <= MOST_BYTES ? { bytes: readFileSync(path) } : null;
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

const isSame = ({ path, facts }: Guarded): boolean => {
  const now = lstatSync(path, { throwIfNoEntry: false });
  // The number of a file that is gone may be that of a new one.
  return (
    now !== undefined &&
    now.ino === facts.ino &&
    now.dev === facts.dev &&
    now.birthtimeMs === facts.birthtimeMs
  );
};

/** Answers with where the other one lies now. */
const putBack = async (path: string, held: NonNullable<Guarded['held']>): Promise<string> => {
  const aside = `${path}.replaced-${Date.now()}`;
  const fresh = `${aside}.new`;
  if ('target' in held) await symlink(held.target, fresh);
  else await writeDurably(fresh, held.bytes);
  // By a second name, so that a worker that is killed here leaves the file at its place. Some disks have no such names.
  await link(path, aside).catch(() => rename(path, aside).catch(() => undefined));
  await rename(fresh, path);
  return aside;
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
          ? 'Look at what is in there. While a task works in a folder, install no packages in it.'
          : `What had been there is there again${asides.length < paths.length ? ', as far as it could be put back' : ''}; what came in its place: ${named(asides, 5)}. Take over from there what you wrote yourself. While a task works in a folder, leave settings of git and of agents there alone.`,
    },
  );
