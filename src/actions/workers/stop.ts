/** Ends the daemons of a home that run on this host. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { isSilent } from '../../app/living.ts';
import { isAlive, type RecordedProcess, sendSignal } from '../../process/programs/signal.ts';
import type { WorkerInfo } from '../../queue/queue.ts';
import type { StopDocument } from '../documents/queue.ts';

const POLL_MS = 50;
/** Two signals at once arrive as one. */
const BETWEEN_SIGNALS_MS = 250;

/**
 * Asks each to end: it finishes what runs and takes nothing new; with `now` its tasks go back to the queue.
 * Waits up to `waitMs` milliseconds until they are gone.
 */
export const stopWorkers = async (
  { queue, caller, clock }: Pick<App, 'queue' | 'caller' | 'clock'>,
  { now, waitMs, signal }: { now: boolean; waitMs: number; signal?: AbortSignal },
): Promise<StopDocument> => {
  requireAllowed(caller, 'work', { undone: 'No worker was stopped.' });
  const workers = await queue.workers();
  const here = workers.flatMap((worker) => {
    const recorded = processOf(worker);
    return recorded === undefined ? [] : [{ worker, process: recorded }];
  });
  for (const { process } of here) sendSignal(process, 'SIGTERM');
  if (now && here.length > 0) {
    await clock.sleep(BETWEEN_SIGNALS_MS);
    for (const { process } of here) sendSignal(process, 'SIGTERM');
  }
  const unreached = workers.filter((worker) => processOf(worker) === undefined);
  const silent = unreached.filter(isSilent).map(({ worker_id }) => worker_id);
  const end = clock.steadyMs() + waitMs;
  while (here.some(({ process }) => isAlive(process))) {
    if (clock.steadyMs() >= end || signal?.aborted === true) break;
    await clock.sleep(POLL_MS);
  }
  const left = new Set(here.filter(({ process }) => isAlive(process)).map(({ worker }) => worker.worker_id));
  const after = left.size === 0 ? [] : await queue.workers();
  return {
    stopped: here.map(({ worker }) => worker.worker_id).filter((id) => !left.has(id)),
    finishing: [...left].map((worker_id) => ({
      worker_id,
      tasks: after.find((worker) => worker.worker_id === worker_id)?.tasks ?? [],
    })),
    elsewhere: unreached.map(({ worker_id }) => worker_id),
    ...(silent.length > 0 ? { silent } : {}),
  };
};

const processOf = ({ pid, start_time }: WorkerInfo): RecordedProcess | undefined =>
  start_time === undefined ? undefined : { pid, startTime: start_time };
