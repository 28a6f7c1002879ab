/** How a daemon is shown by how long nothing was heard from it. Nobody is taken for dead by that. */
import type { WorkerInfo } from './member.ts';

const OFFLINE_AFTER_MS = 5 * 60_000;
/** Before that it is silent: two beats that are as far apart as they usually are did not come. */
const SILENT_AFTER_MS = 10_000;

export interface Heard {
  /** Since its last beat. */
  silentMs: number;
  /** Between its beats, where it said so. */
  beatSeconds: number | undefined;
  /** How many it has in hand. */
  tasks: number;
}

export const workerStatus = ({ silentMs, beatSeconds = 0, tasks }: Heard): WorkerInfo['status'] => {
  if (silentMs > OFFLINE_AFTER_MS) return 'offline';
  if (silentMs > Math.max(SILENT_AFTER_MS, 2000 * beatSeconds)) return 'silent';
  return tasks > 0 ? 'busy' : 'idle';
};

/** Whether a task in its hands can be said to be worked on. */
export const isHeardFrom = (heard: Omit<Heard, 'tasks'>): boolean =>
  workerStatus({ ...heard, tasks: 1 }) === 'busy';
