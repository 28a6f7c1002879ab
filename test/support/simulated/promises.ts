/** What was told to somebody in a history, and whether it still holds at its end. */
import assert from 'node:assert/strict';
import { dayOf } from '../../../src/task/id.ts';
import type { RunOutcome } from '../../../src/task/record.ts';
import type { Census, Reader } from '../census/census.ts';
import type { SimulatedFiles } from './files.ts';
import { HOME, type SimulatedProcess } from './world.ts';

interface Batch {
  size: number;
  told: boolean;
}

export const outputOf = (id: string, run: number): string => `what run ${run} of ${id} made`;

export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

export class Promises {
  readonly ids: string[] = [];
  readonly keys = new Map<string, string>();
  readonly batches = new Map<string, Batch>();
  /** Dropped files by name, and whether somebody knows that they are on the device. */
  readonly drops = new Map<string, { prompt: string; told: boolean }>();
  readonly #files: SimulatedFiles;
  readonly #claimed = new Set<string>();
  readonly #holders = new Map<string, SimulatedProcess>();
  readonly #outcomes = new Map<string, RunOutcome>();
  readonly #cancelled = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #retried = new Map<string, number>();
  /** Tasks that somebody tried to run again, once for each time that was not refused. */
  readonly tried: string[] = [];
  retries = 0;

  constructor(files: SimulatedFiles) {
    this.#files = files;
  }

  added(id: string, key: string | null): void {
    this.ids.push(id);
    if (key === null) return;
    const known = this.keys.get(key);
    if (known !== undefined && known !== id)
      throw new BrokenPromise(`${key} led to ${known} and now to ${id}`);
    this.keys.set(key, id);
  }

