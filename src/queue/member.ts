/** A daemon's membership of a queue: how it takes tasks, what it says of itself, and how it ends a run. */
import type { Budget } from '../task/budget.ts';
import type { State } from '../task/lifecycle.ts';
import type { RunOutcome, TaskFile } from '../task/record.ts';
import type { Scratch } from './artifacts.ts';

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
  readonly scratch: Scratch;
  /** That of an earlier run of the task. */
  scratchOf(run: number): Scratch;
  /** KOUBOU_RUN of this run's processes. */
  readonly marker: string;
  /** A folder on the worker's own disk that is there until the worker is fenced: no program of the run begins after that. */
  readonly lease: string;
}

export type Settled =
  | { kind: 'settled'; state: State; dueMs: number | null; outcome: RunOutcome }
  /** The task is no longer ours; the outcome was kept apart and changed nothing. */
  | { kind: 'fenced' };

export interface Conversation {
  session: string;
  /** The `statePath` of the run that had it, where that was on this machine. */
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
  /** Says that the daemon lives; `fenced` when its tasks were given to others. */
  renew(beat: Beat): Promise<'alive' | 'fenced'>;
  /** Whether the task is still ours; only `settle` can be sure of it. */
  ownsLease(claim: Claim): Promise<boolean>;
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
  /** Marks the task as local-only. The mark is permanent, is shown in the record, and extends to tasks that depend on it. */
  markHeld(claim: Pick<Claim, 'id'>): Promise<void>;
  isAnyHeld(ids: readonly string[]): Promise<boolean>;
  /** Records the process group of a run, so that recovery can stop it. */
  recordChild(claim: Claim, child: { pid: number; startTime: string | null }): Promise<void>;
  /** Ends the membership, for good. Throws `internal` while it holds tasks. */
  leave(): Promise<void>;
}

export type WorkerMessage = { min: number; max: number };
