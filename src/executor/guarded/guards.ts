/**
 * Watches over what is guarded in a sandbox. A mount over a file or folder goes when something outside of the sandbox puts
 * another one in its place, as git does when it writes its settings: from then on a program in there may write to it. And
 * over a link there is no mount. So whatever runs over it is ended at once, and a file or link is again what it was.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  constants,
  type FSWatcher,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
  watch,
} from 'node:fs';
import { link, open, rename, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import { closeRead } from '../../names/close-read.ts';
import { Folder } from '../../names/folder.ts';
import type { ProgramEnd, RunningProgram } from '../../process/programs/start-program.ts';
import { named } from '../../text/named.ts';

interface Guarded {
  path: string;
  /** The one in which it lies, held open: what is put back goes into it, wherever its name leads to by then. */
  folder: Folder;
  facts: Stats;
  /** What a file held, or where a link leads; a large file by its descriptor; null: a folder. */
  held: { bytes: Buffer } | { descriptor: number } | { target: Buffer } | null;
}

/**
 * In the moment in which a mount goes, the file under it can be written to by the name that it still has: only what was read
 * before is surely what it held.
 */
const MOST_BYTES = 4 * 1024 * 1024;

/** Where a folder cannot be watched, and for what is replaced between two reports. */
const LOOK_MS = 200;

export class Guards {
  readonly #guarded: Guarded[];
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
      const left: string[] = [];
      for (const each of lost) {
        // What cannot be put back keeps nobody from putting back the others.
        const aside = await putBack(each).catch(() => undefined);
        if (aside === undefined) left.push(each.path);
        else asides.push(aside);
      }
      throw lostError(
        lost.map(({ path }) => path),
        { asides, left },
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
    return this.#guarded.filter((each) => gone.has(each.folder) || !isSame(each));
  }
}

const heldAt = (at: string, facts: Stats): Guarded['held'] => {
  if (facts.isSymbolicLink()) return { target: readlinkSync(at, { encoding: 'buffer' }) };
  if (!facts.isFile()) return null;
  try {
    if (facts.size <= MOST_BYTES) return { bytes: readFileSync(at) };
    return { descriptor: openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW) };
  } catch (error) {
    // Who cannot read it cannot put it back.
    if (systemCode(error) === 'EACCES') return null;
    throw error;
  }
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
const putBack = async (guarded: Guarded): Promise<string | undefined> => {
  const { path, folder, held, facts } = guarded;
  if (held === null || !isThere(folder)) return undefined;
  const name = basename(path);
  const tag = `${Date.now()}-${randomBytes(4).toString('hex')}`;
  const aside = name.length > LONGEST_TAGGED ? `replaced-${tag}` : `${name}.replaced-${tag}`;
  const at = (each: string): string => folder.at(each);
  const fresh = at(`replaced-${tag}.new`);
  return whereOpen(folder, async () => {
    if ('target' in held) await symlink(held.target, fresh);
    else await writeAgain(fresh, held, facts);
    // By a second name, so that a worker that is killed here leaves the file at its place. Some disks have no such names.
    await link(at(name), at(aside)).catch(() => rename(at(name), at(aside)).catch(() => undefined));
    await rename(fresh, at(name));
    return join(dirname(path), aside);
  });
};

const LONGEST_TAGGED = 60;

/** Who replaced it may have closed the folder behind it. */
const whereOpen = async <T>(folder: Folder, action: () => Promise<T>): Promise<T> => {
  try {
    return await action();
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    const { mode } = statSync(folder.self);
    chmodSync(folder.self, 0o700);
    try {
      return await action();
    } finally {
      chmodSync(folder.self, mode | 0o700);
    }
  }
};

const requireUnchanged = (descriptor: number, { size, mtimeMs }: Stats): void => {
  const now = fstatSync(descriptor);
  if (now.size !== size || now.mtimeMs !== mtimeMs) throw new Error('It was written to as its mount went.');
};

const PIECE_BYTES = 1024 * 1024;

function* piecesOf(descriptor: number): Generator<Buffer> {
  for (let at = 0; ; ) {
    const buffer = Buffer.alloc(PIECE_BYTES);
    const count = readSync(descriptor, buffer, 0, buffer.length, at);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    at += count;
  }
}

const writeAgain = async (
  path: string,
  held: { bytes: Buffer } | { descriptor: number },
  facts: Stats,
): Promise<void> => {
  if ('descriptor' in held) requireUnchanged(held.descriptor, facts);
  const file = await open(path, 'wx', 0o600);
  try {
    if ('bytes' in held) await file.writeFile(held.bytes);
    else for (const piece of piecesOf(held.descriptor)) await file.writeFile(piece);
    if (process.getuid?.() === 0) await file.chown(facts.uid, facts.gid);
    await file.chmod(facts.mode & 0o7777);
    await file.sync();
  } finally {
    await file.close();
  }
};

const lostError = (
  paths: readonly string[],
  { asides, left }: { asides: readonly string[]; left: readonly string[] },
): KoubouError => {
  const back =
    asides.length === 0
      ? ''
      : `What had been there is there again; what came in its place: ${named(asides, 5)}. Take over from there what you wrote yourself. `;
  const open = left.length === 0 ? '' : `Not put back, so look at what is in there: ${named(left, 5)}. `;
  return new KoubouError(
    'guard_lost',
    `${named(paths, 5)}: replaced while a program of the task ran. Nothing protects it then, so the program was ended.`,
    {
      hint: `${back}${open}While a task works in a folder, install no packages in it, and leave settings of git and of agents there alone.`,
    },
  );
};
