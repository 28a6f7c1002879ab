/**
 * Stops everything that belongs to a run: its process group, the descendants, and whatever carries the
 * run's KOUBOU_RUN (an agent's tool commands have sessions of their own and survive a group kill).
 * Killing a stranger is worse than leaving a child: a process is only ever named by pid and start time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isShortage, systemCode } from '../../errors.ts';
import { startTimeOf } from '../liveness.ts';
import { pidsWriting, type RunFiles } from './holders.ts';
import { type ProcessEntry, pidsCarrying, processTable } from './process-table.ts';

export interface Tree {
  /** The leader of the run's process group; null: only what carries the marker. */
  pid: number | null;
  /** The leader's recorded start time; null is like a null pid: a pid alone names nobody. */
  startTime: string | null;
  /** KOUBOU_RUN of the run; null: only the leader's group and descendants. */
  marker: string | null;
  /** Whoever writes to these belongs to it. */
  files?: RunFiles;
}

export interface StopOptions extends Tree {
  /** What asks the program to end by itself. */
  askSignal?: NodeJS.Signals;
  /** The leader is not asked: it ends when what it started has, and would take that with it. */
  sparesLeader?: boolean;
  /** Milliseconds between asking and killing. */
  graceMs?: number;
}

export interface Stopped {
  /** Pids that did not end by themselves and were killed. */
  killed: number[];
  /** Pids that still live (they belong to someone else, or hang in the kernel). */
  left: number[];
}

const POLL_MS = 20;
/** SIGKILL works at once except on a process that hangs in the kernel; nobody waits longer for one. */
const KILL_WAIT_MS = 2000;
const BLIND_WAIT_MS = 60_000;

/**
 * Asks the group to end, waits up to `graceMs`, then kills what is left of the tree. Returns when all of
 * it is gone, or `left` says what is not. A tree that is gone already is no error. Rejects only where for a minute no
 * process could be seen for want of descriptors.
 */
export const stopTree = async (options: StopOptions): Promise<Stopped> => {
  const hunt = new ProcessTreeKiller(options);
  const end = performance.now() + BLIND_WAIT_MS;
  for (;;) {
    try {
      return await stopWith(hunt, options);
    } catch (error) {
      // No process can be seen for want of descriptors: that passes, and what is left now is left for good.
      if (!isShortage(error) || performance.now() > end) throw error;
      await delay(POLL_MS);
    }
  }
};

const stopWith = async (hunt: ProcessTreeKiller, options: StopOptions): Promise<Stopped> => {
  const graceMs = options.graceMs ?? 5000;
  if (graceMs > 0 && hunt.look() > 0) {
    const ask = options.askSignal ?? 'SIGTERM';
    const { pid, startTime, sparesLeader = false } = options;
    const end = performance.now() + graceMs;
    const leads = (): boolean => pid !== null && startTime !== null && startTimeOf(pid) === startTime;
    if (!sparesLeader && leads()) {
      if (pid !== null) signal(-pid, ask);
      await until(() => !leads(), end);
    }
    // What has a session of its own did not hear it, and the one who would have told it is gone.
    hunt.signalAll(ask, sparesLeader ? pid : null);
    await hunt.gone(end);
  }
  return hunt.killAll();
};

/** Kills at once whatever carries KOUBOU_RUN=marker, or writes to the files of that run. */
export const killMarked = (marker: string, files?: RunFiles): Promise<Stopped> =>
  stopTree({
    pid: null,
    startTime: null,
    marker,
    graceMs: 0,
    ...(files === undefined ? {} : { files }),
  });

class ProcessTreeKiller {
  readonly #tree: Tree;
  /** Everything ever seen of the tree, by pid: parents die first and their children then look like anyone's. */
  readonly #known = new Map<number, string>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Looks for members of the tree; returns how many of them were not known before. */
  look(): number {
    const { pid, startTime, marker, files } = this.#tree;
    const marked = marker === null ? new Set<number>() : pidsCarrying(marker);
    if (files !== undefined) for (const writer of pidsWriting(files)) marked.add(writer);
    if (pid === null && marked.size === 0 && this.#known.size === 0) return 0;
    const table = processTable();
    const byPid = new Map(table.map((entry) => [entry.pid, entry]));
    const isLeader = (entry: ProcessEntry): boolean => entry.pid === pid && entry.startTime === startTime;
    const led = table.some(isLeader);
    let found = 0;
    for (let before = -1; before !== found; ) {
      before = found;
      for (const entry of table) {
        if (this.#isKnown(entry) || isUntouchable(entry.pid)) continue;
        const parent = byPid.get(entry.parent);
        const belongs =
          isLeader(entry) ||
          marked.has(entry.pid) ||
          // A group whose leader is gone may be another's: the number is free again once it emptied.
          (led && entry.group === pid) ||
          (parent !== undefined && this.#isKnown(parent));
        if (!belongs) continue;
        this.#known.set(entry.pid, entry.startTime);
        found += 1;
      }
    }
    return found;
  }

  alive(): number[] {
    return [...this.#known].filter(([pid, start]) => startTimeOf(pid) === start).map(([pid]) => pid);
  }

  signalAll(name: NodeJS.Signals, spared: number | null = null): void {
    for (const pid of this.alive()) if (pid !== spared) signal(pid, name);
  }

  /** Waits until nothing of the tree lives, or until `end` (of performance.now()). */
  gone(end: number): Promise<void> {
    return until(() => this.alive().length === 0 && this.look() === 0, end);
  }

  async killAll(): Promise<Stopped> {
    this.look();
    if (this.#known.size === 0) return { killed: [], left: [] };
    // Stopped first, so that nothing forks between being seen and being killed.
    do this.signalAll('SIGSTOP');
    while (this.look() > 0);
    const killed = this.alive();
    this.signalAll('SIGKILL');
    if (killed.length > 0) await this.gone(performance.now() + KILL_WAIT_MS);
    return { killed, left: this.alive() };
  }

  #isKnown(entry: ProcessEntry): boolean {
    return this.#known.get(entry.pid) === entry.startTime;
  }
}

const until = async (condition: () => boolean, end: number): Promise<void> => {
  while (!condition() && performance.now() < end) await delay(POLL_MS);
};

const isUntouchable = (pid: number): boolean => pid <= 1 || pid === process.pid;

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone meanwhile, or not ours: `left` tells of the latter.
    const code = systemCode(error);
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
};
