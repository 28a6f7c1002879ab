import assert from 'node:assert/strict';
import type { Admission } from '../../../src/queue/queue.ts';
import { budgetOf, newTask, noRetries, succeeded, worker } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import type { Given } from './given.ts';

export const permits = (given: Given): void => {
  const { claim, claimMaybe, end } = given;
  describe('permits', () => {
    const capped = (cap: number) => (): Admission => ({
      take: true,
      permits: [{ name: 'endpoint/a model', cap }],
    });

    it('hold a cap across members, and are given back when a run ends', async () => {
      await given.queue.add(Array.from({ length: 5 }, () => newTask()));
      const other = await given.backend.open();
      const [a, b] = [await given.queue.join(worker()), await other.join(worker())];
      const first = await claim(a, capped(2));
      await claim(b, capped(2));
      assert.equal(await claimMaybe(a, capped(2)), undefined);
      assert.equal(await claimMaybe(b, capped(2)), undefined);
      await end(a, first);
      await claim(b, capped(2));
      assert.equal(await claimMaybe(a, capped(2)), undefined);
      assert.ok(await claimMaybe(a, capped(3)), 'a raised cap gives more');
    });

    it('are all taken or none', async () => {
      await given.queue.add([newTask(), newTask()]);
      const member = await given.queue.join(worker());
      await claim(member, () => ({ take: true, permits: [{ name: 'b', cap: 1 }] }));
      const both = (): Admission => ({
        take: true,
        permits: [
          { name: 'a', cap: 1 },
          { name: 'b', cap: 1 },
        ],
      });
      assert.equal(await claimMaybe(member, both), undefined);
      assert.ok(await claimMaybe(member, () => ({ take: true, permits: [{ name: 'a', cap: 1 }] })));
    });

    it('of a dead worker come back', async () => {
      await given.queue.add(Array.from({ length: 3 }, () => newTask()));
      const [dying, living] = [await given.queue.join(worker()), await given.queue.join(worker())];
      await claim(dying, capped(1));
      assert.equal(await claimMaybe(living, capped(1)), undefined);
      await given.backend.kill(dying);
      await given.queue.sweepQuickly(budgetOf);
      await claim(living, capped(1));
      assert.equal(await claimMaybe(living, capped(1)), undefined, 'and are not doubled');
    });

    it('are given back when what goes on of a run has settled', async () => {
      await given.queue.add(Array.from({ length: 4 }, () => newTask()));
      const member = await given.queue.join(worker());
      for (const how of ['resolve', 'reject'] as const) {
        const going = Promise.withResolvers<void>();
        const first = await claim(member, capped(1));
        await member.settle(first, succeeded(first, member), noRetries, going.promise);
        assert.equal(await claimMaybe(member, capped(1)), undefined, 'it may still be used');
        going[how]();
        const second = await until(() => claimMaybe(member, capped(1)), 'the permit');
        await end(member, second);
      }
    });

    it('may have any name', async () => {
      const names = [
        '..',
        '.',
        '',
        '/',
        'a@b@1',
        '日本語',
        '\n',
        '\ud800',
        'x'.repeat(300),
        `${'x'.repeat(299)}y`,
      ];
      const member = await given.queue.join(worker());
      for (const name of names) {
        await given.queue.add([newTask(), newTask()]);
        const admit = (): Admission => ({ take: true, permits: [{ name, cap: 1 }] });
        const taken = await claim(member, admit);
        assert.equal(await claimMaybe(member, admit), undefined, JSON.stringify(name));
        await end(member, taken);
        await end(member, await claim(member, admit));
      }
    });
  });
};
