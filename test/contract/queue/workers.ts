import assert from 'node:assert/strict';
import type { Claim } from '../../../src/queue/queue.ts';
import { beat, budgetOf, newTask, worker } from '../../support/builders.ts';
import { type Given, refuses } from './given.ts';

export const workers = (given: Given): void => {
  const { add, claim, claimMaybe, end, record } = given;
  describe('workers', () => {
    it('are shown with what they hold and say', async () => {
      const member = await given.queue.join(worker({ label: 'ラップトップ/../x', slots: 3, model: 'm' }));
      const id = await add();
      await claim(member);
      await member.renew(beat({ slots: 2, completed: 4, progress: { [id]: 7 }, notes: ['disk full'] }));
      const [shown] = await given.queue.workers();
      assert.ok(shown);
      assert.equal(shown.worker_id, member.workerId);
      assert.equal(shown.status, 'busy');
      assert.deepEqual(shown.tasks, [id]);
      assert.equal(shown.slots, 2);
      assert.equal(shown.tasks_completed, 4);
      assert.deepEqual(shown.progress, { [id]: 7 });
      assert.deepEqual(shown.notes, ['disk full']);
      assert.equal(shown.model, 'm');
    });

    it('say what a task waits for that they passed over', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      assert.equal(await claimMaybe(member, () => ({ take: false, why: 'endpoint' })), undefined);
      await member.renew(beat());
      assert.equal((await record(id)).waiting, 'endpoint');
      assert.equal((await given.queue.list({}))[0]?.waiting, 'endpoint');
    });

    it('are offline when silent, and gone when dead', async () => {
      const member = await given.queue.join(worker());
      await member.renew(beat());
      assert.equal((await given.queue.workers())[0]?.status, 'idle');
      given.backend.advance(6 * 60_000);
      assert.equal((await given.queue.workers())[0]?.status, 'offline');
      await given.backend.kill(member);
      assert.deepEqual(await given.queue.workers(), []);
    });

    it('leave without a trace, but not with tasks in hand', async () => {
      const member = await given.queue.join(worker());
      await add();
      const taken = await claim(member);
      await assert.rejects(member.leave(), refuses('internal'));
      await end(member, taken);
      await member.leave();
      assert.deepEqual(await given.queue.workers(), []);
      assert.deepEqual((await given.queue.sweep(budgetOf)).reaped, []);
    });

    it('get messages, the last one, once', async () => {
      const member = await given.queue.join(worker());
      assert.equal(await member.message(), undefined);
      await given.queue.sendMessage(member.workerId, { min: 1, max: 2 });
      await given.queue.sendMessage(member.workerId, { min: 2, max: 3 });
      assert.deepEqual(await member.message(), { min: 2, max: 3 });
      assert.equal(await member.message(), undefined);
    });

    it('may come and go in any number', async () => {
      await given.queue.add(Array.from({ length: 40 }, () => newTask()));
      const members = await Promise.all(Array.from({ length: 40 }, () => given.queue.join(worker())));
      assert.equal(new Set(members.map(({ workerId }) => workerId)).size, 40);
      const taken = await Promise.all(members.map((member) => claim(member)));
      assert.equal(new Set(taken.map(({ id }) => id)).size, 40);
      await Promise.all(members.map((member, n) => end(member, taken[n] as Claim)));
      await Promise.all(members.map((member) => member.leave()));
      assert.deepEqual(await given.queue.workers(), []);
      assert.equal((await given.queue.counts()).completed, 40);
    });
  });
};
