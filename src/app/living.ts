/** Which workers can be counted on to take tasks, and what is known of those that cannot. */
import type { Queue, WorkerInfo } from '../queue/queue.ts';

/**
 * A worker that is heard; or that is not, but can be seen to live (it is stopped, or its machine is slow), and will go
 * on. One that is silent and cannot be seen has most likely ended with the sandbox or container that it was in.
 */
export const isLiving = ({ status, start_time }: WorkerInfo): boolean =>
  status === 'idle' || status === 'busy' || (status === 'silent' && start_time !== undefined);

/** A worker that lives and takes tasks. */
export const livingWorker = async (queue: Pick<Queue, 'workers'>): Promise<WorkerInfo | undefined> =>
  (await queue.workers()).find(
    (worker) => isLiving(worker) && !worker.notes.some((note) => note.startsWith('stopping')),
  );

export const isSilent = ({ status }: WorkerInfo): boolean => status === 'silent' || status === 'offline';
