/** What is done to a queue and to its model, one thing at a time; after each they must agree. */
import assert from 'node:assert/strict';
import { KoubouError } from '../../src/errors.ts';
import type { Budget } from '../../src/task/budget.ts';
import { beat, failedWith, newTask, succeeded } from '../../test/support/builders.ts';
import fc from '../../test/support/fast-check.ts';
import { type End, type Model, PERMITS, RETRIES, UNAVAILABLE_MS, WORKER_LOST } from './model.ts';
import type { Real, RealWorker } from './real.ts';

type Command = fc.AsyncCommand<Model, Real>;
type Run = (model: Model, real: Real) => Promise<void>;

const budget: Budget = {
  retries: RETRIES,
  workerLost: WORKER_LOST,
  unavailableSeconds: UNAVAILABLE_MS / 1000,
};

/** A step that is possible where `check` says so. The clock goes on by a little at each. */
const step = (name: string, run: Run, check: (model: Model) => boolean = () => true): Command => ({
  check,
  run: async (model, real) => {
    const [kind = ''] = name.split(' ');
    real.steps.set(kind, (real.steps.get(kind) ?? 0) + 1);
    model.nowMs += 1;
    real.pass();
    await run(model, real);
    await real.compare();
  },
  toString: () => name,
});

const at = <T>(items: Iterable<T>, index: number): T => {
  const all = [...items];
  return all[index % all.length] as T;
};

const iso = (ms: number): string => new Date(ms).toISOString();

/** A back-off that the queue chose, read from the task's name; held against what it may be. */
const dueWithin = (model: Model, real: Real, id: string, mostMs: number): number => {
  // One that was due at once may have gone on within the same step.
  const dueMs = real.dueMs(id) ?? model.nowMs;
  assert.ok(dueMs >= model.nowMs && dueMs <= model.nowMs + mostMs, `${id} is due at ${iso(dueMs)}`);
  return dueMs;
};

interface Draft {
  priority: number;
  parents: readonly number[];
  any: boolean;
  inSeconds: number | null;
}

const add =
  (drafts: readonly Draft[]): Run =>
  async (model, real) => {
    const known = [...model.tasks.keys()];
    const tasks = drafts.map(({ priority, parents, any, inSeconds }) => {
      const ids = known.length === 0 ? [] : [...new Set(parents.map((index) => at(known, index)))];
      const notBeforeMs = inSeconds === null ? null : model.nowMs + inSeconds * 1000;
      return { priority, after: any ? [] : ids, afterAny: any ? ids : [], notBeforeMs };
    });
    const added = await real.queue.add(
      tasks.map(({ priority, after, afterAny, notBeforeMs }) =>
        newTask({
          priority,
          after: [...after],
          after_any: [...afterAny],
          not_before: notBeforeMs === null ? null : iso(notBeforeMs),
        }),
      ),
    );
    assert.equal(added.length, tasks.length);
    added.forEach(({ id, existed }, index) => {
      assert.equal(existed, false);
      model.add({ id, ...(tasks[index] as (typeof tasks)[number]) });
    });
  };

const addKeyed =
  (key: string): Run =>
  async (model, real) => {
    const [added] = await real.queue.add([newTask({ key })]);
    const known = model.keys.get(key);
    assert.deepEqual(added, { id: known ?? added?.id, existed: known !== undefined });
    if (known !== undefined || added === undefined) return;
    model.keys.set(key, added.id);
    model.add({ id: added.id, priority: 5, after: [], afterAny: [], notBeforeMs: null });
  };

const isLost = (error: unknown): boolean => error instanceof KoubouError && error.code === 'worker_lost';

/** The one of the workers that live, as they themselves see it, and what the model knows of it: nothing once it is fenced. */
const claim =
  (index: number, permit: boolean): Run =>
  async (model, real) => {
    const [workerId, worker] = at(real.workers, index);
    const permits = permit ? [{ name: 'p', cap: PERMITS }] : [];
    const known = model.workers.get(workerId);
    const waits = [...model.tasks.values()].some(({ state }) => state === 'pending');
    if (known === undefined && waits) {
      await assert.rejects(
        worker.member.claim(() => ({ take: true, permits })),
        isLost,
      );
      real.workers.delete(workerId);
      return;
    }
    const taken = await worker.member.claim(() => ({ take: true, permits }));
    const meant = known === undefined ? undefined : model.claim(known, permit);
    assert.deepEqual(taken && { id: taken.id, run: taken.run }, meant && { id: meant.id, run: meant.run });
    if (taken !== undefined) worker.claims.set(taken.id, taken);
  };

const settle =
  (index: number, which: number, end: End): Run =>
  async (model, real) => {
    const holders = [...real.workers.values()].filter(({ claims }) => claims.size > 0);
    const worker = at(holders, index);
    const [id, taken] = at(worker.claims, which);
    const { member } = worker;
    const task = model.get(id);
    const held = task.worker === member.workerId && task.run === taken.run;
    assert.equal(await member.ownsLease(taken), held);
    const asked = (await member.cancelRequests()).includes(id);
    if (held) assert.equal(asked, task.marked, `whether the end of ${id} is asked`);
    const times = { started_at: iso(model.nowMs), ended_at: iso(model.nowMs) };
    const outcome =
      end === 'success' ? succeeded(taken, member, times) : failedWith(end, taken, member, times);
    const settled = await member.settle(taken, outcome, budget);
    worker.claims.delete(id);
    assert.equal(settled.kind, held ? 'settled' : 'fenced');
    if (!held) real.steps.set('late', (real.steps.get('late') ?? 0) + 1);
    if (held) model.settle(task, end, (mostMs) => dueWithin(model, real, id, mostMs));
  };

