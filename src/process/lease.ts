/**
 * What a worker has of a task while it does it: the right to act for it, which fencing takes away, and where it records what
 * it starts. The one value that an attempt hands down to each program, git and check of it.
 */
import { existsSync } from 'node:fs';
import { KoubouError } from '../errors.ts';

export interface Lease {
  /** KOUBOU_RUN of whatever is started, by which what it leaves behind is found. */
  readonly marker: string;
  /**
   * Absolute: a folder that is there for as long as the worker owns the task, since fencing renames it away; absent: the queue
   * has none. The kernel looks for it in a child that begins in it, however long this process was stopped after its own look.
   */
  readonly folder?: string | undefined;
  /** Aborted when the attempt must end (cancel, timeout, stall, shutdown, fencing): stop everything, then return. */
  readonly signal: AbortSignal;
  /** The log of the run: append what programs and models print, as it comes. */
  readonly logPath: string;
  /**
   * To be awaited right before something is started or changed: rejects with `worker_lost` where the task was given to another
   * worker meanwhile, as it is to one that was stopped for long and taken for dead.
   */
  readonly assertOwned: () => Promise<void>;
  /** Records a program as soon as it started, so that it can be stopped after a crash of the worker. */
  readonly recordChild: (child: { pid: number; startTime: string | null }) => Promise<void>;
  /** Says that something came (bytes, tokens, an event): resets the stall clock. */
  readonly progress: (amount: number) => void;
}

/** undefined: the folder of the lease is there, or there is none. */
export const lostLease = (folder: string | undefined): KoubouError | undefined =>
  folder === undefined || existsSync(folder)
    ? undefined
    : new KoubouError('worker_lost', 'The task was given to another worker.');

/**
 * Throws `worker_lost`. It waits for nothing: what follows in the same turn is done right after the look, whereas a worker may
 * be stopped for hours where it waits.
 */
export const requireLeaseFolder = (folder: string | undefined): void => {
  const lost = lostLease(folder);
  if (lost !== undefined) throw lost;
};
