/**
 * A worktree that another git makes or removes at this moment: a git that looks over all of them finds it half there
 * and gives up. Where that other git was killed it stays so, and stops every later one.
 */
import { lstat, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeTree } from '../../names/remove-tree.ts';

const NAMED = /\.git\/(?:modules\/.+\/)?worktrees\/([^/]+)\/\w+/;
/** Nobody else gives a worktree such a name. */
const OURS = /^task_\d{8}_\d{6}_\d{6}_[0-9a-z]{4}(?:\.r\d+)?$/;
/** A git that lives is through with it in a few milliseconds, on a busy machine too. */
const KILLED_AFTER_MS = 3000;
/** What is not ours is never removed, and a moment is enough for who makes it. */
const THEIRS_FOR_MS = 1000;
const AGAIN_MS = 50;

/** The name of the worktree that a git which failed complains of. */
export const halfWorktreeIn = (stderr: string): string | undefined => NAMED.exec(stderr)?.[1];

/** Clears away one of ours that its git or a loss of power left half there. */
export const clearHalfWorktree = async (name: string, commonFolder: string): Promise<void> => {
  if (isDone(await stampOf(join(commonFolder, 'worktrees', name)))) return;
  const half = new HalfWorktree();
  while (await half.mayPass(name, () => Promise.resolve(commonFolder))) {
    if (isDone(await stampOf(join(commonFolder, 'worktrees', name)))) return;
    await delay(AGAIN_MS);
  }
};

/** Of one call of git that is made again as long as it meets a half worktree. */
export class HalfWorktree {
  readonly #began = performance.now();
  readonly #seen = new Map<string, { stamp: string; sinceMs: number }>();

  /** Whether the call may be made again; removes one of ours that has stayed as it is. `commonFolder`: of git. */
  async mayPass(name: string, commonFolder: () => Promise<string>): Promise<boolean> {
    const now = performance.now();
    if (!OURS.test(name)) return now - this.#began < THEIRS_FOR_MS;
    const folder = await commonFolder();
    if (!isAbsolute(folder)) return false;
    const path = join(folder, 'worktrees', name);
    const stamp = await stampOf(path);
    const before = this.#seen.get(name);
    const since = before?.stamp === stamp ? before.sinceMs : now;
    this.#seen.set(name, { stamp, sinceMs: since });
    if (now - since < KILLED_AFTER_MS) return true;
    if (isDone(stamp)) return false;
    await removeTree(path, { from: folder });
    return true;
  }
}

const GONE = 'gone';
const WHOLE = 'whole';

const isDone = (stamp: string): boolean => stamp === GONE || stamp === WHOLE;

/** git writes `commondir` last of what makes a worktree one; a loss of power leaves any of them empty. */
const PARTS = ['commondir', 'gitdir', 'HEAD'];

/** A link that a repository brings in the place of the folder of worktrees leads to what is not git's. */
const stampOf = async (path: string): Promise<string> => {
  try {
    if (!(await lstat(dirname(path))).isDirectory()) return GONE;
    const folder = await stat(path);
    const parts = await Promise.all(PARTS.map((name) => stat(join(path, name)).catch(() => undefined)));
    if (parts[0] !== undefined && parts.every((each) => each?.size !== 0)) return WHOLE;
    return [folder.ino, folder.mtimeMs, ...parts.map((each) => each?.mtimeMs)].join(' ');
  } catch {
    return GONE;
  }
};
