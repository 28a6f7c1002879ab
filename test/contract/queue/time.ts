import assert from 'node:assert/strict';
import { budget, budgetOf, failedWith, worker } from '../../support/builders.ts';
import type { Given } from './given.ts';

export const time = (given: Given): void => {
  const { add, claim, claimMaybe, record } = given;
  describe('time', () => {
    it('lets a delayed task run when it is due, and says when', async () => {
      const at = new Date(Date.now() + 60_000);
      const id = await add({ not_before: at.toISOString() });
      const member = await given.queue.join(worker());
      assert.equal((await record(id)).waiting, 'delayed');
      assert.equal((await record(id)).due_at, at.toISOString());
      assert.equal(await given.queue.nextDueMs(), at.getTime());
      assert.equal((await given.queue.sweep(budgetOf)).promoted, 0);
      assert.equal(await claimMaybe(member), undefined);
      given.backend.advance(61_000);
      assert.equal((await given.queue.sweepQuickly(budgetOf)).promoted, 1);
      assert.equal(await given.queue.nextDueMs(), null);
      assert.equal((await claim(member)).id, id);
    });

    it('keeps a far time that was asked for, but cuts a back-off that a clock made long', async () => {
      const asked = await add({ not_before: '2199-01-01T00:00:00.000Z' });
      const id = await add();
      const member = await given.queue.join(worker());
      given.backend.advance(10 * 86_400_000);
      const taken = await claim(member);
      await member.settle(taken, failedWith('exit_nonzero', taken, member), budget);
      given.backend.advance(-10 * 86_400_000);
      await given.queue.sweep(budgetOf);
      const due = Date.parse((await record(id)).due_at ?? '');
      assert.ok(due <= Date.now() + 3_660_000, 'within an hour');
      assert.equal((await record(asked)).due_at, '2199-01-01T00:00:00.000Z');
    });
  });
};
