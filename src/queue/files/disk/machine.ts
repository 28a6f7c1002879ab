/**
 * What the queue sees of its machine beside the disk: processes, and the clock that nobody sets. A simulated
 * one can stand in.
 */
import { type Clock, systemClock } from '../../../process/clock.ts';
import { type ProcessIdentity, selfIdentity, startTimeOf } from '../../../process/liveness.ts';
import { stopTree, type Tree } from '../../../process/programs/stop-tree.ts';

export interface Machine {
  readonly self: ProcessIdentity;
  /** The start time of a living process; null when it is gone. */
  readonly startTimeOf: (pid: number) => string | null;
  /** Kills what is left of a run at once. */
  readonly stopTree: (tree: Tree) => Promise<unknown>;
  /** Milliseconds of a clock that only goes forward, and that all processes of one boot share. */
  readonly steadyMs: () => number;
  readonly sleep: Clock['sleep'];
}

export const thisMachine = ({ steadyMs, sleep }: Clock = systemClock): Machine => ({
  self: selfIdentity(),
  startTimeOf,
  stopTree: (tree) => stopTree({ ...tree, graceMs: 0 }),
  steadyMs,
  sleep,
});
