/** What bench/peers asks of a queue. Each driver is asked in a process of its own: node drive.ts NAME VERB. */

/** A job: it says on the log that it began, then waits (or blocks the event loop of its worker), then that it ended. */
export interface Job {
  id: string;
  ms: number;
  blocks: boolean;
}

export interface Place {
  /** A folder on the file system that is tested: all that the queue keeps lies there. */
  folder: string;
  /** Of its server, on 127.0.0.1. */
  port: number;
  /** Appended to by jobs: `start ID PID MILLISECONDS` and `end …`. */
  log: string;
}

export interface Driver {
  /** Starts the queue's server, if it has one, and resolves when it answers. The process ends with it. */
  serve?(place: Place): Promise<void>;
  /** Makes what there must be once. */
  setUp(place: Place): Promise<void>;
  /** Adds the job; resolves when the queue says that it has it. The id is the queue's key, if it knows keys. */
  open(place: Place): Promise<(job: Job) => Promise<void>>;
  /** Takes jobs, one at a time, until it is killed. Absent: the queue's own server runs them as programs. */
  work?(place: Place, handler: (job: Job) => Promise<string>): Promise<void>;
  /** The jobs that the queue knows, ended or not; one that it has twice, twice. */
  ids(place: Place): Promise<string[]>;
  /** Where it keeps queued jobs, if not on a disk. */
  keepsOnlyIn?: string;
  /** What the queue keeps as the job's result; null where it keeps none, or none yet. */
  result(place: Place, id: string): Promise<string | null>;
}
