/** A home on the real file system, and the processes that use it: all are this one, and each has a pid of its own. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Claim, Member } from '../../src/queue/queue.ts';
import { dayOf } from '../../src/task/id.ts';
import { worker } from '../../test/support/builders.ts';
import { census } from '../../test/support/census/census.ts';
import { disk } from '../../test/support/census/reader.ts';
import type { DiskMutant } from '../../test/support/mutants/disk.ts';
import { LightDisk } from '../../test/support/queue/disk.ts';
import { makeHome, type TestHome } from '../../test/support/queue/home.ts';
import { seeded } from '../../test/support/seeded.ts';
import { sealOf } from '../../test/support/state.ts';
import { type Model, RETRIES, WORKER_LOST } from './model.ts';

export interface RealWorker {
  pid: number;
  member: Member;
  claims: Map<string, Claim>;
}

/** The real ones; as another reader it says that no task here has a process that should be looked for. */
const FILES = { ...disk };

export class Real {
  readonly workers = new Map<string, RealWorker>();
  /** How often each kind of step was done. */
  readonly steps: Map<string, number>;
  /** Who adds, cancels, retries and looks. */
  readonly queue: FileQueue;
  readonly #home: TestHome;
  readonly #model: Model;
  readonly #mutant: DiskMutant;
  readonly #random: () => number;
  readonly #living = new Set<number>();
  #pids = 0;
  #steadyMs = 0;

  private constructor(home: TestHome, model: Model, mutant: DiskMutant, steps: Map<string, number>) {
    this.steps = steps;
    this.#home = home;
    this.#model = model;
    this.#mutant = mutant;
    this.#random = seeded(1);
    this.queue = this.#open().queue;
  }

  static async make(model: Model, mutant: DiskMutant, steps: Map<string, number>): Promise<Real> {
    return new Real(await makeHome(), model, mutant, steps);
  }

  #open(): { queue: FileQueue; pid: number } {
    this.#pids += 1;
    const pid = this.#pids;
    this.#living.add(pid);
    const queue = new FileQueue({
      home: this.#home.home,
      seal: sealOf(this.#home.home),
      disk: this.#mutant(new LightDisk()),
      nowMs: () => this.#model.nowMs,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(this.#random() * 256)),
      machine: {
        self: { bootId: 'b', pid, startTime: `${pid}`, pidNamespace: 'pid:[1]', hostId: 'h' },
        startTimeOf: (other) => (this.#living.has(other) ? `${other}` : null),
        stopTree: async () => undefined,
        steadyMs: () => this.#steadyMs,
        sleep: async () => {},
      },
    });
    return { queue, pid };
  }

  /** Time goes by, so that whoever looks next finds what it knew to be out of date. */
  pass(): void {
    this.#steadyMs += 10_000;
  }

  async join(): Promise<string> {
    const { queue, pid } = this.#open();
    const member = await queue.join(worker());
    this.workers.set(member.workerId, { pid, member, claims: new Map() });
    return member.workerId;
  }

  /** From now on others take its process for dead. */
  lookDead({ pid }: RealWorker): void {
    this.#living.delete(pid);
  }

  /** Compares what lies in the home with what should, and asks the queue as well. */
  async compare(): Promise<void> {
    const model = this.#model;
    const ids = [...model.tasks.keys()];
    const expected = {
      acknowledged: ids,
      holders: [...model.workers.keys()],
      retried: model.retried,
      retries: RETRIES,
      workerLost: WORKER_LOST,
    };
    const { tasks, faults } = census(this.#home.home, expected, FILES);
    // What was asked of a task whose worker has put it back is carried out by the next sweep or claim.
    const isAsked = (fault: string): boolean =>
      [...model.tasks.values()].some(({ id, marked }) => marked && fault.startsWith(`a mark is left: ${id}`));
    assert.deepEqual(
      faults.filter((fault) => !isAsked(fault)),
      [],
    );
    const ended = (state: string): boolean => state === 'completed' || state === 'failed';
    const found = [...tasks.values()].map(({ id, state, run, base, worker: holder }) => ({
      id,
      state,
      run,
      base,
      holder,
      outcomes: this.#outcomes(id),
    }));
    const meant = [...model.tasks.values()].map(({ id, state, run, base, worker: holder, outcomes }) => ({
      id,
      state,
      run,
      base: ended(state) ? null : base,
      holder,
      outcomes: outcomes.map(({ code }) => code),
    }));
    const byId = (one: { id: string }, other: { id: string }): number => (one.id < other.id ? -1 : 1);
    assert.deepEqual(found.sort(byId), meant.sort(byId));
    for (const { id, state } of meant) assert.equal(await this.queue.state(id), state, id);
    const dues = [...model.tasks.values()]
      .flatMap(({ dueMs }) => dueMs ?? [])
      .sort((one, other) => one - other);
    assert.equal(await this.queue.nextDueMs(), dues[0] ?? null);
    const { pending, in_progress: running, completed, failed } = await this.queue.counts();
    const count = (...states: string[]): number => meant.filter(({ state }) => states.includes(state)).length;
    assert.deepEqual(
      [pending, running, completed, failed],
      [count('pending', 'delayed', 'blocked'), count('in_progress'), count('completed'), count('failed')],
    );
  }

  #outcomes(id: string): string[] {
    const folder = this.#home.path('results', dayOf(id), id);
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    return names
      .flatMap((name) => /^run-(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((one, other) => one - other)
      .map((run) => {
        const { outcome, error } = JSON.parse(fs.readFileSync(`${folder}/run-${run}.json`, 'utf8'));
        return outcome === 'success' ? 'success' : (error.code as string);
      });
  }

  /** When a delayed task is due, as its name says; undefined where it is not delayed. */
  dueMs(id: string): number | undefined {
    const name = fs.readdirSync(this.#home.path('tasks/delayed')).find((text) => text.includes(id));
    return name === undefined ? undefined : Number(name.slice(0, 13));
  }

  remove(): void {
    this.#home.remove();
  }
}
