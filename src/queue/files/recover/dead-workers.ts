/** Which workers are dead. Nobody kills one that lives; a wrong verdict can cost a second run, never a second outcome. */
import type { QueueContext } from '../layout/context.ts';
import { verdictFor } from '../layout/context.ts';
import { isWorkerId } from '../layout/names.ts';
import { type RunFile, readBeat, readRunFile } from '../workers/worker-files.ts';

/** Silent for so long, a worker that cannot be looked at counts as dead. */
const UNSEEN_DEAD_AFTER_MS = 60_000;
/**
 * One of this machine's other boots has almost always ended with that boot; else it runs on a clone of this machine,
 * and beats. So many beats have to be missing.
 */
const OTHER_BOOT_DEAD_AFTER_BEATS = 3;
const USUAL_BEAT_SECONDS = 5;

/** Beats of workers that cannot be looked at, as this observer saw them, against its own monotonic clock. */
export type Sightings = Map<string, { beat: string; sinceMs: number; sightings: number }>;

export const isDead = async (
  context: QueueContext,
  workerId: string,
  sightings: Sightings,
): Promise<boolean> => {
  if (!isWorkerId(workerId)) return false;
  const about = await readRunFile(context, workerId);
  // Registered before its folder existed, so a folder without a run file has outlived its worker.
  if (about === undefined) return true;
  const verdict = verdictFor(context, about);
  if (verdict !== 'elsewhere') return verdict === 'dead';
  return isSilent(context, workerId, sightings, patienceFor(context, about));
};

const patienceFor = ({ self }: QueueContext, about: RunFile): number => {
  const isOtherBoot = about.hostId === self.hostId && about.bootId !== self.bootId;
  if (!isOtherBoot) return UNSEEN_DEAD_AFTER_MS;
  return OTHER_BOOT_DEAD_AFTER_BEATS * 1000 * (about.beat_seconds ?? USUAL_BEAT_SECONDS);
};

const isSilent = async (
  context: QueueContext,
  workerId: string,
  sightings: Sightings,
  patienceMs: number,
): Promise<boolean> => {
  const beat = (await readBeat(context, workerId))?.at ?? '';
  const now = context.machine.steadyMs();
  const known = sightings.get(workerId);
  if (known === undefined || known.beat !== beat) {
    sightings.set(workerId, { beat, sinceMs: now, sightings: 1 });
    return false;
  }
  known.sightings += 1;
  return known.sightings > 2 && now - known.sinceMs > patienceMs;
};
