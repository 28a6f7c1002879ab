/**
 * What a queue must offer. The file queue is one backend; a database can be another. Nothing here names
 * files or SQL. Errors are KoubouError; a promise that rejects has changed nothing unless it says `unknown`.
 */
import type { Budget } from '../task/budget.ts';
import type { State } from '../task/lifecycle.ts';
import type { NewTask, RunOutcome, TaskFile, TaskRecord, TaskType } from '../task/record.ts';
import type { Seal } from '../text/seal.ts';

export interface Added {
  id: string;
  /** True where the key was known and nothing was added. */
  existed: boolean;
}

export interface ListFilter {
  /** States to show; none means all. `quarantined` lists what could not be read. */
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

export interface Counts {
  pending: number;
  in_progress: number;
  completed: number;
  failed: number;
  /** Part of pending. */
  delayed: number;
  /** Part of pending. */
  blocked: number;
  quarantined: number;
}

/** A task that carries no seal of this home, as it lay there when it was looked at. */
export interface Unsealed {
  readonly task: TaskFile;
  /** `quarantined`: it was set aside for want of a seal. */
  readonly state: State | 'quarantined';
}

export interface Quarantined {
  name: string;
  reason: string;
  at: string;
}

/** What a daemon says about itself when it joins. */
export interface WorkerIdentity {
  /** WORKER_ID, only a label. */
  label: string;
  slots: number;
  version: string;
  runner: string | null;
  model: string | null;
  /** Whether it ends by itself when nothing is left to do. */
  temporary: boolean;
  /** Seconds between its beats. */
  beat_seconds?: number;
}

/** What a daemon says about itself at each beat. */
export interface Beat {
  slots: number;
  /** A count a running task that rises whenever something came from it. */
  progress: Readonly<Record<string, number>>;
  /** Endpoints marked down, with the reason. */
  down: Readonly<Record<string, string>>;
  /** What hinders the daemon, for a person: "no watcher: …", "disk full". */
  notes: readonly string[];
  completed: number;
  failed: number;
}

export interface WorkerInfo {
  worker_id: string;
  /** `silent`: it has not been heard for two beats; `offline`: for minutes. Of neither is known that it works. */
  status: 'idle' | 'busy' | 'silent' | 'offline';
  pid: number;
  /** Tells the process from another that has got its pid since; only where signals from here reach it. */
  start_time?: string;
  host: string;
  slots: number;
  tasks: string[];
  runner: string | null;
  model: string | null;
  tasks_completed: number;
  tasks_failed: number;
  last_heartbeat: string | null;
  started_at: string;
  progress: Record<string, number>;
  down: Record<string, string>;
  notes: string[];
  temporary: boolean;
}

/** Permits for one use of something capped across all daemons of the home. */
export interface PermitRequest {
  name: string;
  cap: number;
}

/** The worker's answer to "would you take this task now?". */
export type Admission =
  | { take: true; permits: readonly PermitRequest[] }
  | { take: false; why: 'endpoint' | 'permit' };

/** Asked of each task that could be taken, with its outcomes that count, until one is taken. */
export type Admit<A extends Admission = Admission> = (task: TaskFile, earlier: readonly RunOutcome[]) => A;
export type Accepted<A extends Admission> = Extract<A, { take: true }>;

/** A task in hand. It is lost the moment someone else may hold it: then `settle` answers `fenced`. */
export interface Claim<A extends Admission = Admission> {
  /** The answer by which it was taken. */
  readonly admission: Accepted<A>;
  readonly id: string;
  readonly run: number;
  readonly task: TaskFile;
  /** Outcomes of earlier runs of this task, oldest first, and how many of them budgets ignore. */
  readonly earlier: readonly RunOutcome[];
  /** Where the runner's log and the candidate result of this run go. */
  readonly logPath: string;
  readonly outputPath: string;
  /** Where that of another run of this task lies, whether or not it is there. */
  artifact(run: number, kind: ArtifactKind | 'refused'): string;
  /** Where the runner may keep files that a later run goes on from; and where a patch goes. */
  readonly statePath: string;
  readonly patchPath: string;
  /** KOUBOU_RUN of this run's processes. */
  readonly marker: string;
  /** A folder that is there until the worker is fenced. */
  readonly lease: string;
}

export type Settled =
  | { kind: 'settled'; state: State; dueMs: number | null; outcome: RunOutcome }
  /** The task is no longer ours; the outcome was kept under late/ and changed nothing. */
  | { kind: 'fenced' };

export interface Conversation {
  session: string;
  /** The `statePath` of the run that had it. */
  statePath: string;
  runner: string | null;
}

/** A daemon's membership. */
export interface Member {
  readonly workerId: string;
  /** The next task that `admit` takes, or undefined when there is none now. Throws `fenced` as KoubouError worker_lost. */
  claim<A extends Admission>(admit: Admit<A>): Promise<Claim<A> | undefined>;
  /** Whether a task waits that `admit` would take, could it have its permits. Takes nothing. */
  peek(admit: Admit): Promise<boolean>;
  /** How many tasks wait to be claimed, as of a recent look. */
  backlog(): Promise<number>;
  /** For people: what could be neither read nor set aside, and is passed over; null: nothing. */
  readonly trouble: string | null;
  /** Whether the last look saw what was dropped in by hand. */
  readonly sawDropped: boolean;
  /** Says that the daemon lives; `fenced` when its tasks were given to others. */
  renew(beat: Beat): Promise<'alive' | 'fenced'>;
  /** Whether the task is still ours; only `settle` can be sure of it. */
  holds(claim: Claim): Promise<boolean>;
  /**
   * Ends a run: publishes the outcome, then moves the task as `budget` decides. Its permits are given back when
   * `inUse`, what of the run goes on all the same, has settled.
   */
  settle(claim: Claim, outcome: RunOutcome, budget: Budget, inUse?: Promise<void>): Promise<Settled>;
  /** Ids of running tasks whose cancellation was asked. */
  cancelRequests(): Promise<string[]>;
  /** What was told to this daemon since the last call. */
  message(): Promise<WorkerMessage | undefined>;
  /** The newest conversation that a run of this task left, and who had it; undefined where none did. */
  conversation(id: string): Promise<Conversation | undefined>;
  /** Writes down that the task must stay on this machine, for good: its record says so, and what waits for it is held too. */
  markHeld(claim: Pick<Claim, 'id'>): Promise<void>;
  isAnyHeld(ids: readonly string[]): Promise<boolean>;
  /** Records the process group of a run, so that whoever sweeps can stop it. */
  recordChild(claim: Claim, child: { pid: number; startTime: string | null }): Promise<void>;
  /** Returns the worker's place; refuses while it holds tasks. */
  leave(): Promise<void>;
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

export interface Adopted {
  added: number;
  quarantined: number;
  /** Dropped in, and still changing or not looked at long enough. */
  waiting: number;
}

export type ArtifactKind = 'output' | 'log' | 'patch';

/** A change to watch for: something may have become ready, or nothing. Always re-check. */
export interface ChangeHint {
  /** Resolves at the next change, after `maxMs`, or when `signal` aborts. Never rejects. */
  wait(maxMs: number, signal?: AbortSignal): Promise<void>;
  /** Why there are no hints (no inotify watch left …), or null. Everything works without them. */
  readonly trouble: string | null;
  close(): Promise<void>;
}

export interface Queue {
  /** What koubou writes in this home besides tasks, and acts on, carries it, too. Throws `untrusted_home` where it only looks. */
  readonly sealOfHome: Seal;
  /** Adds one task or many, all or none, durably. Order of the answers is that of `tasks`. */
  add(tasks: readonly NewTask[]): Promise<Added[]>;
  get(id: string): Promise<TaskRecord | undefined>;
  /** Where a task is now, cheaply (no file opened), or undefined when there is none. */
  state(id: string): Promise<State | undefined>;
  /** Those of `ids` that have ended, and how; cheaper than `state` for many. */
  ended(ids: readonly string[]): Promise<Map<string, State>>;
  /** Full ids that contain `part`, newest first, at most `limit`. */
  find(part: string, limit: number): Promise<string[]>;
  list(filter: ListFilter): Promise<TaskRecord[]>;
  quarantined(): Promise<Quarantined[]>;
  /** Tasks that nothing is done with, since koubou did not write them for this user, oldest first. */
  unsealed(): Promise<Unsealed[]>;
  /** Takes them as tasks, with `task` as it was shown to a person. Answers with how many; one that moved on meanwhile is left out. */
  seal(tasks: readonly Unsealed[]): Promise<number>;
  counts(): Promise<Counts>;
  /** Runs an ended task again, and those that come along. Throws `no_such_task`, or `usage` where it has not ended. */
  retry(id: string): Promise<State>;
  /** Ids of the tasks that failed because this one had, and are retried with it. */
  comesAlong(id: string): Promise<string[]>;
  cancel(id: string): Promise<CancelResult>;
  join(worker: WorkerIdentity): Promise<Member>;
  workers(): Promise<WorkerInfo[]>;
  /** Sends a message to one daemon: new bounds of its pool, or "stop". */
  tell(workerId: string, message: WorkerMessage): Promise<void>;
  /** The path of a run's artifact; run null means the last one that has it. */
  artifact(id: string, run: number | null, kind: ArtifactKind): Promise<string | undefined>;
  /** Remembers that somebody looked at the result. */
  markRead(id: string): Promise<void>;
  /** Mends everything that dead workers and creators left, and moves on what has become ready. */
  sweep(budgetOf: (task: TaskFile) => Budget): Promise<SweepReport>;
  /** The part of `sweep` that somebody waits for: dead workers' tasks, due times, blocked tasks. */
  sweepQuickly(budgetOf: (task: TaskFile) => Budget): Promise<SweepReport>;
  /** Turns what was dropped in by hand into tasks, through the daemon `workerId`. */
  adopt(workerId: string): Promise<Adopted>;
  /** Hints that something may be ready to claim. */
  watch(): ChangeHint;
  /** The earliest due time of a delayed task, wall-clock milliseconds, or null. */
  nextDueMs(): Promise<number | null>;
  close(): Promise<void>;
}

export type WorkerMessage = { min: number; max: number };
