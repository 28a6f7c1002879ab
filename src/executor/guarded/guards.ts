/**
 * Watches over what is guarded in a sandbox. A mount over a file or folder goes when something outside of the sandbox puts
 * another one in its place, as git does when it writes its settings: from then on a program in there may write to it. And
 * over a link there is no mount. So whatever runs over it is ended at once, and a file or link is again what it was.
 */
import { type FSWatcher, lstatSync, realpathSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { KoubouError } from '../../errors.ts';
import { closeRead } from '../../names/close-read.ts';
import { Folder } from '../../names/folder.ts';
import { factsIfAny } from '../../names/walk.ts';
import type { ProgramEnd, RunningProgram } from '../../process/programs/start-program.ts';
import { named } from '../../text/named.ts';
import { type Guarded, heldAt, isSameFile, isThere, openClosed, putBack } from './put-back.ts';

/** Where a folder cannot be watched, and for what is replaced between two reports. */
const LOOK_MS = 200;

/** Between two looks while a program causes reports, and, in looks, how much of the time they may take at most. */
const PAUSE_MS = 20;
const PAUSE_LOOKS = 10;

/** Of what guarded files held, in memory while the program runs. */
const MOST_BYTES = 32 * 1024 * 1024;

export class Guards {
  readonly #guarded: Guarded[];
  readonly #folders = new Map<string, Folder>();
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  #isLost = false;
  #onLost: (() => void) | undefined;

  /** As it is now. What is not there is not guarded. Holds descriptors until `end` or `close`. */
  constructor(paths: readonly string[]) {
    const budget = { bytes: MOST_BYTES };
    this.#guarded = [...new Set(paths)].flatMap((path) => {
      if (factsIfAny(path) === undefined) return [];
      const folder = this.#folderOf(dirname(path));
      const at = folder.at(basename(path));
      const facts = factsIfAny(at);
      return facts === undefined ? [] : [{ path, folder, facts, held: heldAt(at, facts, budget) }];
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
    this.#watchFolders();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  #watchFolders(): void {
    for (const folder of this.#folders.keys()) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#reported(folder));
        watcher.on('error', () => this.#unwatch(folder));
        this.#watchers.set(folder, watcher);
      } catch {
        // No watch to spare: looked at from time to time.
      }
    }
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  /**
   * A program can cause reports faster than they are read, and libuv does nothing else until it has read the last one. So
   * one report ends the watch of its folder until the next look.
   */
  #reported(folder: string): void {
    this.#unwatch(folder);
    if (this.#pause !== undefined) return;
    const start = performance.now();
    this.#look();
    const pauseMs = Math.max(PAUSE_MS, PAUSE_LOOKS * (performance.now() - start));
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#watchFolders();
      this.#look();
    }, pauseMs).unref();
  }

  /**
   * To be called when nothing runs over them any more. Throws KoubouError `guard_lost` where something was replaced
   * meanwhile; a file or link is then what it was before, and what came in its place lies beside it.
   */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#pause);
    for (const folder of this.#folders.keys()) this.#unwatch(folder);
    this.#onLost = undefined;
    try {
      // Who replaced something may have closed a folder on its way.
      const closed = this.#guarded.filter((each) => !isThere(each.folder) || lookAt(each) === 'closed');
      for (const { folder } of closed) openClosed(folder.path);
      const lost = this.#lost();
      if (lost.length === 0 && closed.length > 0) throw closedError(closed.map(({ path }) => path));
      if (lost.length === 0) return;
      const asides: string[] = [];
      const left: string[] = [];
      for (const each of lost) {
        // What cannot be put back keeps nobody from putting back the others.
        const aside = await putBack(each).catch(() => undefined);
        if (aside === undefined) left.push(each.path);
        else if (aside !== null) asides.push(aside);
      }
      throw lostError(
        lost.map(({ path }) => path),
        { asides, left, isPutBack: left.length < lost.length },
      );
    } finally {
      this.close();
    }
  }

  close(): void {
    for (const folder of this.#folders.values()) folder.close();
    this.#folders.clear();
    for (const { held } of this.#guarded.splice(0))
      if (held !== null && 'descriptor' in held) closeRead(held.descriptor);
  }

  #look(): void {
    if (this.#isLost) return;
    this.#isLost = this.#lost().length > 0;
    if (this.#isLost) this.#onLost?.();
  }

  #lost(): Guarded[] {
    const gone = new Set([...this.#folders.values()].filter((folder) => !isThere(folder)));
    return this.#guarded.filter((each) => gone.has(each.folder) || lookAt(each) !== 'same');
  }
}

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

/** `closed`: it cannot be looked at, and so may be another one. Never throws: a program may cause any error here. */
const lookAt = ({ path, folder, facts }: Guarded): 'same' | 'other' | 'closed' => {
  try {
    const now = lstatSync(folder.at(basename(path)), { throwIfNoEntry: false });
    return isSameFile(now, facts) ? 'same' : 'other';
  } catch {
    return 'closed';
  }
};

/** Nothing was replaced, but nobody could have told. */
const closedError = (paths: readonly string[]): KoubouError =>
  new KoubouError(
    'guard_lost',
    `${named(paths, 5)}: the folder was closed while a program of the task ran, so that nobody could see whether it was replaced, and the program was ended.`,
    { hint: 'It is what it was, and its folder is open to you again.' },
  );

const lostError = (
  paths: readonly string[],
  { asides, left, isPutBack }: { asides: readonly string[]; left: readonly string[]; isPutBack: boolean },
): KoubouError => {
  const other =
    asides.length === 0
      ? ''
      : `; what came in its place: ${named(asides, 5)}. Take over from there what you wrote yourself`;
  const back = isPutBack ? `What had been there is there again${other}. ` : '';
  const open = left.length === 0 ? '' : `Not put back, so look at what is in there: ${named(left, 5)}. `;
  return new KoubouError(
    'guard_lost',
    `${named(paths, 5)}: replaced while a program of the task ran. Nothing protects it then, so the program was ended.`,
    {
      hint: `${back}${open}While a task works in a folder, install no packages in it, and leave settings of git and of agents there alone.`,
    },
  );
};
