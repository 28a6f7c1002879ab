/** What every step of the file queue works with; the clock and randomness come in here. */
import { basename, join } from 'node:path';
import { systemCode } from '../../../errors.ts';
import { type Liveness, livenessOf, type ProcessIdentity } from '../../../process/liveness.ts';
import {
  bootPrefix,
  type Maker,
  makerName,
  namespacePrefix,
  verdictOnMaker,
} from '../../../process/maker.ts';
import { IdSource } from '../../../task/id.ts';
import type { Disk } from '../disk/disk.ts';
import type { Machine } from '../disk/machine.ts';
import type { Layout } from './names.ts';
import type { Seal } from './seal.ts';

export interface QueueContext {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly machine: Machine;
  readonly self: ProcessIdentity;
  /** undefined: this queue only looks. */
  readonly seal: Seal | undefined;
  readonly ids: IdSource;
  /** Wall-clock milliseconds. */
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Called between the steps of a transition, so that tests can end the process exactly there. */
  readonly step: (name: string) => void;
  /** When this process first saw what is half made by somebody whom it cannot look at, by its own monotonic clock. */
  readonly makersSeenMs: Map<string, number>;
  /** Names in tmp/ that this process has given up and could not clear away: its next sweep treats them as a dead one's. */
  readonly forsaken: Set<string>;
  /** Begun by the first sweep or join of this process, and kept: no loss of power comes while it lives. */
  oldNames: Promise<unknown> | undefined;
}

export const makeContext = (
  parts: Omit<QueueContext, 'ids' | 'self' | 'step' | 'makersSeenMs' | 'forsaken' | 'oldNames'> & {
    step?: QueueContext['step'];
  },
): QueueContext => ({
  ...parts,
  self: parts.machine.self,
  ids: new IdSource(parts.nowMs, parts.randomBytes),
  step: parts.step ?? (() => undefined),
  makersSeenMs: new Map(),
  forsaken: new Set(),
  oldNames: undefined,
});

/** Whether a process that was recorded earlier lives, as far as it can be told from here. */
export const verdictFor = ({ self, machine }: QueueContext, other: ProcessIdentity): Liveness =>
  livenessOf(other, self, machine.startTimeOf);

export const randomHex = (context: QueueContext): string =>
  Buffer.from(context.randomBytes(6)).toString('hex');

/** A number in [0, 1). */
export const randomFraction = (context: QueueContext): number =>
  Buffer.from(context.randomBytes(6)).readUIntBE(0, 6) / 2 ** 48;

/** A name for a file in tmp/ that says which process makes it, so that a sweep can tell whether that one lives. */
export const creatorName = (context: QueueContext): string => makerName(context.self, randomHex(context));

/** The same name with a creator that never lived: whoever sweeps goes on with it. */
export const abandonedName = (context: QueueContext, name: string): string => {
  const kind = /^(?:commit|batch)-/.exec(name)?.[0] ?? '';
  const ending = /\.[a-z]+$/.exec(name)?.[0] ?? '';
  const { bootId, pidNamespace } = context.self;
  const rand = `${namespacePrefix(pidNamespace)}${randomHex(context)}`;
  return `${kind}${bootPrefix(bootId)}-0-none-${rand}${ending}`;
};

/**
 * Leaves what is in tmp/ to whoever sweeps next. Under this process' name it would be left alone as long as
 * the process lives, and a daemon lives long.
 */
export const abandon = async (context: QueueContext, tmp: string): Promise<void> => {
  try {
    await context.disk.rename(tmp, join(context.layout.tmp, abandonedName(context, basename(tmp))));
  } catch (error) {
    // The caller has an error to tell already.
    if (systemCode(error) === undefined) throw error;
    context.forsaken.add(basename(tmp));
  }
};

/** Removes what was made in tmp/ and leads nowhere; where that cannot be done now, a later sweep does it. */
export const discard = async (context: QueueContext, tmp: string): Promise<void> => {
  try {
    await context.disk.unlink(tmp);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    if (systemCode(error) !== 'ENOENT') context.forsaken.add(basename(tmp));
  }
};

const UNSEEN_MAKER_DEAD_AFTER_MS = 60_000;

/**
 * Whether what is half made belongs to somebody who lives: the one place that decides it for the home. `name`: as it is
 * told from others. Another boot: everything of then is gone, or it is another machine's that shares the home. A maker in
 * another pid namespace (a container that was started anew) cannot be looked at: it is given a minute, by our own clock.
 * Should either live all the same, its next step finds nothing and tells its caller so: only what nobody was told of is lost.
 */
export const makerLives = (context: QueueContext, name: string, maker: Maker): boolean => {
  const verdict = verdictOnMaker(maker, context.self, context.machine.startTimeOf);
  if (verdict !== 'another namespace') return verdict === 'alive';
  const now = context.machine.steadyMs();
  const seen = context.makersSeenMs.get(name) ?? now;
  context.makersSeenMs.set(name, seen);
  return now - seen < UNSEEN_MAKER_DEAD_AFTER_MS;
};

export const isoNow = (context: QueueContext): string => new Date(context.nowMs()).toISOString();
