/** What a daemon is told by its entry point; the worker reads neither config nor environment itself. */
import type { PlanSettings } from '../route/plan.ts';
import type { Seal } from '../text/seal.ts';
import type { ProbeSeconds } from './pool/endpoints.ts';

export interface WorkerSettings extends PlanSettings {
  label: string;
  version: string;
  /** Absolute: never part of what a task changed. */
  home: string;
  /** What koubou writes into that home besides tasks, and acts on, carries it. */
  seal: Seal;
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
