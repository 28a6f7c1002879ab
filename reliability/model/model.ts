/** What the queue should hold, as plainly as it can be said: a map of tasks, and rules of its own. */

export type End =
  | 'success'
  | 'exit_nonzero'
  | 'model_not_found'
  | 'endpoint_busy'
  | 'worker_stopped'
  | 'cancelled';
type Code = End | 'worker_lost' | 'dependency_failed';

export const RETRIES = 1;
export const WORKER_LOST = 2;
export const UNAVAILABLE_MS = 3_600_000;
export const PERMITS = 2;
const LONGEST_BACKOFF_MS = 3_600_000;
const CLOCK_ERROR_MS = 60_000;
/** A worker's eighth claim, and each eighth after it, takes the oldest task. */
const OLDEST_EVERY = 8;

interface Outcome {
  run: number;
  code: Code;
  atMs: number;
}

export interface ModelTask {
  id: string;
  state: 'pending' | 'delayed' | 'blocked' | 'in_progress' | 'completed' | 'failed';
  run: number;
  base: number;
  readonly priority: number;
  readonly after: readonly string[];
  readonly afterAny: readonly string[];
  readonly createdMs: number;
  readonly notBeforeMs: number | null;
  dueMs: number | null;
  outcomes: Outcome[];
  worker: string | null;
  permit: boolean;
  /** A cancel was asked and is not carried out. */
  marked: boolean;
}

export interface ModelWorker {
  id: string;
  /** Whether others take its process for dead: it was killed, or stopped for long. */
  dead: boolean;
  claims: number;
}

export class Model {
  nowMs = Date.parse('2026-01-15T09:00:00.000Z');
  readonly tasks = new Map<string, ModelTask>();
  readonly keys = new Map<string, string>();
  readonly workers = new Map<string, ModelWorker>();
  /** Once for each time that somebody ran a task again by hand. */
  readonly retried: string[] = [];

  get(id: string): ModelTask {
    const task = this.tasks.get(id);
    if (task === undefined) throw new Error(`The model has no task ${id}.`);
    return task;
  }

  add(task: Pick<ModelTask, 'id' | 'priority' | 'after' | 'afterAny' | 'notBeforeMs'>): void {
    const blocked = task.after.length + task.afterAny.length > 0;
    const state = blocked ? 'blocked' : task.notBeforeMs === null ? 'pending' : 'delayed';
    this.tasks.set(task.id, {
      ...task,
      state,
      run: 0,
      base: 0,
      createdMs: this.nowMs,
      dueMs: state === 'delayed' ? task.notBeforeMs : null,
      outcomes: [],
      worker: null,
      permit: false,
      marked: false,
    });
  }

  /** Takes what `worker` has to get next; undefined where there is nothing for it. */
  claim(worker: ModelWorker, permit: boolean): ModelTask | undefined {
    const used = this.#in('in_progress').filter((task) => task.permit).length;
    const oldest = worker.claims % OLDEST_EVERY === OLDEST_EVERY - 1;
    for (const task of oldest ? this.#in('pending').sort(byAge) : this.#in('pending').sort(byRank)) {
      if (permit && used >= PERMITS) return undefined;
      if (task.marked) {
        this.#end(task, 'cancelled');
        continue;
      }
      worker.claims += 1;
      const run = task.run + 1;
      Object.assign(task, { state: 'in_progress', run, worker: worker.id, permit });
      return task;
    }
    return undefined;
  }

  /** Ends a run. Where the task is tried later, `dueMs` says when: only the queue knows, within a longest back-off. */
  settle(task: ModelTask, code: Code, dueMs: (mostMs: number) => number): void {
    task.outcomes.push({ run: task.run, code, atMs: this.nowMs });
    task.worker = null;
    task.permit = false;
    if (code === 'success') this.#close(task, 'completed');
    else if (code === 'cancelled' || code === 'model_not_found') this.#close(task, 'failed');
    else if (code === 'worker_stopped') task.state = 'pending';
    else this.#tryAgain(task, code, dueMs);
  }

  #tryAgain(task: ModelTask, code: Code, dueMs: (mostMs: number) => number): void {
    const counted = task.outcomes.filter((outcome) => outcome.run > task.base);
    const waits = counted.slice(counted.findLastIndex((outcome) => outcome.code !== 'endpoint_busy') + 1);
    const lost = count(counted, 'worker_lost');
    if (code === 'worker_lost' && lost === 1) task.state = 'pending';
    else if (this.#isSpent(counted, waits, code)) this.#close(task, 'failed');
    else {
      // The first worker that is lost is followed by no wait.
      const times =
        code === 'worker_lost' ? lost - 1 : code === 'exit_nonzero' ? count(counted, code) : waits.length;
      const cap = code === 'worker_lost' ? 5000 : code === 'exit_nonzero' ? LONGEST_BACKOFF_MS : 60_000;
      task.state = 'delayed';
      task.dueMs = dueMs(Math.min(cap, 1000 * 2 ** (times - 1)));
    }
  }

