/** How long a daemon waits for something to change before it looks again. Pure, but for the jitter. */
import type { Until } from '../settings.ts';

const IDLE_LOOK_MS = 5000;
const BUSY_LOOK_MS = 1000;
const SHORTEST_WAIT_MS = 20;
const SHORTEST_IDLE_MS = 50;

export interface Pausing {
  until: Until;
  /** Whether something runs, waits to be claimed, or is about to end. */
  active: boolean;
  /** Milliseconds until the next task is due; null: none waits for a time. */
  dueInMs: number | null;
  /** Milliseconds until the next try to claim; 0: nothing hinders it. */
  claimInMs: number;
}

/** Milliseconds. */
export const pauseMs = ({ until, active, dueInMs, claimInMs }: Pausing): number => {
  // Somebody waits for the end of a drain, and what others run ends without a word to this daemon.
  const look = active || until.kind === 'drained' ? BUSY_LOOK_MS : IDLE_LOOK_MS;
  return Math.min(
    look * (0.8 + Math.random() * 0.2),
    dueInMs === null ? Number.POSITIVE_INFINITY : Math.max(SHORTEST_WAIT_MS, dueInMs),
    until.kind === 'idle' ? Math.max(SHORTEST_IDLE_MS, until.seconds * 1000) : Number.POSITIVE_INFINITY,
    claimInMs > 0 ? claimInMs : Number.POSITIVE_INFINITY,
  );
};
