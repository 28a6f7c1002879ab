import assert from 'node:assert/strict';
import type { Budget } from '../../../src/task/budget.ts';
import { budget, budgetOf, failedWith, newTask, worker } from '../../support/builders.ts';
import { type Given, refuses } from './given.ts';

export const retrying = (given: Given): void => {
  const { add, claim, end, record } = given;
  describe('retrying', () => {
    it('runs an ended task again with budgets of its own, under the same id and key', async () => {
      const id = await add({ key: 'k' });
      const member = await given.queue.join(worker());
      await end(member, await claim(member), 'failure');
      assert.equal(await given.queue.retry(id), 'pending');
      const taken = await claim(member);
      assert.equal(taken.run, 2);
      assert.deepEqual(taken.earlier, [], 'budgets begin anew');
      const one: Budget = { ...budget, retries: 1 };
      const settled = await member.settle(taken, failedWith('exit_nonzero', taken, member), one);
      assert.equal(settled.kind === 'settled' && settled.state, 'delayed');
      assert.deepEqual(await given.queue.add([newTask({ key: 'k' })]), [{ id, existed: true }]);
      assert.equal((await record(id)).attempts.length, 2);
    });

    it('runs a completed task again', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      await end(member, await claim(member));
      await given.queue.retry(id);
      await end(member, await claim(member), 'failure');
      assert.equal(await given.queue.state(id), 'failed');
    });

    it('leaves the result that comes of it to be looked at', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      await end(member, await claim(member), 'failure');
      await given.queue.markRead(id);
      await given.queue.retry(id);
      await end(member, await claim(member));
      const unread = await given.queue.list({ unread: true });
      assert.deepEqual(
        unread.map(({ task_id }) => task_id),
        [id],
      );
    });

    it('goes to one of two who ask at once', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      await end(member, await claim(member));
      const other = await given.backend.open();
      const answers = await Promise.allSettled([given.queue.retry(id), other.retry(id)]);
      assert.ok(answers.some((answer) => answer.status === 'fulfilled'));
      assert.equal((await given.queue.counts()).pending, 1);
    });

    it('refuses what has not ended, and what does not exist', async () => {
      const id = await add();
      await assert.rejects(given.queue.retry(id), refuses('conflict'));
      await assert.rejects(given.queue.retry('task_20200101_000000_000000_aaaa'), refuses('no_such_task'));
    });

    it('blocks a task whose parent has not completed', async () => {
      const member = await given.queue.join(worker());
      const parent = await add();
      const child = await add({ after: [parent] });
      await given.queue.cancel(child);
      assert.equal(await given.queue.retry(child), 'blocked');
      await end(member, await claim(member));
      await given.queue.sweepQuickly(budgetOf);
      assert.equal(await given.queue.state(child), 'pending');
    });
  });
};
