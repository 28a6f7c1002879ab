/** What processes do in a history, and what each was told. */
import { KoubouError, systemCode } from '../../src/errors.ts';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Claim, Member } from '../../src/queue/queue.ts';
import type { Budget } from '../../src/task/budget.ts';
import { beat, budget, failedWith, newTask, succeeded, worker } from '../../test/support/builders.ts';
import type { SimulatedDisk } from '../../test/support/simulated/disk.ts';
import { BrokenPromise, outputOf, type Promises } from '../../test/support/simulated/promises.ts';
import { HOME, type SimulatedProcess, type World } from '../../test/support/simulated/world.ts';

export interface Actor {
  world: World;
  promises: Promises;
  process: SimulatedProcess;
  disk: SimulatedDisk;
  queue: FileQueue;
  member: Member | undefined;
  joining: Promise<Member> | undefined;
  claims: Claim[];
  /** What it is doing as a member. A daemon beats one beat at a time, and leaves when nothing else is going on. */
  doing: number;
}

export const few = (): Budget => ({ ...budget, retries: 1, workerLost: 3 });

const pick = <T>(world: World, items: readonly T[]): T | undefined =>
  items[Math.floor(world.random() * items.length)];

const someKey = (world: World): string => `k${Math.floor(world.random() * 3)}`;

const add = async ({ queue, world, promises }: Actor): Promise<void> => {
  const parent = world.random() < 0.4 ? pick(world, promises.ids) : undefined;
  const way = world.random() < 0.5 ? 'after' : 'after_any';
  const key = world.random() < 0.4 ? someKey(world) : null;
  // Who adds the same task again under its key says the same of it.
  const task = key === null ? newTask({ [way]: parent === undefined ? [] : [parent] }) : newTask({ key });
  for (const { id } of await queue.add([task])) promises.added(id, key);
};

const addBatch = async ({ queue, world, promises }: Actor): Promise<void> => {
  const label = `batch-${promises.batches.size}`;
  const batch = { size: 2, told: false };
  promises.batches.set(label, batch);
  const labels = { batch: label };
  const key = someKey(world);
  const [keyed, ...others] = await queue.add([newTask({ key }), newTask({ labels }), newTask({ labels })]);
  batch.told = true;
  if (keyed !== undefined) promises.added(keyed.id, key);
  for (const { id } of others) promises.added(id, null);
};

const drop = async ({ disk, world, promises }: Actor): Promise<void> => {
  const number = promises.drops.size;
  const name = `drop-${number}.json`;
  const dropped = { prompt: `dropped ${number}`, told: false };
  promises.drops.set(name, dropped);
  const durable = world.random() < 0.5;
  await disk.create(`${HOME}/tasks/pending/${name}`, JSON.stringify({ prompt: dropped.prompt }), durable);
  if (!durable) return;
  // It may be taken away at once: what is told is that it was on the device before.
  await disk.syncFolder(`${HOME}/tasks/pending`);
  dropped.told = true;
};

const join = async (actor: Actor): Promise<Member> => {
  actor.joining ??= actor.queue.join(worker());
  actor.member = await actor.joining;
  return actor.member;
};

const forget = (actor: Actor): void => {
  actor.member = undefined;
  actor.joining = undefined;
  actor.claims = [];
};

/** Does something as a member, and says so while it lasts. */
const asMember =
  (work: (actor: Actor) => Promise<void>) =>
  async (actor: Actor): Promise<void> => {
    actor.doing += 1;
    try {
      await work(actor);
    } finally {
      actor.doing -= 1;
    }
  };

const claim = async (actor: Actor): Promise<void> => {
  const { world, promises, process } = actor;
  const member = await join(actor);
  const permits = world.random() < 0.5 ? [{ name: 'p', cap: 2 }] : [];
  const asked = promises.asks();
  const taken = await member.claim(() => ({ take: true, permits }));
  if (taken === undefined) return;
  promises.claimed(taken.id, taken.run, process);
  if (asked(taken.id)) throw new BrokenPromise(`${taken.id} was begun after its end was asked`);
  actor.claims.push(taken);
};

const ENDS = [
  'success',
  'success',
  'exit_nonzero',
  'worker_stopped',
  'cancelled',
  'model_not_found',
] as const;

