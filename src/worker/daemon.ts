/** A daemon's life: join, obey signals, work, leave. */
import { KoubouError, mayPass } from '../errors.ts';
import type { EmitEvent } from '../events.ts';
import type { Clock } from '../process/clock.ts';
import type { Member, Queue } from '../queue/queue.ts';
import type { Runner } from '../runner/runner.ts';
import { Pool, type PoolEnd } from './pool/pool.ts';
import type { WorkerSettings } from './settings.ts';

export interface DaemonDeps {
  queue: Queue;
  clock: Clock;
  runners: ReadonlyMap<string, Runner>;
  settings: WorkerSettings;
  emit: EmitEvent;
  /** Calls back at each request to end; the second one means now. Returns how to stop listening. */
  onStopRequest: (listener: () => void) => () => void;
}

const cannotJoin = (error: unknown): unknown => {
  const why = mayPass(error);
  if (why === undefined) return error;
  return new KoubouError('conflict', `The home cannot be written to (${why}); no worker was started.`, {
    hint: 'Give the user who runs the worker the right to write there, or free some space.',
    cause: error,
  });
};

/** Runs until the settings' end, a stop request, or until it was fenced. */
export const runDaemon = async (parts: DaemonDeps): Promise<PoolEnd> => {
  const { queue, clock, settings, emit, runners } = parts;
  let requests = 0;
  let pool: Pool | undefined;
  // Listened to before it joins: who sees it in the queue may ask it to end at once.
  const stopListening = parts.onStopRequest(() => {
    requests += 1;
    pool?.stop(requests > 1);
  });
  try {
    const member = await join(parts);
    emit({ event: 'worker_started', worker_id: member.workerId, slots: settings.min });
    pool = new Pool({ queue, clock, member, runners, settings, emit });
    if (requests > 0) pool.stop(requests > 1);
    const end = await pool.run();
    if (end.kind !== 'fenced') {
      await member.leave();
      emit({ event: 'worker_stopped', completed: end.completed, failed: end.failed, left: end.left });
    }
    return end;
  } finally {
    stopListening();
    await queue.close();
  }
};

const join = async ({ queue, settings, runners }: DaemonDeps): Promise<Member> => {
  const models = [...runners.values()].filter((runner) => runner.endpoint !== null);
  try {
    return await queue.join({
      label: settings.label,
      slots: settings.min,
      version: settings.version,
      runner: models[0]?.name ?? null,
      model: models[0]?.defaultModel ?? null,
      temporary: settings.until.kind !== 'stopped',
      beat_seconds: settings.heartbeatSeconds,
    });
  } catch (error) {
    throw cannotJoin(error);
  }
};
