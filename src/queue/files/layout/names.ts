/**
 * Where everything lies in a home, and the names that carry state. Pure: paths and names only.
 * README.md beside this file walks through the protocol.
 */
import { join } from 'node:path';
import { type Maker, parseMaker } from '../../../process/maker.ts';
import { dayOf, isTaskId } from '../../../task/id.ts';
import { type EndedState, isTimed, STATES, type State, type WaitingState } from '../../../task/lifecycle.ts';

/** What a task's file name says. R: runs started. B: the run after which budgets count. */
export interface TaskName {
  id: string;
  run: number;
  base: number;
  priority: number;
}

export interface Place extends TaskName {
  state: State;
  path: string;
  /** The folder the file lies in. */
  folder: string;
  /** Set for delayed tasks, wall-clock milliseconds. */
  dueMs: number | null;
  /** Set for tasks in progress. */
  workerId: string | null;
}

// A number has one way to be written: else a file would not have the name that is made of what its name says.
const NAME = /^(\d{2})-(task_[0-9a-z_]+)\.r(0|[1-9]\d{0,8})\.b(0|[1-9]\d{0,8})\.json$/;
const DELAYED = /^(\d{13})-(.*)$/;
const ENDED = /^(task_[0-9a-z_]+)\.r(0|[1-9]\d{0,8})\.json$/;

/** A name that says more is none of ours: the numbers of its next runs would not fit into one. */
const MOST_RUNS = 999_000_000;

/** `RANK-ID.rR.bB.json`; rank is 10 - priority, so that the most urgent sorts first. */
export const taskName = (name: TaskName): string =>
  `${String(10 - name.priority).padStart(2, '0')}-${name.id}.r${name.run}.b${name.base}.json`;

export const parseTaskName = (text: string): TaskName | undefined => {
  const match = NAME.exec(text);
  if (match === null) return undefined;
  const [, rank, id, run, base] = match as unknown as [string, string, string, string, string];
  const priority = 10 - Number(rank);
  if (!isTaskId(id) || priority < 1 || priority > 10 || Number(run) >= MOST_RUNS) return undefined;
  return { id, run: Number(run), base: Number(base), priority };
};

const MAX_DUE_MS = 9_999_999_999_999;

export const delayedName = (dueMs: number, name: TaskName): string =>
  `${String(Math.min(Math.max(0, Math.round(dueMs)), MAX_DUE_MS)).padStart(13, '0')}-${taskName(name)}`;

export const parseDelayedName = (text: string): (TaskName & { dueMs: number }) | undefined => {
  const match = DELAYED.exec(text);
  if (match === null) return undefined;
  const name = parseTaskName(match[2] as string);
  return name === undefined ? undefined : { ...name, dueMs: Number(match[1]) };
};

/** The name of a file in the folder of a waiting state; undefined where it is none of a task. */
export const parseWaiting = (
  state: WaitingState,
  text: string,
): (TaskName & { dueMs: number | null }) | undefined => {
  if (isTimed(state)) return parseDelayedName(text);
  const name = parseTaskName(text);
  return name && { ...name, dueMs: null };
};

export const endedName = (id: string, run: number): string => `${id}.r${run}.json`;

export const parseEndedName = (text: string): { id: string; run: number } | undefined => {
  const match = ENDED.exec(text);
  if (match === null) return undefined;
  const [, id, run] = match as unknown as [string, string, string];
  return isTaskId(id) ? { id, run: Number(run) } : undefined;
};

export const SLOT = /^slot-\d\d$/;
export const SLOT_COUNT = 32;
/** Tasks that one daemon has in hand at most. */
export const MOST_SLOTS = 1000;
export const REAPED_PREFIX = '.reap-';

const PERMIT = /^permit@(.+)@(\d+)$/;

/** A permit's name while a worker holds it. */
export const heldPermitName = (folder: string, number: number): string => `permit@${folder}@${number}`;

export const parseHeldPermit = (text: string): { folder: string; number: number } | undefined => {
  const match = PERMIT.exec(text);
  return match === null ? undefined : { folder: match[1] as string, number: Number(match[2]) };
};

const WORKER = /^[A-Za-z0-9_.]+-[0-9a-f]{8}-\d+-[0-9A-Za-z_:.]+-[0-9a-f]+$/;
export const isWorkerId = (text: string): boolean => WORKER.test(text);