  #isSpent(counted: readonly Outcome[], waits: readonly Outcome[], code: Code): boolean {
    if (code === 'worker_lost') return count(counted, code) > WORKER_LOST;
    if (code === 'exit_nonzero') return count(counted, code) > RETRIES;
    return (waits.at(-1)?.atMs ?? 0) - (waits[0]?.atMs ?? 0) >= UNAVAILABLE_MS;
  }

  #close(task: ModelTask, state: 'completed' | 'failed'): void {
    task.state = state;
    task.marked = false;
  }

  /** An end without a run. */
  #end(task: ModelTask, code: Code): void {
    task.run += 1;
    task.dueMs = null;
    task.outcomes.push({ run: task.run, code, atMs: this.nowMs });
    this.#close(task, 'failed');
  }

  cancel(task: ModelTask): 'cancelled' | 'asked' | 'already_ended' {
    if (task.state === 'completed' || task.state === 'failed') return 'already_ended';
    if (task.state === 'in_progress') {
      task.marked = true;
      return 'asked';
    }
    this.#end(task, 'cancelled');
    return 'cancelled';
  }

  retry(task: ModelTask): void {
    task.base = task.run;
    task.state = this.#parents(task) === 'met' ? 'pending' : 'blocked';
    const failedFor = this.#in('failed').filter(
      (other) => other.outcomes.at(-1)?.code === 'dependency_failed' && other.after.includes(task.id),
    );
    // A child that came along with another one has not failed any more.
    for (const child of failedFor.sort(byAge)) if (child.state === 'failed') this.retry(child);
  }

  #parents(task: ModelTask): 'met' | 'unmet' | 'failed' {
    const states = task.after.map((id) => this.get(id).state);
    if (states.includes('failed')) return 'failed';
    const any = task.afterAny.map((id) => this.get(id).state);
    const ended = any.every((state) => state === 'completed' || state === 'failed');
    return ended && states.every((state) => state === 'completed') ? 'met' : 'unmet';
  }

  /** `lost`: when a task that its worker's death sends back is due. */
  sweep(lost: (task: ModelTask, mostMs: number) => number): void {
    const gone = [...this.workers.values()].filter((worker) => worker.dead);
    for (const { id } of gone) {
      this.workers.delete(id);
      for (const task of this.#in('in_progress').sort(byRank)) {
        if (task.worker === id) this.settle(task, 'worker_lost', (mostMs) => lost(task, mostMs));
      }
    }
    for (const task of this.tasks.values()) {
      if (task.marked && task.state !== 'in_progress') this.#end(task, 'cancelled');
    }
    for (const task of this.#in('delayed')) this.#promote(task);
    for (const task of this.#in('blocked').sort(byRank)) this.#recheck(task);
  }

  #promote(task: ModelTask): void {
    const dueMs = task.dueMs ?? 0;
    if (dueMs <= this.nowMs) {
      task.state = 'pending';
      task.dueMs = null;
      return;
    }
    if (dueMs <= this.nowMs + LONGEST_BACKOFF_MS) return;
    // The clock was set back: what was meant is a wait from the moment at which it was written down.
    const [writtenMs, meantMs] =
      task.run === 0 ? [task.createdMs, task.notBeforeMs ?? 0] : [task.outcomes.at(-1)?.atMs ?? 0, dueMs];
    const ahead = writtenMs > this.nowMs + CLOCK_ERROR_MS;
    if (task.run === 0 && !ahead) return;
    const longest = task.run === 0 ? Number.POSITIVE_INFINITY : LONGEST_BACKOFF_MS;
    task.dueMs = Math.min(
      dueMs,
      this.nowMs + Math.min(ahead ? Math.max(0, meantMs - writtenMs) : longest, longest),
    );
  }

  #recheck(task: ModelTask): void {
    const parents = this.#parents(task);
    if (parents === 'failed') this.#end(task, 'dependency_failed');
    if (parents !== 'met') return;
    const later = task.run === 0 && task.notBeforeMs !== null && task.notBeforeMs > this.nowMs;
    task.state = later ? 'delayed' : 'pending';
    task.dueMs = later ? task.notBeforeMs : null;
  }

  #in(state: ModelTask['state']): ModelTask[] {
    return [...this.tasks.values()].filter((task) => task.state === state);
  }
}

const count = (outcomes: readonly Outcome[], code: Code): number =>
  outcomes.filter((outcome) => outcome.code === code).length;

const byAge = (one: ModelTask, other: ModelTask): number => (one.id < other.id ? -1 : 1);
const byRank = (one: ModelTask, other: ModelTask): number =>
  other.priority - one.priority || byAge(one, other);
