/**
 * What a queue must offer. The file queue is one backend; a database can be another. Nothing here names files or SQL.
 * Errors are KoubouError; a promise that rejects has changed nothing unless it says `unknown`.
 */
import type { Budget } from '../task/budget.ts';
import type { TaskType } from '../task/fields/types.ts';
import type { PartState, State, Status } from '../task/lifecycle.ts';
import type { NewTask, TaskFile, TaskRecord } from '../task/record.ts';
import type { Artifacts } from './artifacts.ts';
import type { Member, WorkerIdentity, WorkerInfo, WorkerMessage } from './member.ts';

export type * from './artifacts.ts';
export type * from './member.ts';

export interface Added {
  id: string;
  /** True where the key was known and nothing was added. */
  existed: boolean;
}

export interface ListFilter {
  /** States to show; none means all. */
  states?: readonly State[];
  type?: TaskType;
  labels?: Readonly<Record<string, string>>;
  /** Ids newer than this wall-clock time, milliseconds. */
  sinceMs?: number;
  /** Newest first; at most this many. */
  limit?: number;
  /** Only ended tasks whose result nobody looked at. */
  unread?: boolean;
}

/** By status, and by the states that are a part of one: `delayed` and `blocked` are counted in `pending` as well. */
export interface Counts extends Record<Status | PartState, number> {
  /** What `Inbox.quarantined` lists; 0 where nothing can be put in by hand. */
  quarantined: number;
}

export type CancelResult =
  | { id: string; result: 'cancelled' }
  | { id: string; result: 'asked' }
  | { id: string; result: 'already_ended'; state: State };

export interface SweepReport {
  reaped: string[];
  restarted: number;
  promoted: number;
  unblocked: number;
  failed: number;
  quarantined: number;
  removed: number;
}

/** A change to watch for: something may have become ready, or nothing. Always re-check. */
export interface ChangeHint {
  /** Resolves at the next change, after `maxMs`, or when `signal` aborts. Never rejects. */
  wait(maxMs: number, signal?: AbortSignal): Promise<void>;
  /** Why there are no hints (no inotify watch left …), or null. Everything works without them. */
  readonly trouble: string | null;
  close(): Promise<void>;
}

export interface Tasks {
  /** Adds one task or many, all or none, durably. Order of the answers is that of `tasks`. */
  add(tasks: readonly NewTask[]): Promise<Added[]>;
  get(id: string): Promise<TaskRecord | undefined>;
  /** Where a task is now, or undefined when there is none. Cheaper than `get`: nothing of it is read. */
  state(id: string): Promise<State | undefined>;
  /** Those of `ids` that have ended, and how; cheaper than `state` for many. */
  ended(ids: readonly string[]): Promise<Map<string, State>>;
  /** Full ids that contain `part`, newest first, at most `limit`. */
  find(part: string, limit: number): Promise<string[]>;
  list(filter: ListFilter): Promise<TaskRecord[]>;
  counts(): Promise<Counts>;
  /** Runs an ended task again, and those that come along. Throws `no_such_task`, or `conflict` where it has not ended. */
  retry(id: string): Promise<State>;
  /** Ids of the tasks that failed because this one had, and are retried with it. */
  comesAlong(id: string): Promise<string[]>;
  cancel(id: string): Promise<CancelResult>;
  /** Remembers that somebody looked at the result, until there may be another one: a retry forgets it. */
  markRead(id: string): Promise<void>;
  /** The earliest due time of a delayed task, wall-clock milliseconds, or null. */
  nextDueMs(): Promise<number | null>;
  /** Hints that something may be ready to claim. */
  watch(): ChangeHint;
}

export interface Workers {
  join(worker: WorkerIdentity): Promise<Member>;
  workers(): Promise<WorkerInfo[]>;
  /** Sends a message to one daemon: new bounds of its pool. Only the last one that it has not read yet is kept. */
  sendMessage(workerId: string, message: WorkerMessage): Promise<void>;
}

export interface Maintenance {
  /** Mends everything that dead workers and creators left, and moves on what has become ready. */
  sweep(budgetOf: (task: TaskFile) => Budget): Promise<SweepReport>;
  /** The part of `sweep` that somebody waits for: dead workers' tasks, due times, blocked tasks. */
  sweepQuickly(budgetOf: (task: TaskFile) => Budget): Promise<SweepReport>;
}

export interface Quarantined {
  name: string;
  reason: string;
  at: string;
}

/** A task that carries no seal of this home, as it lay there when it was looked at. */
export interface Unsealed {
  readonly task: TaskFile;
  /** `quarantined`: it was set aside for want of a seal. */
  readonly state: State | 'quarantined';
}

export interface Adopted {
  added: number;
  quarantined: number;
  /** Dropped in, and still changing or not looked at long enough. */
  waiting: number;
}

/** Of a backend that people can put something into by hand. */
export interface Inbox {
  quarantined(): Promise<Quarantined[]>;
  /** Tasks that nothing is done with, since koubou did not write them for this user, oldest first. */
  unsealed(): Promise<Unsealed[]>;
  /** Takes them as tasks, with `task` as it was shown to a person. Answers with how many; one that moved on meanwhile is left out. */
  seal(tasks: readonly Unsealed[]): Promise<number>;
  /** Turns what was dropped in by hand into tasks, through the daemon `workerId`. */
  adopt(workerId: string): Promise<Adopted>;
  /** Whether the last look of that daemon saw what was dropped in. */
  sawDropped(workerId: string): boolean;
}

export interface Queue extends Tasks, Workers, Maintenance {
  readonly artifacts: Artifacts;
  /** undefined: nothing can be put into this queue but by `add`. */
  readonly inbox: Inbox | undefined;
  close(): Promise<void>;
}
