import assert from 'node:assert/strict';
import { budget, failedWith, noRetries, succeeded, worker } from '../../support/builders.ts';
import type { Given } from './given.ts';

export const remembering = (given: Given): void => {
  const { add, claim, end, record } = given;
  describe('remembering of a task', () => {
    it('that it must stay on this machine, for good', async () => {
      const [id, other] = [await add(), await add()];
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      assert.equal((await record(id)).held, undefined);
      assert.equal(await member.isAnyHeld([id, other]), false);
      for (let n = 0; n < 2; n += 1) await member.markHeld(taken);
      assert.equal(await member.isAnyHeld([other, id]), true);
      assert.equal(await member.isAnyHeld([other]), false);
      await end(member, taken);
      await given.queue.retry(id);
      const another = await (await given.backend.open()).join(worker());
      assert.equal(await another.isAnyHeld([id]), true);
      assert.deepEqual([(await record(id)).held, (await record(other)).held], [true, undefined]);
    });

    it('its newest conversation, and who had it', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      assert.equal(await member.conversation(id), undefined);
      const first = await claim(member);
      const outcome = { runner: 'codex', session: 'one' };
      await member.settle(first, failedWith('worker_stopped', first, member, outcome), budget);
      const second = await claim(member);
      await member.settle(second, succeeded(second, member), noRetries);
      const { statePath } = first.scratch;
      assert.deepEqual(await member.conversation(id), { session: 'one', runner: 'codex', statePath });
    });
  });
};