/** Creator of a file in tmp/: alive or dead is told by its process. */
const TMP = /^(?:(batch|commit)-)?(.+?)(?:\.[a-z.]+)?$/;
export interface TmpName extends Maker {
  kind: 'file' | 'batch' | 'commit';
}
export const parseTmpName = (text: string): TmpName | undefined => {
  const [, kind, name = ''] = TMP.exec(text) ?? [];
  const maker = parseMaker(name);
  return maker && { kind: (kind as 'batch' | 'commit' | undefined) ?? 'file', ...maker };
};

// Looked up when it is used: loading it is a tenth of what a short command takes.
const sha256 = (text: string): string =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex');

export class Layout {
  readonly home: string;
  readonly tasks: string;
  readonly tmp: string;
  /** The folder of each state. */
  readonly states: Readonly<Record<State, string>>;
  readonly pending: string;
  readonly delayed: string;
  readonly blocked: string;
  readonly inProgress: string;
  readonly completed: string;
  readonly failed: string;
  readonly quarantine: string;
  readonly results: string;
  readonly keys: string;
  readonly permits: string;
  readonly cancelMarks: string;
  readonly control: string;
  readonly run: string;
  readonly children: string;
  readonly reserve: string;

  constructor(home: string) {
    this.home = home;
    this.tasks = join(home, 'tasks');
    this.tmp = join(this.tasks, 'tmp');
    this.states = Object.fromEntries(STATES.map((state) => [state, join(this.tasks, state)])) as Record<
      State,
      string
    >;
    this.pending = this.states.pending;
    this.delayed = this.states.delayed;
    this.blocked = this.states.blocked;
    this.inProgress = this.states.in_progress;
    this.completed = this.states.completed;
    this.failed = this.states.failed;
    this.quarantine = join(this.tasks, 'quarantine');
    this.results = join(home, 'results');
    this.keys = join(home, 'keys');
    this.permits = join(home, 'permits');
    this.control = join(home, 'ctl');
    this.cancelMarks = join(this.control, 'cancel');
    this.run = join(home, 'run');
    this.children = join(this.run, 'children');
    this.reserve = join(home, 'reserve');
  }

  /** Every folder of an empty home, parents first. */
  folders(): string[] {
    const logs = ['agents', 'workers', 'system'].map((kind) => join(this.home, 'logs', kind));
    return [join(this.home, 'config'), ...this.queueFolders(), join(this.home, 'logs'), ...logs];
  }

  /** Those in which the queue renames and links, parents first. */
  queueFolders(): string[] {
    return [
      this.tasks,
      this.tmp,
      ...STATES.map((state) => this.states[state]),
      this.quarantine,
      this.results,
      this.keys,
      this.permits,
      this.control,
      this.cancelMarks,
      this.run,
      this.children,
      this.reserve,
    ];
  }

  workerFolder(workerId: string): string {
    return join(this.inProgress, workerId);
  }

  endedFolder(state: EndedState, id: string): string {
    return join(this.states[state], dayOf(id));
  }

  resultsDay(id: string): string {
    return join(this.results, dayOf(id));
  }

  resultFolder(id: string): string {
    return join(this.resultsDay(id), id);
  }

  outcome(id: string, run: number): string {
    return join(this.resultFolder(id), `run-${run}.json`);
  }

  /** There where a run of the task was found to hold what must stay. */
  heldMark(id: string): string {
    return join(this.resultFolder(id), 'held');
  }

  /** There where somebody looked at the result. */
  readMark(id: string): string {
    return join(this.resultFolder(id), 'read');
  }

  artifact(id: string, run: number, kind: 'output' | 'refused' | 'log' | 'patch' | 'state'): string {
    return join(this.resultFolder(id), `run-${run}.${kind}`);
  }

  key(key: string): { folder: string; path: string } {
    const hash = sha256(key);
    const folder = join(this.keys, hash.slice(0, 2));
    return { folder, path: join(folder, hash) };
  }

  runFile(workerId: string): string {
    return join(this.run, `${workerId}.json`);
  }

  beatFile(workerId: string): string {
    return join(this.run, `${workerId}.beat`);
  }

  /** A permit set's folder: any text as one file name of its own, without the `@` of a held permit's name. */
  permitFolder(name: string): string {
    const text = encodeURIComponent(name.toWellFormed()).replaceAll('*', '%2A').replace(/^\./, '%2E');
    if (text !== '' && text.length <= 200) return text;
    return `${text.slice(0, 130)}%${sha256(name)}`;
  }
}
