/**
 * Many users of one queue at once, with any two of their steps in any order, and with some that are killed in
 * between. What is random comes from a seed that a failure names.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { KoubouError } from '../../src/errors.ts';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { Claim, Member } from '../../src/queue/queue.ts';
import { census } from '../faults/census.ts';
import { lookDead } from '../helpers/queue-dead.ts';
import { ShufflingDisk } from '../helpers/queue-disk.ts';
import {
  budget,
  failedWith,
  full,
  makeHome,
  newTask,
  succeeded,
  takeAll,
  worker,
} from '../helpers/queue-home.ts';
import { seeded } from '../helpers/seeded.ts';

const SEEDS = full ? 2000 : 25;
const ROUNDS = 12;
const USERS = 4;
const firstSeed = Number(process.env.KOUBOU_TEST_SEED ?? 1);

interface User {
  disk: ShufflingDisk;
  queue: FileQueue;
  member: Member | undefined;
  claims: Claim[];
}

const play = async (seed: number): Promise<void> => {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const home = await makeHome();
  let aheadMs = 0;
  const few = { ...budget, retries: 1, workerLost: 3 };
  const appear = (): User => {
    const disk = new ShufflingDisk(random);
    const queue = home.open({ disk, nowMs: () => Date.now() + (performance.now() % 1) + aheadMs });
    return { disk, queue, member: undefined, claims: [] };
  };
  const users = Array.from({ length: USERS }, appear);
  // All users are this one process: what a dead one left gets the name of a process that is gone.
  const bury = ({ disk }: User): void => {
    for (const name of fs.readdirSync(home.path('tasks/tmp'))) {
      const rand = /-([0-9a-f]{20})/.exec(name)?.[1] ?? '';
      if (!disk.made.has(rand)) continue;
      const to = name.replace(/([0-9a-f]{8})-\d+-[^-]+-/, '$1-1-1-');
      fs.renameSync(home.path('tasks/tmp', name), home.path('tasks/tmp', to));
    }
    for (const workerId of disk.joined) lookDead(home.home, workerId);
  };
  const ids: string[] = [];
  const retried: string[] = [];

  const acts: Record<string, (user: User) => Promise<void>> = {
    add: async ({ queue }) => {
      const parents = random() < 0.3 && ids.length > 0 ? [pick(ids) as string] : [];
      const way = random() < 0.5 ? { after: parents } : { after_any: parents };
      for (const { id } of await queue.add([newTask(way)])) ids.push(id);
    },
    addKeyed: async ({ queue }) => {
      for (const { id } of await queue.add([newTask({ key: `k${Math.floor(random() * 3)}` })])) ids.push(id);
    },
    addBatch: async ({ queue }) => {
      const batch = [newTask({ key: `k${Math.floor(random() * 3)}` }), newTask(), newTask()];
      for (const { id } of await queue.add(batch)) ids.push(id);
    },
    claim: async (user) => {
      user.member ??= await user.queue.join(worker());
      const permits = random() < 0.5 ? [{ name: 'p', cap: 2 }] : [];
      const claim = await user.member.claim(() => (permits.length > 0 ? { take: true, permits } : takeAll()));
      if (claim !== undefined) user.claims.push(claim);
    },
    settle: async (user) => {
      const claim = user.claims.shift();
      if (claim === undefined || user.member === undefined) return;
      const code = pick([
        'success',
        'exit_nonzero',
        'worker_stopped',
        'cancelled',
        'model_not_found',
      ] as const);
      const outcome =
        code === 'success' || code === undefined
          ? succeeded(claim, user.member)
          : failedWith(code, claim, user.member);
      await user.member.settle(claim, outcome, few);
    },
    cancel: async ({ queue }) => {
      const id = pick(ids);
      if (id !== undefined) await queue.cancel(id);
    },
    retry: async ({ queue }) => {
      const id = pick(ids);
      if (id === undefined) return;
      retried.push(id);
      await queue.retry(id);
    },
    sweep: async ({ queue }) => {
      if (random() < 0.3) aheadMs += 3_600_000;
      await queue.sweep(() => few);
    },
    die: async (user) => {
      if (user.member === undefined || random() < 0.5) return;
      lookDead(home.home, user.member.workerId);
      // Half of the dead are zombies, which go on for a while.
      if (random() < 0.5) {
        user.member = undefined;
        user.claims = [];
      }
    },
    look: async ({ queue }) => {
      const id = pick(ids);
      if (id !== undefined) assert.ok(await queue.state(id), `${id} is somewhere`);
      await queue.list({ limit: 3 });
    },
  };
  const expected = ['usage', 'worker_lost', 'no_such_task', 'unknown'];
  const act = async (user: User): Promise<void> => {
    const name = pick(['claim', 'settle', 'claim', 'settle', ...Object.keys(acts)]) as string;
    try {
      await acts[name]?.(user);
    } catch (error) {
      if (!(error instanceof KoubouError) || !expected.includes(error.code)) {
        throw new Error(`${name} failed`, { cause: error });
      }
      if (error.code === 'worker_lost') {
        user.member = undefined;
        user.claims = [];
      }
    }
  };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await Promise.all(
        users.map(async (user, n) => {
          if (random() < 0.15) user.disk.callsLeft = Math.floor(random() * 60);
          const both = Promise.all([act(user), act(user)]);
          const died = await Promise.race([both.then(() => false), user.disk.dead.then(() => true)]);
          if (!died) return;
          bury(user);
          users[n] = appear();
        }),
      );
    }
    for (const user of users) bury(user);
    const last = home.open({ nowMs: () => Date.now() + aheadMs + 3_700_000 });
    for (let n = 0; n < 3; n += 1) await last.sweep(() => few);
    const { tasks, faults } = census(home.home, { acknowledged: ids, retried, retries: few.retries });
    assert.deepEqual(faults, []);
    for (const id of tasks.keys()) assert.equal(await last.state(id), tasks.get(id)?.state);
  } finally {
    home.remove();
  }
};

describe('users of one queue in each other’s way', () => {
  it('lose nothing, double nothing and leave nothing torn', async function () {
    this.timeout(600_000);
    for (let seed = firstSeed; seed < firstSeed + SEEDS; seed += 1) {
      try {
        await play(seed);
      } catch (cause) {
        throw new Error(
          `with KOUBOU_TEST_SEED=${seed}: ${cause instanceof Error ? cause.message : 'it broke'}`,
          {
            cause,
          },
        );
      }
    }
  });
});
