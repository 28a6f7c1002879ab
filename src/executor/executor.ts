/**
 * Where the programs of an attempt run: the port through which they are started and stopped, and told where files are.
 * The local executor starts them with the rights of the user; the others confine them, so that what a model wrote runs
 * with no more rights than the model had.
 */
import type { ProgramOptions, RunningProgram } from '../process/programs/start-program.ts';
import type { StopOptions, Stopped } from '../process/programs/stop-tree.ts';

export interface Executor {
  readonly kind: 'local' | 'bubblewrap' | 'codex';
  /** Starts a program. Throws as startProgram does. */
  start(options: ProgramOptions): Promise<RunningProgram>;
  /** Stops a program that it started, with everything that the program started. */
  stop(options: StopOptions): Promise<Stopped>;
  /** The path by which programs in there see a file or folder of this machine. */
  mapPath(path: string): string;
}

/** What a confined program may reach. All paths are absolute. */
export interface Confinement {
  /** Files and folders that it may change; everything else is read-only. */
  writable: readonly string[];
  /** Within writable ones: stay as they are. */
  protected: readonly string[];
  /** Folders within writable ones: what is in them may change, their names lead to them. */
  pinned?: readonly string[];
  /** Folders of a repository that were there before: none of them may become one of its own. */
  folders: readonly string[];
  /** Folders of programs' own files, such as HOME: what it changes or adds there is seen by itself alone and then gone. */
  scratch: readonly string[];
  /** Of a program's own: it gets a copy of these, and of folders in there those that are `shown`, read-only. */
  copies?: { places: readonly string[]; shown: readonly string[] };
  /** Files and folders that it cannot see. */
  hidden: readonly string[];
  /** Of those, places of keys wherever they lie: it does not see either what comes there later. */
  named?: readonly string[];
  /** What it sees though it lies below a hidden one. Writable ones are seen anyway. */
  readable: readonly string[];
  /**
   * `none`: no network but a loopback of its own. A relay: besides that, one loopback port of its own, whose
   * connections koubou takes at a Unix socket. `all`: the network of the machine.
   */
  network: 'all' | 'none' | { relaySocket: string; port: number };
}

/** The place of an attempt, of which a runner says how programs are confined there. Absolute paths. */
export interface ExecutionPlace {
  /** Without a link in it. */
  cwd: string;
  /** Of the run: koubou's own files for it. */
  statePath: string;
  /** koubou's own files outside of cwd and statePath that programs have to read: the candidate output. */
  own: readonly string[];
  /**
   * Where attached files lay when the task was added, without a link: a name that leads there could be turned round by the
   * run, and what is hidden be shown by it.
   */
  attached: readonly string[];
  /** The task must stay on this machine: no network. */
  staysLocal: boolean;
}
