/** What a daemon tells of while it works; whoever shows it chooses how. Imports nothing but errors. */
import type { ErrorInfo } from './errors.ts';

export type WorkerEvent =
  | { event: 'worker_started'; worker_id: string; slots: number }
  | {
      event: 'task_started';
      task_id: string;
      attempt: number;
      runner: string;
      model: string | null;
      why: string;
    }
  | {
      event: 'task_ended';
      task_id: string;
      attempt: number;
      state: 'completed' | 'failed' | 'delayed' | 'pending';
      seconds: number;
      /** Seconds until the next attempt, where there will be one. */
      again_in: number | null;
      error: ErrorInfo | null;
    }
  | { event: 'task_taken_away'; task_id: string; attempt: number }
  | { event: 'endpoint_down'; endpoint: string; reason: string }
  | { event: 'endpoint_up'; endpoint: string }
  | { event: 'workers_reaped'; workers: string[]; restarted: number }
  | { event: 'adopted'; added: number; quarantined: number }
  | { event: 'note'; message: string }
  | { event: 'stopping'; running: number; now: boolean }
  | { event: 'worker_stopped'; completed: number; failed: number; left: Left };

/** What a daemon leaves behind when it ends by itself. */
export interface Left {
  /** Not due yet (--in, --at, or a retry in back-off). */
  delayed: number;
  /** Waiting for other tasks. */
  blocked: number;
  /** Ready, but their endpoint is down or no runner can serve them. */
  unserved: number;
  /** In the hands of other daemons. */
  running: number;
}

export type EmitEvent = (event: WorkerEvent) => void;