const sweep: Run = async (model, real) => {
  await real.queue.sweep(() => budget);
  model.sweep(({ id }, mostMs) => dueWithin(model, real, id, mostMs));
};

const lookDead =
  (index: number, killed: boolean): Run =>
  async (model, real) => {
    const [workerId, worker] = at(real.workers, index) as [string, RealWorker];
    real.lookDead(worker);
    const known = model.workers.get(workerId);
    if (known !== undefined) known.dead = true;
    if (killed) real.workers.delete(workerId);
  };

const cancel =
  (index: number): Run =>
  async (model, real) => {
    const task = at(model.tasks.values(), index);
    const { result } = await real.queue.cancel(task.id);
    assert.equal(result, model.cancel(task));
  };

const retry =
  (index: number): Run =>
  async (model, real) => {
    const task = at(model.tasks.values(), index);
    if (task.state !== 'completed' && task.state !== 'failed') {
      await assert.rejects(real.queue.retry(task.id), /has not ended/);
      return;
    }
    model.retried.push(task.id);
    const state = await real.queue.retry(task.id);
    model.retry(task);
    assert.equal(state, task.state);
  };

const join: Run = async (model, real) => {
  const id = await real.join();
  model.workers.set(id, { id, dead: false, claims: 0 });
};

const renewOrLeave =
  (index: number, leaves: boolean): Run =>
  async (model, real) => {
    const [workerId, { member, claims }] = at(real.workers, index);
    assert.equal(await member.renew(beat()), model.workers.has(workerId) ? 'alive' : 'fenced');
    if (!leaves || claims.size > 0) return;
    await member.leave();
    real.workers.delete(workerId);
    model.workers.delete(workerId);
  };

const jump =
  (seconds: number): Run =>
  async (model) => {
    model.nowMs += seconds * 1000;
  };

const hasTasks = ({ tasks }: Model): boolean => tasks.size > 0;

const nat = fc.nat(20);
const draft: fc.Arbitrary<Draft> = fc.record({
  priority: fc.oneof({ weight: 3, arbitrary: fc.constant(5) }, fc.integer({ min: 1, max: 10 })),
  parents: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(nat, { minLength: 1, maxLength: 2 })),
  any: fc.boolean(),
  inSeconds: fc.option(fc.integer({ min: -60, max: 100_000 }), { freq: 4 }),
});
const end = fc.constantFrom<End>(
  'success',
  'exit_nonzero',
  'exit_nonzero',
  'model_not_found',
  'endpoint_busy',
  'worker_stopped',
  'cancelled',
);
const seconds = fc.oneof(fc.constantFrom(1, 10, 3600), fc.integer({ min: -200_000, max: 200_000 }));

/** Whether a worker is there is known to the real side alone; where none is, nothing is done. */
const ifAny =
  (run: Run, holding = false): Run =>
  async (model, real) => {
    const workers = [...real.workers.values()];
    if (workers.some(({ claims }) => !holding || claims.size > 0)) await run(model, real);
  };

/** What each sequence begins with, so that there is something to do. */
export const begin = async (model: Model, real: Real): Promise<void> => {
  const plain: Draft = { priority: 5, parents: [], any: false, inSeconds: null };
  for (const run of [join, join, add([plain, plain, plain])]) await step('begin', run).run(model, real);
};

export const commands: fc.Arbitrary<Command>[] = [
  fc
    .array(draft, { minLength: 1, maxLength: 3 })
    .map((drafts) => step(`add ${JSON.stringify(drafts)}`, add(drafts))),
  draft.map((one) => step(`add ${JSON.stringify(one)}`, add([one]))),
  fc.constantFrom('a', 'b').map((key) => step(`add with key ${key}`, addKeyed(key))),
  fc.constant(step('join', join)),
  ...[0, 1, 2].map(() =>
    fc
      .tuple(nat, fc.boolean())
      .map(([index, permit]) =>
        step(`claim ${index} ${permit ? 'with a permit' : ''}`, ifAny(claim(index, permit))),
      ),
  ),
  ...[0, 1, 2].map(() =>
    fc
      .tuple(nat, nat, end)
      .map(([index, which, how]) =>
        step(`settle ${index} ${which} ${how}`, ifAny(settle(index, which, how), true)),
      ),
  ),
  ...[0, 1].map(() => fc.constant(step('sweep', sweep))),
  nat.map((index) => step(`kill ${index}`, ifAny(lookDead(index, true)))),
  ...[0, 1].map(() => nat.map((index) => step(`fence ${index}`, ifAny(lookDead(index, false))))),
  nat.map((index) => step(`cancel ${index}`, cancel(index), hasTasks)),
  nat.map((index) => step(`retry ${index}`, retry(index), hasTasks)),
  nat.map((index) => step(`renew ${index}`, ifAny(renewOrLeave(index, false)))),
  nat.map((index) => step(`leave ${index}`, ifAny(renewOrLeave(index, true)))),
  seconds.map((by) => step(`clock ${by}`, jump(by))),
];