export const settle = async (actor: Actor, end: (typeof ENDS)[number]): Promise<void> => {
  const { promises, disk, world, process, member } = actor;
  const taken = actor.claims.shift();
  if (taken === undefined || member === undefined) return;
  const asked = promises.asks();
  const requested = (await member.cancelRequests()).includes(taken.id);
  if (!requested && asked(taken.id) && promises.holds(taken.id, process)) {
    throw new BrokenPromise(`whoever runs ${taken.id} was not told that its end was asked`);
  }
  const at = new Date(world.nowMs()).toISOString();
  const times = { started_at: at, ended_at: at };
  if (end === 'success') await disk.append(taken.scratch.outputPath, outputOf(taken.id, taken.run));
  const outcome = end === 'success' ? succeeded(taken, member, times) : failedWith(end, taken, member, times);
  // What it does for the task is done by now; others may go on with it before this one is told so.
  promises.letGo(taken.id, process);
  const settled = await member.settle(taken, outcome, few());
  if (settled.kind === 'settled') promises.settled(settled.outcome);
};

const cancel = async ({ queue, world, promises }: Actor): Promise<void> => {
  const id = pick(world, promises.ids);
  if (id === undefined) return;
  const { retries } = promises;
  const { result } = await queue.cancel(id);
  if (result === 'cancelled') promises.cancelled(id);
  // A retry in the meantime may have taken it back.
  if (result === 'asked' && promises.retries === retries) promises.asked(id);
};

const retry = async ({ queue, world, promises }: Actor): Promise<void> => {
  const id = pick(world, promises.ids);
  if (id === undefined) return;
  const before = promises.lastRun(id);
  promises.retrying(id);
  try {
    await queue.retry(id);
    promises.retried(id, before);
  } catch (error) {
    if (error instanceof KoubouError && error.code === 'conflict') promises.refused(id);
    throw error;
  }
};

const look = async ({ queue, world, promises }: Actor): Promise<void> => {
  const id = pick(world, promises.ids);
  if (id !== undefined && (await queue.state(id)) === undefined) throw new Error(`${id} is nowhere`);
  await queue.list({ limit: 3 });
  await queue.counts();
};

const leave = async (actor: Actor): Promise<void> => {
  if (actor.member === undefined || actor.claims.length > 0 || actor.doing > 0) return;
  const { member } = actor;
  forget(actor);
  await member.leave();
};

const ACTS: Readonly<Record<string, (actor: Actor) => Promise<void>>> = {
  add,
  addBatch,
  drop,
  claim: asMember(claim),
  settle: asMember((actor) => settle(actor, pick(actor.world, ENDS) ?? 'success')),
  cancel,
  retry,
  look,
  leave,
  sweep: async ({ queue }) => {
    await queue.sweep(few);
  },
  sweepQuickly: async ({ queue }) => {
    await queue.sweepQuickly(few);
  },
  adopt: asMember(async (actor) => {
    await actor.queue.adopt((await join(actor)).workerId);
  }),
  renew: asMember(async (actor) => {
    if (actor.doing === 1) await actor.member?.renew(beat());
  }),
  // A container that was stopped for long is taken for dead by others, and goes on afterwards.
  seemDead: async ({ process, world }) => {
    if (world.random() < 0.3) process.seemsDead = true;
  },
  // A clock is set, or somebody waits.
  time: async ({ world }) => {
    const ms = (pick(world, [1, 60, 3600, 86_400]) ?? 1) * 1000;
    if (world.random() < 0.5) world.setClock(world.random() < 0.5 ? ms : -ms);
    else world.pass(ms);
  },
};

const NAMES = [
  ...Object.keys(ACTS),
  'add',
  'add',
  'claim',
  'claim',
  'claim',
  'settle',
  'settle',
  'settle',
  'cancel',
  'retry',
];

/** Errors with which the queue refuses what was asked for. */
const REFUSALS = ['conflict', 'worker_lost', 'unknown'];

/** Does one thing. Whoever was fenced begins anew as another worker. */
export const act = async (actor: Actor): Promise<void> => {
  const name = pick(actor.world, NAMES) as string;
  try {
    await ACTS[name]?.(actor);
  } catch (error) {
    const refused = error instanceof KoubouError && REFUSALS.includes(error.code);
    // What it was making was taken for a dead process' and cleared away.
    const cause = error instanceof KoubouError ? error.cause : error;
    const robbed = actor.process.seemsDead && systemCode(cause) === 'ENOENT';
    if (!refused && !robbed) throw new Error(`${name} failed`, { cause: error });
    if (error instanceof KoubouError && error.code === 'worker_lost') {
      forget(actor);
    }
  }
};
