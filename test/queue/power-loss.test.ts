/** What one process left half done, another built on, and a power loss then took a part of. */
import assert from 'node:assert/strict';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { NewTask } from '../../src/task/record.ts';
import { budget, budgetOf, failedWith, newTask, succeeded, takeAll, worker } from '../support/builders.ts';
import { eachLoss, type Held, type SimulatedHome } from '../support/queue/simulated-home.ts';
import { HOME } from '../support/simulated/world.ts';

const add = async (queue: FileQueue, over: Partial<NewTask> = {}): Promise<string> =>
  (await queue.add([newTask(over)]))[0]?.id ?? '';

/** Begins something that stands still in the middle, where its process is killed. */
const killedIn = async (
  home: SimulatedHome,
  held: Held,
  work: (queue: FileQueue) => Promise<unknown>,
): Promise<void> => {
  void work(held.queue);
  await held.reached;
  home.world.kill(held.process);
};

/** The task that a new worker of this queue begins. */
const claimOne = async (queue: FileQueue): Promise<string | undefined> =>
  (await (await queue.join(worker())).claim(takeAll))?.id;

describe('after a power loss', () => {
  it('a task that a sweep published for its dead creator has its key', () =>
    eachLoss(async (home) => {
      await killedIn(home, home.openHeld('after', 'link', /\/keys\//), (queue) => add(queue, { key: 'k' }));
      await home.open().queue.sweep(budgetOf);
      home.world.losePower();
      await home.swept();
    }));

  it('a task of a batch that a sweep carried on has its key', () =>
    eachLoss(async (home) => {
      const held = home.openHeld('after', 'link', /\/keys\//);
      await killedIn(home, held, (queue) => queue.add([newTask({ key: 'k' }), newTask()]));
      await home.open().queue.sweep(budgetOf);
      home.world.losePower();
      await home.swept();
    }));

  it('no key leads to a batch that had been committed and is not', () =>
    eachLoss(async (home) => {
      const held = home.openHeld('after', 'rename', /\/tmp\/commit-/);
      await killedIn(home, held, (queue) => queue.add([newTask({ key: 'k' }), newTask()]));
      const sweeping = home.openHeld('after', 'syncFolder', /\/keys\//);
      await killedIn(home, sweeping, (queue) => queue.sweep(budgetOf));
      home.world.losePower();
      await home.swept();
    }));

  it('a task that was retried has the outcome from before, whoever had not yet put it on the device', () =>
    eachLoss(async (home) => {
      const id = await add(home.open().queue);
      const held = home.openHeld('after', 'link', /\/run-1\.json$/);
      await killedIn(home, held, (queue) => queue.cancel(id));
      await home.open().queue.retry(id);
      home.world.losePower();
      assert.equal((await home.swept([id], [id])).get(id), 'pending');
    }));

  it('a run that was ended for its dead worker has begun', () =>
    eachLoss(async (home) => {
      const id = await add(home.open().queue);
      const claiming = home.openHeld('after', 'rename', /\/in_progress\/.*task_/);
      await killedIn(home, claiming, async (queue) => (await queue.join(worker())).claim(takeAll));
      const reaping = home.openHeld('after', 'syncFolder', /\/results\/[^/]+\/task_/);
      await killedIn(home, reaping, (queue) => queue.sweep(budgetOf));
      home.world.losePower();
      await home.swept([id]);
    }));

  it('a task whose end a sweep completed has ended', () =>
    eachLoss(async (home) => {
      const id = await add(home.open().queue);
      await killedIn(home, home.openHeld('after', 'rename', /\/failed\//), (queue) => queue.cancel(id));
      await home.open().queue.sweep(budgetOf);
      home.world.losePower();
      await home.swept([id]);
    }));

  it('a task whose end another who asked for it completed has ended', () =>
    eachLoss(async (home) => {
      const id = await add(home.open().queue);
      const other = home.openHeld('after', 'create', /\/ctl\/cancel\//);
      const cancelled = other.queue.cancel(id);
      await other.reached;
      await killedIn(home, home.openHeld('after', 'rename', /\/failed\//), (queue) => queue.cancel(id));
      other.goOn();
      assert.equal((await cancelled).result, 'cancelled');
      home.world.losePower();
      assert.equal((await home.swept([id])).get(id), 'failed');
    }));

  it('a task whose end was asked ends, though its mark went while it was being ended', () =>
    eachLoss(async (home) => {
      const { queue } = home.open();
      const id = await add(queue);
      const member = await queue.join(worker());
      const claim = await member.claim(takeAll);
      assert.ok(claim);
      assert.equal((await queue.cancel(id)).result, 'asked');
      await member.settle(claim, failedWith('worker_stopped', claim, member), budget);
      const ending = home.openHeld('after', 'rename', /\/failed\//);
      void ending.queue.sweep(budgetOf);
      await ending.reached;
      await queue.sweep(budgetOf);
      home.world.losePower();
      assert.equal((await home.swept([id])).get(id), 'failed');
    }));

  it('no outcome is there without the result that it speaks of', () =>
    eachLoss(async (home) => {
      const id = await add(home.open().queue);
      const held = home.openHeld('after', 'link', /\/run-1\.json$/);
      await killedIn(home, held, async (queue) => {
        const member = await queue.join(worker());
        const claim = await member.claim(takeAll);
        assert.ok(claim);
        await held.disk.append(claim.scratch.outputPath, 'the answer');
        await member.settle(claim, succeeded(claim, member, { output_bytes: 10 }), budget);
      });
      home.world.losePower();
      await home.swept([id]);
    }));

  it('a half-made task that is there under two names is none where its key was not taken', () =>
    eachLoss(async (home) => {
      const making = home.openHeld('after', 'syncFolder', /\/tmp$/);
      await killedIn(home, making, (queue) => add(queue, { key: 'k' }));
      const sweeping = home.openHeld('after', 'rename', /\/tmp\//);
      await killedIn(home, sweeping, (queue) => queue.sweep(budgetOf));
      home.world.losePower();
      assert.equal((await home.swept()).size, 0);
    }));

  it('a half-made task that is there under two names begins once, though two sweep at once', async () => {
    let doubled = 0;
    await eachLoss(async (home) => {
      const making = home.openHeld('after', 'syncFolder', /\/keys\/./);
      await killedIn(home, making, (queue) => add(queue, { key: 'k' }));
      const taking = home.openHeld('after', 'rename', /\/tmp\//);
      await killedIn(home, taking, (queue) => queue.sweep(budgetOf));
      home.world.losePower();
      const [one, other] = [
        home.openHeld('after', 'list', /\/tasks\/tmp$/),
        home.openHeld('before', 'rename', /\/pending\//),
      ];
      if ((await one.disk.list(`${HOME}/tasks/tmp`)).length === 2) doubled += 1;
      const sweeps = [one.queue.sweep(budgetOf)];
      await one.reached;
      sweeps.push(other.queue.sweep(budgetOf));
      await other.reached;
      one.goOn();
      await sweeps[0];
      const begun = [await claimOne(one.queue)];
      other.goOn();
      await sweeps[1];
      begun.push(await claimOne(other.queue));
      assert.equal(begun.filter((id) => id !== undefined).length, 1);
    });
    assert.ok(doubled > 0);
  });

  it('a dropped file that is there under two names becomes one task, and is not set aside', () =>
    eachLoss(async (home) => {
      const { disk } = home.open();
      await disk.create(`${HOME}/tasks/pending/drop.json`, JSON.stringify({ prompt: 'dropped' }), true);
      await disk.syncFolder(`${HOME}/tasks/pending`);
      const taking = home.openHeld('after', 'rename', /\/drop\.json$/);
      await killedIn(home, taking, async (queue) => queue.adopt((await queue.join(worker())).workerId));
      home.world.losePower();
      const { queue } = home.open();
      const { workerId } = await queue.join(worker());
      const found = { added: 0, quarantined: 0 };
      for (let pass = 0; pass < 10; pass += 1, home.world.pass(5000)) {
        await queue.sweep(budgetOf);
        const { added, quarantined } = await queue.adopt(workerId);
        found.added += added;
        found.quarantined += quarantined;
      }
      assert.deepEqual(found, { added: 1, quarantined: 0 });
    }));

  for (const [call, paths] of [
    ['create', /\/tmp\/.*\.worker/],
    ['rename', /\/run\//],
    ['makeFolder', /\/children\//],
    ['rename', /\/in_progress\/w-/],
  ] as const) {
    it(`nothing is left of a worker that was killed after its ${call} in ${paths.source}`, () =>
      eachLoss(async (home) => {
        await killedIn(home, home.openHeld('after', call, paths), (queue) => queue.join(worker()));
        home.world.losePower();
        await home.swept();
      }));
  }

  it('nothing is left of a worker that was cleared up after', () =>
    eachLoss(async (home) => {
      const { queue, process } = home.open();
      const member = await queue.join(worker());
      await member.renew({ slots: 1, progress: {}, down: {}, notes: [], completed: 0, failed: 0 });
      home.world.kill(process);
      await home.open().queue.sweep(budgetOf);
      home.world.losePower();
      await home.swept();
    }));
});
