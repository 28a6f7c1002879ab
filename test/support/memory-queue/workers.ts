import { hostname } from 'node:os';
import type { WorkerInfo } from '../../../src/queue/queue.ts';
import { isHeardFrom, workerStatus } from '../../../src/queue/worker-status.ts';
import type { Entry, Store, Worker } from './store.ts';

export const inHandOf = (store: Store, workerId: string): Entry[] =>
  store.in('in_progress').filter(({ holder }) => holder === workerId);

const living = ({ workers }: Store): Worker[] => [...workers.values()].filter(({ isDead }) => !isDead);

/** Oldest first. */
export const listWorkers = (store: Store): WorkerInfo[] =>
  living(store).map((worker) => {
    const { id, about, beat, joinedMs } = worker;
    const tasks = inHandOf(store, id).map(({ task }) => task.task_id);
    return {
      worker_id: id,
      status: workerStatus({ ...heard(store, worker), tasks: tasks.length }),
      pid: process.pid,
      host: hostname(),
      slots: beat?.slots ?? about.slots,
      tasks,
      runner: about.runner,
      model: about.model,
      tasks_completed: beat?.completed ?? 0,
      tasks_failed: beat?.failed ?? 0,
      last_heartbeat: new Date(beat?.atMs ?? joinedMs).toISOString(),
      started_at: new Date(joinedMs).toISOString(),
      progress: { ...beat?.progress },
      down: { ...beat?.down },
      notes: [...(beat?.notes ?? [])],
      temporary: about.temporary,
    };
  });

export const isHeard = (store: Store, workerId: string | null): boolean => {
  const worker = store.workers.get(workerId ?? '');
  return worker !== undefined && !worker.isDead && isHeardFrom(heard(store, worker));
};

/** Its first beat is about to come. */
const heard = ({ clock }: Store, { beat, about }: Worker) => ({
  silentMs: beat === null ? 0 : clock.steadyMs() - beat.steadyMs,
  beatSeconds: about.beat_seconds,
});

/** Tasks that living workers passed over, and what each waits for. */
export const passedOver = (store: Store): Map<string, 'endpoint' | 'permit'> =>
  new Map(living(store).flatMap(({ beat }) => [...(beat?.passed ?? [])]));
