import assert from 'node:assert/strict';
import { newTask, takeAll, worker } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import type { Given } from './given.ts';

export const hints = (given: Given): void => {
  describe('hints', () => {
    it('end a wait soon after something arrives, and on an abort, and at the latest after the time given', async () => {
      const hint = given.queue.watch();
      const member = await given.queue.join(worker());
      await hint.wait(20);
      await hint.wait(60_000, AbortSignal.abort());
      const other = await given.backend.open();
      let woken = false;
      const waiting = until(async () => {
        await hint.wait(1000);
        return (await member.claim(takeAll)) !== undefined;
      }, 'the task').then(() => {
        woken = true;
      });
      await other.add([newTask()]);
      await waiting;
      assert.equal(woken, true);
      await hint.close();
      await hint.close();
    });

    it('let nobody wait on when they are closed', async () => {
      const hint = given.queue.watch();
      const waiting = hint.wait(60_000);
      await hint.close();
      await waiting;
      await hint.wait(60_000);
    });
  });
};
