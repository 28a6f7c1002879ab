/**
 * One history: several processes use one home over a simulated disk, in an order that a seed says; some are killed, the
 * power fails; then a healthy process sweeps and works off what is left.
 */
import assert from 'node:assert/strict';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { newTask, takeAll, worker } from '../../test/support/builders.ts';
import { type Census, census } from '../../test/support/census/census.ts';
import type { DiskMutant } from '../../test/support/mutants/disk.ts';
import { draftFromDrop } from '../../test/support/queue/drop.ts';
import { seeded } from '../../test/support/seeded.ts';
import { SimulatedDisk } from '../../test/support/simulated/disk.ts';
import { Promises, readerOf } from '../../test/support/simulated/promises.ts';
import { HOME, World } from '../../test/support/simulated/world.ts';
import { someSeal } from '../../test/support/state.ts';
import { type Actor, act, few, settle } from './acts.ts';

export interface Story {
  /** Told to have been added. */
  tasks: number;
  kills: number;
  powerLosses: number;
  /** Times that somebody was chosen to go on, or to die. */
  choices: number;
  /** To the disk. */
  calls: number;
}

/** Rounds of looking for work; tasks that wait for others come one after the other. */
const ROUNDS = 20;
const YEARS = 200 * 365 * 86_400_000;

export const playHistory = async (
  seed: number,
  { mutant = (disk) => disk, tell }: { mutant?: DiskMutant; tell?: (line: string) => void } = {},
): Promise<Story> => {
  const random = seeded(seed);
  const world = new World(random);
  world.tell = tell;
  const promises = new Promises(world.files);
  const appear = (): Actor => {
    const process = world.start();
    const disk = new SimulatedDisk(world, process);
    const queue = new FileQueue({
      home: HOME,
      seal: someSeal,
      disk: mutant(disk),
      machine: process.machine,
      nowMs: world.nowMs,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
      draftFromDrop,
    });
    return {
      world,
      promises,
      process,
      disk,
      queue,
      member: undefined,
      joining: undefined,
      claims: [],
      doing: 0,
    };
  };

  const failures: unknown[] = [];
  const start = (work: () => Promise<void>): void => {
    work().catch((error: unknown) => failures.push(error));
  };
  const boots = 1 + Math.floor(random() * 3);
  for (let boot = 0; boot < boots; boot += 1) {
    const powerLosses = world.powerLosses;
    world.chances = {
      wait: 0.05 + random() * 0.6,
      kill: random() < 0.6 ? random() ** 2 * 0.03 : 0,
      power: random() < 0.7 ? random() ** 2 * 0.03 : 0,
    };
    let left = 3 + Math.floor(random() * 16);
    const lane = async (actor: Actor): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await act(actor);
      }
    };
    const begin = (): void => {
      const actor = appear();
      for (let lanes = random() < 0.4 ? 2 : 1; lanes > 0; lanes -= 1) start(() => lane(actor));
    };
    for (let actors = 1 + Math.floor(random() * 4); actors > 0; actors -= 1) begin();
    await world.run(() => {
      if (random() < 0.7) begin();
    });
    if (world.powerLosses === powerLosses) {
      if (random() < 0.4) world.losePower();
      else world.endAll();
    }
    if (failures.length > 0) throw failures[0];
  }
  world.chances = { wait: 0, kill: 0, power: 0 };
  start(() => recover(world, promises, appear()));
  await world.run(() => undefined);
  if (failures.length > 0) throw failures[0];
  const { kills, powerLosses, choices, calls } = world;
  return { tasks: promises.ids.length, kills, powerLosses, choices, calls };
};

const recover = async (world: World, promises: Promises, actor: Actor): Promise<void> => {
  const { queue } = actor;
  const look = (): Census => {
    const expected = { acknowledged: promises.ids, retried: promises.tried, retries: 1, workerLost: 3 };
    const found = census(HOME, expected, readerOf(world.files));
    // What was dropped in is no task before a daemon has looked at it.
    return { ...found, faults: found.faults.filter((fault) => !/ drop-\d+\.json$/.test(fault)) };
  };
  // More than once: what one step frees is what another one waits for.
  for (let pass = 0; pass < 4; pass += 1) {
    await queue.sweep(few);
    // A worker of an earlier boot has to be silent for a while.
    world.pass(10_000);
  }
  await queue.sweep(few);
  const swept = look();
  assert.deepEqual(swept.faults, [], 'after a sweep');
  promises.check(swept);
  for (const { id, state } of swept.tasks.values()) {
    assert.equal(await queue.state(id), state, `where the queue sees ${id}`);
  }
  world.setClock(YEARS);
  for (const [key, id] of promises.keys) {
    assert.deepEqual(await queue.add([newTask({ key })]), [{ id, existed: true }], `the task of ${key}`);
  }
  await workOff(world, actor);
  const ended = look();
  assert.deepEqual(ended.faults, [], 'after all is worked off');
  promises.checkEnded(ended);
};

const workOff = async (world: World, actor: Actor): Promise<void> => {
  const { queue, process, promises } = actor;
  const member = await queue.join(worker());
  actor.member = member;
  for (let round = 0; round < ROUNDS; round += 1) {
    // A dropped file must have stayed the same for two seconds.
    world.pass(3000);
    await queue.adopt(member.workerId);
    await queue.sweep(few);
    for (;;) {
      const claim = await member.claim(takeAll);
      if (claim === undefined) break;
      promises.claimed(claim.id, claim.run, process);
      actor.claims.push(claim);
      await settle(actor, 'success');
    }
    const { pending, in_progress } = await queue.counts();
    if (round > 0 && pending + in_progress === 0) break;
  }
  await member.leave();
  await queue.sweep(few);
};
