import assert from 'node:assert/strict';
import { budgetOf, worker } from '../../support/builders.ts';
import type { Given } from './given.ts';

export const sweeping = (given: Given): void => {
  const { add, claim } = given;
  describe('sweeping', () => {
    it('finds nothing to do in a queue that is in order, however often', async () => {
      const member = await given.queue.join(worker());
      await add();
      await claim(member);
      await add({ after: [await add()] });
      for (let n = 0; n < 3; n += 1) {
        assert.deepEqual(await given.queue.sweep(budgetOf), {
          reaped: [],
          restarted: 0,
          promoted: 0,
          unblocked: 0,
          failed: 0,
          quarantined: 0,
          removed: 0,
        });
      }
    });
  });
};
