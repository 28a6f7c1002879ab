/**
 * What a runner must offer: it does one attempt at a task and says what happened. A failure is a value
 * with a reason; a throw is a bug. A runner never decides whether its work counts: `verify/` does.
 */
import type { ErrorInfo } from '../errors.ts';
import type { ExecutionPlace, Executor } from '../executor/executor.ts';
import type { LocalNetworks } from '../privacy/local-networks.ts';
import type { Lease } from '../process/lease.ts';
import type { Observed } from '../task/observed.ts';
import type { TaskFile, Usage } from '../task/record.ts';

export interface Health {
  ok: boolean;
  /** One sentence for a person: "Ollama 0.33 at http://… with gpt-oss:20b", or what is wrong. */
  message: string;
  error: ErrorInfo | null;
}

export interface RunContext {
  lease: Lease;
  /** Where the runner writes the candidate result. It exists and is empty when the run starts. */
  outputPath: string;
  /** Absolute: where the work is done. */
  cwd: string;
  /**
   * Where the runner may keep files of this run that a later one goes on from (an agent's sessions). It is
   * kept with the task; it does not exist until the runner makes it.
   */
  statePath: string;
  /** The conversation to go on with: the session id and the `statePath` of the run that had it; null: a new one. */
  resume: { session: string; statePath: string } | null;
  /** Model to use: the task's own, else the routing's, else undefined for the runner's default. */
  model: string | undefined;
  /** What the last attempt was told by the checker or the validator, or null on a first attempt. */
  feedback: string | null;
  /**
   * Says what the run is waiting for that is not its own work (`loading`: the model is being loaded or the
   * request is queued at the endpoint); the clocks of timeout and stall stand still until `running`.
   */
  phase: (phase: 'loading' | 'running') => void;
  /**
   * To be asked with all the text that a model will get, before anything of it is sent: the networks that the run
   * must keep to, null: it is free. Throws `not_local` where this runner cannot keep to them.
   */
  requireLocal: (sent: string) => Promise<LocalNetworks | null>;
}

export type { Observed };

export type RunnerOutcome =
  | {
      ok: true;
      observed: Observed;
      usage: Usage | null;
      model: string | null;
      endpoint: string | null;
      /** By which a later task can go on with this conversation; null or absent: it cannot. */
      session?: string | null;
      /** What it really connected to; null or absent: nothing, or nobody knows. */
      address?: string | null;
    }
  | {
      ok: false;
      error: ErrorInfo;
      /** Seconds the server asked us to wait. */
      retryAfter: number | null;
      /** Whether it counts against `retries`, where that is not what the error's code says; null: as it says. */
      charged: boolean | null;
      usage: Usage | null;
      model: string | null;
      endpoint: string | null;
      address?: string | null;
    };

export interface Runner {
  readonly name: string;
  /** What of the outside this runner needs; tasks of one endpoint and model share its permits. null: nothing. */
  readonly endpoint: Endpoint | null;
  readonly defaultModel: string | null;
  /** Whether it changes files itself: the changes are then the evidence of a code task, not its text. */
  readonly changesFiles: boolean;
  /** Whether it can be held to networks: all that leaves it goes through connections of koubou's own. */
  readonly staysLocal: boolean;
  /** What its server knows it by: never in an outcome or a log, whoever repeats it. Absent: none. */
  readonly keys?: readonly string[];
  /** Whether the program that it starts is there. Asks no server. Absent: it starts none. */
  installed?(): Promise<boolean>;
  /** Whether it can be used now, within 3 s. Never throws. */
  check(): Promise<Health>;
  run(task: TaskFile, context: RunContext): Promise<RunnerOutcome>;
  /**
   * Where a check of its work runs: where the commands of its model ran, since it runs what the model wrote. Absent: it
   * runs nothing that a model wrote, or confines nothing. Throws KoubouError where it cannot confine.
   */
  executorFor?(task: TaskFile, place: ExecutionPlace): Promise<Executor>;
}

export interface Endpoint {
  name: string;
  url: string;
  /** Concurrent uses permitted, across all daemons of the home, of each model. */
  maxConcurrent: number;
}
