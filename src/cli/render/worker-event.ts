/** A daemon's events as lines for a person. Pure. */
import type { Left, WorkerEvent } from '../../events.ts';

const tail = (id: string): string => id.slice(-11);

/** How much an event weighs, for KOUBOU_LOG_LEVEL: error, warn or info. */
export const levelOf = (event: WorkerEvent): 'error' | 'warn' | 'info' => {
  switch (event.event) {
    case 'task_ended':
      return event.state === 'failed' ? 'error' : event.error === null ? 'info' : 'warn';
    case 'task_taken_away':
      return 'error';
    case 'endpoint_down':
    case 'workers_reaped':
    case 'note':
      return 'warn';
    default:
      return 'info';
  }
};

export const renderWorkerEvent = (event: WorkerEvent): string => {
  switch (event.event) {
    case 'worker_started':
      return `worker ${event.worker_id} is ready`;
    case 'task_started': {
      const again = event.attempt > 1 ? `, attempt ${event.attempt}` : '';
      const model = event.model === null ? '' : ` ${event.model}`;
      return `${tail(event.task_id)} started: ${event.runner}${model}${again}`;
    }
    case 'task_ended':
      return renderEnded(event);
    case 'task_taken_away':
      return `${tail(event.task_id)} was given to another worker; what this one did is kept under late/`;
    case 'endpoint_down':
      return `endpoint ${event.endpoint} is down: ${event.reason}`;
    case 'endpoint_up':
      return `endpoint ${event.endpoint} is back`;
    case 'workers_reaped':
      return `found dead: ${event.workers.join(', ')}; ${event.restarted} of their tasks run again`;
    case 'adopted':
      return `dropped into pending/: ${event.added} added, ${event.quarantined} set aside in quarantine/`;
    case 'note':
      return event.message;
    case 'stopping':
      return renderStopping(event.running, event.now);
    case 'worker_stopped':
      return `ended: ${event.completed} completed, ${event.failed} failed${renderLeft(event.left)}`;
  }
};

const renderEnded = (event: Extract<WorkerEvent, { event: 'task_ended' }>): string => {
  const took = `${tail(event.task_id)} ${event.state === 'pending' ? 'put back' : event.state} after ${seconds(event.seconds)}`;
  const why = event.error === null ? '' : `: ${event.error.message}`;
  if (event.state !== 'delayed') return `${took}${why}`;
  return `${tail(event.task_id)} failed after ${seconds(event.seconds)}${why} (again in ${seconds(event.again_in ?? 0)})`;
};

const renderStopping = (running: number, now: boolean): string => {
  if (now) return 'stopping now; what runs goes back to the queue';
  return running === 0 ? 'stopping' : `stopping when ${running} running have ended (once more: stop now)`;
};

const renderLeft = (left: Left): string => {
  const parts = [
    left.unserved > 0 ? `${left.unserved} not begun` : '',
    left.delayed > 0 ? `${left.delayed} for a later time` : '',
    left.running > 0 ? `${left.running} running in other workers` : '',
    left.blocked > 0 ? `${left.blocked} for other tasks` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `; left: ${parts.join(', ')}`;
};

const seconds = (value: number): string => (value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`);