  claimed(id: string, run: number, process: SimulatedProcess): void {
    if (this.#claimed.has(`${id} ${run}`)) throw new BrokenPromise(`run ${run} of ${id} was begun twice`);
    this.#claimed.add(`${id} ${run}`);
    const other = this.#holders.get(id);
    if (other !== undefined && !other.killed && !other.seemsDead) {
      throw new BrokenPromise(`${id} was begun while it ran`);
    }
    this.#holders.set(id, process);
  }

  settled(outcome: RunOutcome): void {
    this.#holders.delete(outcome.task_id);
    this.#outcomes.set(`${outcome.task_id} ${outcome.attempt}`, outcome);
  }

  letGo(id: string, process: SimulatedProcess): void {
    if (this.#holders.get(id) === process) this.#holders.delete(id);
  }

  cancelled(id: string): void {
    this.#cancelled.add(id);
  }

  asked(id: string): void {
    this.#asked.add(id);
  }

  /** Whether the end of a task was asked before this was called, and still is. */
  asks(): (id: string) => boolean {
    const before = new Set(this.#asked);
    return (id) => before.has(id) && this.#asked.has(id);
  }

  /** Whether it runs a task and nobody had a reason to take that away. */
  holds(id: string, process: SimulatedProcess): boolean {
    return this.#holders.get(id) === process && !process.seemsDead;
  }

  /** Whoever retries takes back what was asked before, of this task and of those that wait for it. */
  retrying(id: string): void {
    this.retries += 1;
    this.#asked.clear();
    this.tried.push(id);
  }

  refused(id: string): void {
    this.tried.splice(this.tried.indexOf(id), 1);
  }

  retried(id: string, runsBefore: number): void {
    this.retries += 1;
    this.#asked.clear();
    this.#retried.set(id, Math.max(runsBefore, this.#retried.get(id) ?? 0));
  }

  /** The number of the last outcome that is seen. */
  lastRun(id: string): number {
    const names = this.#names(`${HOME}/results/${dayOf(id)}/${id}`);
    return Math.max(0, ...names.map((name) => Number(/^run-(\d+)\.json$/.exec(name)?.[1] ?? 0)));
  }

  /** What must hold whenever a sweep is through. Census faults are told of by the caller. */
  check({ tasks }: Census): void {
    for (const [key, outcome] of this.#outcomes) {
      const { task_id, attempt } = outcome;
      assert.deepEqual(this.#outcome(task_id, attempt), outcome, `the outcome of run ${key} is another`);
    }
    for (const { id, state } of tasks.values()) {
      const outcomes = Array.from({ length: this.lastRun(id) }, (_, n) => this.#outcome(id, n + 1));
      for (const outcome of outcomes) if (outcome?.outcome === 'success') this.#checkOutput(outcome);
      if (this.#cancelled.has(id) && !outcomes.some((outcome) => outcome?.error?.code === 'cancelled')) {
        throw new BrokenPromise(`${id} was cancelled and is ${state}`);
      }
    }
    this.#checkBatches(tasks);
  }

  /** What must hold when all is worked off as well. */
  checkEnded(census: Census): void {
    this.check(census);
    for (const { id, state } of census.tasks.values()) {
      if (state !== 'completed' && state !== 'failed') throw new BrokenPromise(`${id} is ${state} for ever`);
    }
    for (const [id, before] of this.#retried) {
      if (this.lastRun(id) <= before) throw new BrokenPromise(`${id} was retried, and nothing came of it`);
    }
    const prompts = [...census.tasks.values()].map(({ path }) => this.#task(path)['prompt']);
    for (const [name, { prompt, told }] of this.drops) {
      // It is set aside when it lies there half written for too long.
      const aside = readerOf(this.#files).exists(`${HOME}/tasks/quarantine/${name}`);
      const count = prompts.filter((other) => other === prompt).length;
      if (count > 1 || (told && count === 0 && !aside))
        throw new BrokenPromise(`"${prompt}" became ${count} tasks`);
    }
    const keys = [...census.tasks.values()].flatMap(
      ({ path }) => (this.#task(path)['key'] as string | null) ?? [],
    );
    if (new Set(keys).size < keys.length) throw new BrokenPromise('two tasks have one key');
  }

  #checkOutput({ task_id, attempt }: RunOutcome): void {
    const path = `${HOME}/results/${dayOf(task_id)}/${task_id}/run-${attempt}.output`;
    const { file } = this.#files.find(path, 'open') ?? {};
    if (file?.data.toString() === outputOf(task_id, attempt)) return;
    throw new BrokenPromise(
      `run ${attempt} of ${task_id} succeeded, and its output is "${file?.data.toString()}"`,
    );
  }

  #checkBatches(tasks: Census['tasks']): void {
    const there = new Map<string, number>();
    for (const { path } of tasks.values()) {
      const { batch } = this.#task(path)['labels'] as Record<string, string>;
      if (batch !== undefined) there.set(batch, (there.get(batch) ?? 0) + 1);
    }
    for (const [name, { size, told }] of this.batches) {
      const count = there.get(name) ?? 0;
      if (count !== size && (told || count > 0))
        throw new BrokenPromise(`${count} of ${name}'s ${size} are there`);
    }
  }

  #task(path: string): Record<string, unknown> {
    return JSON.parse(this.#files.get(path, 'open').file?.data.toString() ?? '') as Record<string, unknown>;
  }

  #outcome(id: string, run: number): RunOutcome | undefined {
    const path = `${HOME}/results/${dayOf(id)}/${id}/run-${run}.json`;
    const data = readerOf(this.#files).exists(path) ? this.#files.get(path, 'open').file?.data : undefined;
    return data === undefined ? undefined : (JSON.parse(data.toString()) as RunOutcome);
  }

  #names(folder: string): string[] {
    return readerOf(this.#files).names(folder);
  }
}

/** The simulated files as the census looks at them. */
export const readerOf = (files: SimulatedFiles): Reader => {
  const find = (path: string) => {
    try {
      return files.find(path, 'open');
    } catch {
      return undefined;
    }
  };
  return {
    names: (folder) => [...(find(folder)?.seen.keys() ?? [])].sort(),
    exists: (path) => find(path) !== undefined,
    text: (path) => files.get(path, 'open').file?.data.toString() ?? '',
    inode: (path) => files.get(path, 'lstat').number,
  };
};
