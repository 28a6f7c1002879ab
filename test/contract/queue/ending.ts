import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { budget, budgetOf, failedWith, noRetries, succeeded, worker } from '../../support/builders.ts';
import type { Given } from './given.ts';

export const ending = (given: Given): void => {
  const { add, claim, end, record, reasonOf, textOf } = given;
  describe('ending a run', () => {
    it('records a success with its output', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      appendFileSync(taken.scratch.outputPath, 'the answer');
      const settled = await end(member, taken);
      assert.equal(settled.kind === 'settled' && settled.state, 'completed');
      const found = await record(id);
      assert.equal(found.status, 'completed');
      assert.equal(found.result?.success, true);
      assert.equal(found.result?.output, 'the answer');
      assert.equal(found.attempts.length, 1);
      for (const run of [null, 1]) {
        const { path: _, ...output } = (await given.queue.artifacts.find(id, run, 'output')) ?? {};
        assert.deepEqual(output, { run: 1, bytes: 10 });
      }
      assert.equal(await textOf(id, 1), 'the answer');
      assert.equal(await textOf(id, 1, { from: 4 }), 'answer');
      assert.equal(await textOf(id, 1, { from: 4, to: 7 }), 'ans');
      for (const none of [{ from: 10 }, { from: 4, to: 4 }, { from: 99 }])
        assert.equal(await textOf(id, 1, none), '');
      assert.equal(await given.queue.artifacts.find(id, 2, 'output'), undefined);
      assert.equal(await textOf(id, 2), '');
      assert.equal(await given.queue.artifacts.find(id, null, 'patch'), undefined);
      assert.equal(await member.ownsLease(taken), false);
    });

    it('tries charged errors again until the retries are spent', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      for (const last of [false, false, true]) {
        const taken = await claim(member);
        const settled = await member.settle(taken, failedWith('exit_nonzero', taken, member), budget);
        assert.ok(settled.kind === 'settled');
        assert.equal(settled.state, last ? 'failed' : 'delayed');
        if (last) break;
        assert.equal((await record(id)).waiting, 'delayed');
        given.backend.advance(3_600_000);
        await given.queue.sweepQuickly(budgetOf);
      }
      const found = await record(id);
      assert.equal(found.result?.error?.code, 'exit_nonzero');
      assert.deepEqual(
        found.attempts.map((attempt) => attempt.attempt),
        [1, 2, 3],
      );
    });

    it('tells each run what the earlier ones came to', async () => {
      await add();
      const member = await given.queue.join(worker());
      const first = await claim(member);
      assert.deepEqual(first.earlier, []);
      await member.settle(
        first,
        failedWith('check_failed', first, member, { feedback: 'two tests fail' }),
        budget,
      );
      given.backend.advance(3_600_000);
      await given.queue.sweepQuickly(budgetOf);
      const second = await claim(member);
      assert.equal(second.run, 2);
      assert.deepEqual(
        second.earlier.map((outcome) => outcome.feedback),
        ['two tests fail'],
      );
    });

    it('fails at once what another try cannot help', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      await member.settle(taken, failedWith('model_not_found', taken, member), budget);
      assert.equal(await reasonOf(id), 'model_not_found');
    });

    it('charges nothing for an endpoint that is down, and obeys Retry-After', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      for (let n = 0; n < 6; n += 1) {
        const taken = await claim(member);
        const outcome = failedWith('endpoint_busy', taken, member, { retry_after: 120 });
        const settled = await member.settle(taken, outcome, noRetries);
        assert.ok(settled.kind === 'settled' && settled.state === 'delayed' && settled.dueMs !== null);
        given.backend.advance(119_000);
        assert.equal((await given.queue.sweepQuickly(budgetOf)).promoted, 0);
        given.backend.advance(2000);
        assert.equal((await given.queue.sweepQuickly(budgetOf)).promoted, 1);
      }
      await end(member, await claim(member));
      assert.equal(await given.queue.state(id), 'completed');
    });

    it('puts back at once what was stopped on purpose', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      for (let n = 1; n <= 4; n += 1) {
        const taken = await claim(member);
        assert.equal(taken.run, n);
        const settled = await member.settle(taken, failedWith('worker_stopped', taken, member), noRetries);
        assert.equal(settled.kind === 'settled' && settled.state, 'pending');
      }
      await end(member, await claim(member));
      assert.equal((await record(id)).attempts.length, 5);
    });

    it('ends no later run of the task, also where the same worker has it', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      const first = await claim(member);
      await member.settle(first, failedWith('worker_stopped', first, member), budget);
      const second = await claim(member);
      assert.deepEqual(await member.settle(first, succeeded(first, member), budget), { kind: 'fenced' });
      assert.equal(await given.queue.state(id), 'in_progress');
      assert.equal(await member.ownsLease(second), true);
    });

    it('counts a run once, however often it is settled', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      await end(member, taken);
      const again = await member.settle(taken, failedWith('internal', taken, member), budget);
      assert.deepEqual(again, { kind: 'fenced' });
      assert.equal((await record(id)).attempts.length, 1);
      assert.equal(await given.queue.state(id), 'completed');
    });
  });
};
