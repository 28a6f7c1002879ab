import assert from 'node:assert/strict';
import { budgetOf, worker } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import type { Given } from './given.ts';

export const dependencies = (given: Given): void => {
  const { add, claim, end, record, reasonOf } = given;
  describe('tasks that wait for others', () => {
    it('run when all of them completed', async () => {
      const member = await given.queue.join(worker());
      const [a, b] = [await add(), await add()];
      const child = await add({ after: [a, b] });
      assert.equal((await record(child)).waiting, 'blocked');
      await end(member, await claim(member));
      assert.equal((await given.queue.sweepQuickly(budgetOf)).unblocked, 0);
      await end(member, await claim(member));
      assert.equal((await given.queue.sweepQuickly(budgetOf)).unblocked, 1);
      assert.equal((await claim(member)).id, child);
    });

    it('fail with them, down the whole chain, each with its reason', async () => {
      const member = await given.queue.join(worker());
      const a = await add();
      const b = await add({ after: [a] });
      const c = await add({ after: [b] });
      await end(member, await claim(member), 'failure');
      await until(async () => {
        await given.queue.sweepQuickly(budgetOf);
        return (await given.queue.state(c)) === 'failed';
      }, 'the end of the chain');
      for (const id of [b, c]) {
        assert.equal(await reasonOf(id), 'dependency_failed');
        assert.deepEqual((await record(id)).attempts, []);
      }
      assert.match((await record(c)).result?.error?.message ?? '', new RegExp(b));
    });

    it('run after all ended however, where that was asked', async () => {
      const member = await given.queue.join(worker());
      const a = await add();
      const child = await add({ after_any: [a] });
      assert.equal((await given.queue.sweepQuickly(budgetOf)).unblocked, 0);
      await end(member, await claim(member), 'failure');
      await given.queue.sweepQuickly(budgetOf);
      assert.equal(await given.queue.state(child), 'pending');
    });

    it('come along when a failed one is retried', async () => {
      const member = await given.queue.join(worker());
      const a = await add();
      const b = await add({ after: [a] });
      const c = await add({ after: [b] });
      const own = await add({ after: [a], type: 'code' });
      await end(member, await claim(member), 'failure');
      await given.queue.sweep(budgetOf);
      await given.queue.sweep(budgetOf);
      assert.equal(await given.queue.retry(a), 'pending');
      for (const id of [b, c, own]) assert.equal(await given.queue.state(id), 'blocked', id);
      await given.queue.sweep(budgetOf);
      for (const id of [b, c, own]) assert.equal(await given.queue.state(id), 'blocked', id);
      for (let n = 0; n < 4; n += 1) {
        await end(member, await claim(member));
        await given.queue.sweep(budgetOf);
      }
      assert.equal((await given.queue.counts()).completed, 4);
    });

    it('wait for their time as well, when both were asked', async () => {
      const member = await given.queue.join(worker());
      const a = await add();
      const child = await add({ after: [a], not_before: new Date(Date.now() + 60_000).toISOString() });
      await end(member, await claim(member));
      await given.queue.sweepQuickly(budgetOf);
      assert.equal(await given.queue.state(child), 'delayed');
      given.backend.advance(61_000);
      await given.queue.sweepQuickly(budgetOf);
      assert.equal(await given.queue.state(child), 'pending');
    });

    it('may be added after the other ended', async () => {
      const member = await given.queue.join(worker());
      const a = await add();
      await end(member, await claim(member));
      const child = await add({ after: [a] });
      await given.queue.sweepQuickly(budgetOf);
      assert.equal(await given.queue.state(child), 'pending');
    });
  });
};
