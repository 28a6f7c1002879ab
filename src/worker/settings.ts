/** What a daemon is told by its entry point; the worker reads neither config nor environment itself. */
import { ladderOf } from '../route/escalate.ts';
import { type Routing, withRules } from '../route/route.ts';
import type { Budget } from '../task/budget.ts';
import type { TaskFile, TaskType } from '../task/record.ts';
import type { ProbeSeconds } from './endpoints.ts';
import { fileBytes } from './file-bytes.ts';

export interface WorkerSettings {
  label: string;
  version: string;
  /** Absolute: never part of what a task changed. */
  home: string;
  /** Absolute: where the keys of this user's homes may lie. */
  keys: readonly string[];
  /** Absolute: what the config names by its place. No model may change it. */
  programs?: readonly string[];
  /** As of ConfineOptions. */
  naming?: Readonly<Record<string, string | undefined>>;
  /** Ignored files that a worktree is given too, relative to the repository's top. */
  worktreeLinks: readonly string[];
  /** Bounds of the number of slots. */
  min: number;
  max: number;
  /** Seconds after which an idle slot above `min` is given up. */
  idleSlotSeconds: number;
  /** Waiting tasks for each busy slot, above which one more slot is opened. */
  scaleUpAt: number;
  heartbeatSeconds: number;
  routing: Routing;
  retries: Readonly<Record<TaskType, number>>;
  /** Seconds for a whole attempt; 0 is no limit. */
  timeout: Readonly<Record<TaskType, number>>;
  /** Seconds without progress; 0 is no limit. */
  stallSeconds: number;
  /** Seconds for loading a model or queueing at the endpoint; 0 is no limit. */
  loadSeconds: number;
  unavailableSeconds: number;
  probeSeconds: ProbeSeconds;
  /** CIDR: what counts as this machine besides loopback. */
  localNetworks: readonly string[];
  /** Words that, with a value beside them, keep a task here. */
  sensitivePatterns: readonly string[];
  /** The reduced environment for check commands and git. */
  environment: Readonly<Record<string, string>>;
  /** Whether the config is another by now than what these settings were made of. */
  outdated?: () => boolean;
  /** Whether the home is still this user's own; absent: nobody asks. */
  isTrusted?: () => boolean;
  /** When the daemon ends by itself. */
  until: Until;
}

export type Until =
  | { kind: 'stopped' }
  /** Everything that can be done now is done. */
  | { kind: 'drained' }
  /** Nothing was done and nothing could be for so many seconds. */
  | { kind: 'idle'; seconds: number };

export const WORKER_LOST_BUDGET = 10;

export const budgetOf =
  (settings: Pick<WorkerSettings, 'retries' | 'routing' | 'unavailableSeconds'>) =>
  (task: TaskFile): Budget => {
    const { routing } = settings;
    const ruled = withRules(task, routing, fileBytes(task.files, routing));
    const said = ruled.options.retries;
    return {
      retries: said ?? settings.retries[task.type],
      retriesSaid: said !== undefined,
      ladder: routing.escalation === undefined ? null : ladderOf(ruled, routing.escalation),
      workerLost: WORKER_LOST_BUDGET,
      unavailableSeconds: settings.unavailableSeconds,
    };
  };
