/**
 * Watches over what is guarded by a mount. A mount over a file or folder goes when something outside of the sandbox puts
 * another one in its place, as git does when it writes its settings: from then on a program in there may write to it.
 * So whatever runs over it is ended at once, and a file gets back what it held.
 */
import { type FSWatcher, lstatSync, readFileSync, type Stats, watch } from 'node:fs';
import { link, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KoubouError } from '../../errors.ts';

interface Guarded {
  path: string;
  facts: Stats;
  /** null: a folder, or a file too large to be kept. */
  bytes: Buffer | null;
}

const MOST_BYTES = 4 * 1024 * 1024;
/** Where a folder cannot be watched, and for what is replaced between two reports. */
const LOOK_MS = 200;

export class Guards {
  readonly #guarded: readonly Guarded[];
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lost: Guarded | undefined;
  #onLost: (() => void) | undefined;

  /** As it is now. What is not there is not guarded. */
  constructor(paths: readonly string[]) {
    this.#guarded = [...new Set(paths)].flatMap((path) => {
      const facts = lstatSync(path, { throwIfNoEntry: false });
      if (facts === undefined) return [];
      const isKept = facts.isFile() && facts.size <= MOST_BYTES;
      return [{ path, facts, bytes: isKept ? readFileSync(path) : null }];
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
    this.#look();
    if (this.#lost === undefined) return;
    const { path, bytes } = this.#lost;
    throw lostError(path, bytes === null ? null : await putBack(path, bytes));
  }

  #look(): void {
    if (this.#lost !== undefined) return;
    this.#lost = this.#guarded.find((each) => !isSame(each));
    if (this.#lost !== undefined) this.#onLost?.();
  }
}

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
const putBack = async (path: string, bytes: Buffer): Promise<string> => {
  const aside = `${path}.replaced-${Date.now()}`;
  const fresh = `${aside}.new`;
  const file = await open(fresh, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  // By a second name, so that a worker that is killed here leaves the file at its place. Some disks have no such names.
  await link(path, aside).catch(() => rename(path, aside).catch(() => undefined));
  await rename(fresh, path);
  return aside;
};

const lostError = (path: string, aside: string | null): KoubouError =>
  new KoubouError(
    'guard_lost',
    `${path} was replaced while a program of the task ran, which ended the protection over it, so the program was ended too.`,
    {
      hint:
        aside === null
          ? 'Look at what is in there. While a task works in a folder, install no packages in it.'
          : `It holds again what it held before; what came in its place is ${aside}. Take over from there what you wrote yourself. While a task works in a folder, leave the settings of git there alone.`,
    },
  );
