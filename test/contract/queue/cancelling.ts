import assert from 'node:assert/strict';
import { budget, budgetOf, failedWith, worker } from '../../support/builders.ts';
import { type Given, refuses } from './given.ts';

export const cancelling = (given: Given): void => {
  const { add, claim, claimMaybe, end, record, reasonOf } = given;
  describe('cancelling', () => {
    it('ends what waits, whatever it waits for', async () => {
      const pending = await add();
      const delayed = await add({ not_before: new Date(Date.now() + 3_600_000).toISOString() });
      const blocked = await add({ after: [pending] });
      for (const id of [blocked, delayed, pending]) {
        assert.deepEqual(await given.queue.cancel(id), { id, result: 'cancelled' });
        assert.equal(await given.queue.state(id), 'failed');
        assert.equal(await reasonOf(id), 'cancelled');
        assert.deepEqual(await given.queue.cancel(id), { id, result: 'already_ended', state: 'failed' });
      }
      assert.equal(await claimMaybe(await given.queue.join(worker())), undefined);
    });

    it('asks the owner of what runs', async () => {
      const [id, other] = [await add(), await add()];
      const member = await given.queue.join(worker({ slots: 2 }));
      const taken = await claim(member);
      await claim(member);
      assert.deepEqual(await member.cancelRequests(), []);
      assert.deepEqual(await given.queue.cancel(id), { id, result: 'asked' });
      await given.queue.sweep(budgetOf);
      assert.deepEqual(await member.cancelRequests(), [id]);
      await member.settle(taken, failedWith('cancelled', taken, member), budget);
      assert.equal(await reasonOf(id), 'cancelled');
      assert.deepEqual(await member.cancelRequests(), []);
      assert.equal(await given.queue.state(other), 'in_progress');
    });

    it('changes nothing that has ended', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      await end(member, await claim(member));
      assert.deepEqual(await given.queue.cancel(id), { id, result: 'already_ended', state: 'completed' });
      await given.queue.sweep(budgetOf);
      assert.equal((await record(id)).result?.success, true);
    });

    it('is not forgotten when the owner dies, gives up or puts the task back', async () => {
      for (const how of ['dies', 'tries later', 'puts back'] as const) {
        const id = await add();
        const member = await given.queue.join(worker());
        const taken = await claim(member);
        await given.queue.cancel(id);
        if (how === 'dies') await given.backend.kill(member);
        else {
          const code = how === 'tries later' ? 'exit_nonzero' : 'worker_stopped';
          await member.settle(taken, failedWith(code, taken, member), budget);
        }
        await given.queue.sweep(budgetOf);
        assert.equal(await given.queue.state(id), 'failed', how);
        assert.equal(await reasonOf(id), 'cancelled', how);
      }
    });

    it('reaches a task that is claimed in the same moment', async () => {
      const member = await given.queue.join(worker());
      const id = await add();
      const taken = await claim(member);
      await given.queue.cancel(id);
      await member.settle(taken, failedWith('worker_stopped', taken, member), budget);
      assert.equal(await claimMaybe(member), undefined, 'it is not begun again');
      assert.equal(await reasonOf(id), 'cancelled');
    });

    it('lets a cancelled task be retried, and does not come back', async () => {
      const id = await add();
      await given.queue.cancel(id);
      assert.equal(await given.queue.retry(id), 'pending');
      await given.queue.sweep(budgetOf);
      const member = await given.queue.join(worker());
      await end(member, await claim(member));
      assert.equal(await given.queue.state(id), 'completed');
    });

    it('refuses what does not exist', async () => {
      await assert.rejects(given.queue.cancel('task_20200101_000000_000000_aaaa'), refuses('no_such_task'));
      await assert.rejects(given.queue.cancel('../../pending'), refuses('no_such_task'));
    });
  });
};
