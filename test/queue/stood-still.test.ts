/** Processes that stood still at one call, some for so long that others took them for dead, and went on afterwards. */
import assert from 'node:assert/strict';
import { KoubouError } from '../../src/errors.ts';
import type { FileQueue } from '../../src/queue/files/file-queue.ts';
import type { NewTask } from '../../src/task/record.ts';
import { budget, budgetOf, newTask, succeeded, takeAll, worker } from '../support/builders.ts';
import { withCalls } from '../support/mutants/disk.ts';
import { SimulatedHome } from '../support/queue/simulated-home.ts';
import { HOME } from '../support/simulated/world.ts';

const add = async (queue: FileQueue, over: Partial<NewTask> = {}): Promise<string> =>
  (await queue.add([newTask(over)]))[0]?.id ?? '';

describe('a process that stood still', () => {
  let home: SimulatedHome;
  beforeEach(() => {
    home = new SimulatedHome();
  });

  it('adds no part of a batch that was cleared away meanwhile', async () => {
    const held = home.openHeld('before', 'rename', /\/tmp\/commit-/);
    const adding = held.queue.add([newTask(), newTask()]);
    await held.reached;
    held.process.seemsDead = true;
    const sweeping = home.openHeld('after', 'unlink', /\/batch-/);
    const swept = sweeping.queue.sweep(budgetOf);
    await sweeping.reached;
    held.goOn();
    await assert.rejects(adding, KoubouError);
    sweeping.goOn();
    await swept;
    assert.equal((await home.swept()).size, 0);
  });

  it('makes no permit of which a part was cleared away meanwhile', async () => {
    await add(home.open().queue);
    const held = home.openHeld('before', 'rename', /\/permits\//);
    const member = await held.queue.join(worker());
    const claiming = member.claim(() => ({ take: true, permits: [{ name: 'p', cap: 1 }] }));
    await held.reached;
    held.process.seemsDead = true;
    const sweeping = home.openHeld('after', 'unlink', /\/batch-/);
    const swept = sweeping.queue.sweep(budgetOf);
    await sweeping.reached;
    held.goOn();
    await assert.rejects(claiming);
    sweeping.goOn();
    await swept;
    await home.swept();
  });

  it('gives no key to a file that is cleared away meanwhile', async () => {
    const held = home.openHeld('before', 'link', /\/keys\//);
    const adding = held.queue.add([newTask({ key: 'k' })]);
    await held.reached;
    held.process.seemsDead = true;
    const sweeping = home.openHeld('before', 'unlink', /\/tmp\//);
    const swept = sweeping.queue.sweep(budgetOf);
    await sweeping.reached;
    held.goOn();
    await assert.rejects(adding, KoubouError);
    sweeping.goOn();
    await swept;
    await home.swept();
    const again = await home.open().queue.add([newTask({ key: 'k' })]);
    assert.equal(again[0]?.existed, false);
  });

  it('says which task has the key, when another one moved its batch on', async () => {
    const held = home.openHeld('before', 'link', /\/keys\//);
    const adding = held.queue.add([newTask({ key: 'k' }), newTask()]);
    await held.reached;
    held.process.seemsDead = true;
    const { queue } = home.open();
    const first = await add(queue, { key: 'k' });
    await queue.sweep(budgetOf);
    held.goOn();
    const [keyed, other] = await adding;
    assert.deepEqual(keyed, { id: first, existed: true });
    assert.equal((await home.swept([first, other?.id ?? ''])).size, 2);
  });

  it('finds the task of a key also when that leaves a dead worker’s folder', async () => {
    const { queue, process } = home.open();
    const id = await add(queue, { key: 'k' });
    const member = await queue.join(worker());
    assert.ok(await member.claim(takeAll));
    home.world.kill(process);
    const held = home.openHeld('before', 'syncFolder', /\/in_progress\/w-/);
    const adding = held.queue.add([newTask({ key: 'k' })]);
    await held.reached;
    await home.open().queue.sweep(budgetOf);
    held.goOn();
    await home.world.run(() => undefined);
    assert.deepEqual(await adding, [{ id, existed: true }]);
  });

  it('is told that a task moved on which another one retried meanwhile, not that there is none', async () => {
    const { queue } = home.open();
    const id = await add(queue);
    await queue.cancel(id);
    const held = home.openHeld('before', 'read', /\/failed\//);
    const retrying = held.queue.retry(id);
    await held.reached;
    await queue.retry(id);
    held.goOn();
    await assert.rejects(retrying, (error) => error instanceof KoubouError && error.code === 'conflict');
    assert.equal((await home.swept([id], [id])).get(id), 'pending');
  });

  for (const ending of ['settling', 'cancelling'] as const) {
    it(`ends what it was ${ending}, though what it had written was cleared away`, async () => {
      const id = await add(home.open().queue);
      const held = home.openHeld('before', 'link', /\/run-1\.json$/);
      const end = async (): Promise<unknown> => {
        if (ending === 'cancelling') return held.queue.cancel(id);
        const member = await held.queue.join(worker());
        const claim = await member.claim(takeAll);
        assert.ok(claim);
        return member.settle(claim, succeeded(claim, member), budget);
      };
      const ended = end();
      await held.reached;
      // As a sweep does that takes it for dead before the task is where it ends.
      for (const name of await held.disk.list(`${HOME}/tasks/tmp`))
        await held.disk.unlink(`${HOME}/tasks/tmp/${name}`);
      held.goOn();
      await ended;
      home.world.kill(held.process);
      assert.equal((await home.swept([id])).get(id), ending === 'settling' ? 'completed' : 'failed');
    });
  }

  it('makes one task of a dropped file that was still being written when it was found', async () => {
    const path = `${HOME}/tasks/pending/drop-0.json`;
    const reached = Promise.withResolvers<void>();
    const { queue, process, disk } = home.open((inner) =>
      withCalls(inner, {
        facts: async (asked) => {
          const facts = await inner.facts(asked);
          if (facts?.size !== 0 || asked !== path) return facts;
          home.world.pass(1000);
          await inner.append(path, '{"prompt":"dropped"}');
          return facts;
        },
        unlink: async (asked) => {
          if (!asked.endsWith('drop-0.json')) return inner.unlink(asked);
          reached.resolve();
          await new Promise(() => undefined);
        },
      }),
    );
    await disk.create(path, '', true);
    const { workerId } = await queue.join(worker());
    void queue.adopt(workerId);
    await reached.promise;
    home.world.kill(process);
    const other = home.open().queue;
    await other.sweep(budgetOf);
    const member = await other.join(worker());
    assert.deepEqual(await other.adopt(member.workerId), { added: 1, quarantined: 0, waiting: 0 });
    await member.leave();
    assert.equal((await home.swept()).size, 1);
  });

  for (const call of ['facts', 'read'] as const)
    it(`adopts no dropped file of a folder that was taken away meanwhile, before its ${call}`, async () => {
      const held = home.openHeld('before', call, /\/in_progress\/.*drop-0\.json$/);
      const { workerId } = await held.queue.join(worker());
      await held.disk.create(`${HOME}/tasks/pending/drop-0.json`, '{"prompt":"dropped"}', true);
      const adopting = held.queue.adopt(workerId);
      await held.reached;
      held.process.seemsDead = true;
      const { queue } = home.open();
      await queue.sweep(budgetOf);
      held.goOn();
      assert.equal((await adopting).added, 0);
      const member = await queue.join(worker());
      assert.equal((await queue.adopt(member.workerId)).added, 1);
      await member.leave();
      assert.equal((await home.swept()).size, 1);
    });

  for (const [what, call, paths] of [
    ['a half-made task with a key', 'read', /\/tmp\/.*\.json$/],
    ['a dropped file in a dead worker’s hands', 'link', /drop-0\.json/],
  ] as const) {
    it(`trips over nothing when another sweep has seen to ${what}`, async () => {
      const dead = home.openHeld('after', 'link', /\/keys\//);
      void dead.queue.add([newTask({ key: 'k' })]);
      await dead.reached;
      const { workerId } = await dead.queue.join(worker());
      await dead.disk.create(`${HOME}/tasks/in_progress/${workerId}/drop-0.json`, '{}', true);
      home.world.kill(dead.process);
      const held = home.openHeld('before', call, paths);
      const sweeping = held.queue.sweep(budgetOf);
      await held.reached;
      await home.open().queue.sweep(budgetOf);
      held.goOn();
      await sweeping;
    });
  }

  it('and was fenced is told so when it wants a permit', async () => {
    const { queue, process } = home.open();
    const member = await queue.join(worker());
    process.seemsDead = true;
    const { queue: other } = home.open();
    await other.sweep(budgetOf);
    await add(other);
    const claiming = member.claim(() => ({ take: true, permits: [{ name: 'p', cap: 1 }] }));
    await assert.rejects(claiming, (error) => error instanceof KoubouError && error.code === 'worker_lost');
  });
});
