import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { startTimeOf } from '../../../src/process/liveness.ts';
import type { Budget } from '../../../src/task/budget.ts';
import { beat, budget, budgetOf, succeeded, takeAll, worker } from '../../support/builders.ts';
import { until } from '../../support/until.ts';
import { type Given, refuses } from './given.ts';

export const deadWorker = (given: Given): void => {
  const { add, claim, end, record, reasonOf } = given;
  describe('a dead worker', () => {
    it('gives its task back at once, then later, then no more', async () => {
      const id = await add();
      const few: Budget = { ...budget, retries: 0, workerLost: 2 };
      const states: string[] = [];
      for (let n = 0; n < 3; n += 1) {
        const member = await given.queue.join(worker());
        await claim(member);
        await given.backend.kill(member);
        const report = await given.queue.sweep(() => few);
        assert.deepEqual(report.reaped, [member.workerId]);
        states.push((await given.queue.state(id)) ?? 'nowhere');
        given.backend.advance(10_000);
        await given.queue.sweep(() => few);
      }
      assert.deepEqual(states, ['pending', 'delayed', 'failed']);
      assert.equal(await reasonOf(id), 'worker_lost');
      assert.equal((await record(id)).attempts.length, 3);
    });

    it('counts anew after a retry', async () => {
      const id = await add();
      const few: Budget = { ...budget, retries: 0, workerLost: 1 };
      const die = async (): Promise<string | undefined> => {
        const member = await given.queue.join(worker());
        await claim(member);
        await given.backend.kill(member);
        await given.queue.sweep(() => few);
        return given.queue.state(id);
      };
      assert.equal(await die(), 'pending');
      assert.equal(await die(), 'failed');
      await given.queue.retry(id);
      assert.equal(await die(), 'pending');
      assert.equal((await record(id)).attempts.length, 3);
    });

    it('changes nothing any more: its late outcome is kept apart', async () => {
      const id = await add();
      const zombie = await given.queue.join(worker());
      const taken = await claim(zombie);
      await given.backend.kill(zombie);
      await given.queue.sweep(budgetOf);
      assert.equal(await zombie.ownsLease(taken), false);
      assert.equal(await zombie.renew(beat()), 'fenced');
      const living = await given.queue.join(worker());
      const second = await claim(living);
      assert.equal(second.run, 2);
      assert.deepEqual(await zombie.settle(taken, succeeded(taken, zombie), budget), { kind: 'fenced' });
      assert.equal(await given.queue.state(id), 'in_progress');
      assert.equal(await living.ownsLease(second), true);
      await end(living, second);
      const found = await record(id);
      assert.deepEqual(
        found.attempts.map((attempt) => attempt.error?.code ?? attempt.outcome),
        ['worker_lost', 'success'],
      );
      await add();
      given.backend.lookAgain();
      await assert.rejects(zombie.claim(takeAll), refuses('worker_lost'));
    });

    it('leaves nothing running: what its run started is stopped', async () => {
      await add();
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      const child = spawn('sleep', ['600'], {
        detached: true,
        stdio: 'ignore',
        env: { ...process.env, KOUBOU_RUN: taken.marker },
      });
      try {
        const { pid = 0 } = child;
        await member.recordChild(taken, { pid, startTime: startTimeOf(pid) });
        await given.backend.kill(member);
        await given.queue.sweep(budgetOf);
        await until(() => child.signalCode === 'SIGKILL', 'its end');
      } finally {
        child.kill('SIGKILL');
      }
    });

    it('has no lease any more', async () => {
      await add();
      const member = await given.queue.join(worker());
      const { lease } = await claim(member);
      await given.backend.kill(member);
      assert.equal(existsSync(lease), true);
      await given.queue.sweepQuickly(budgetOf);
      assert.equal(existsSync(lease), false);
    });

    it('is cleared up by one of many that look', async () => {
      const id = await add();
      const zombie = await given.queue.join(worker());
      await claim(zombie);
      await given.backend.kill(zombie);
      const others = await Promise.all(Array.from({ length: 4 }, () => given.backend.open()));
      const reports = await Promise.all(others.map((other) => other.sweep(budgetOf)));
      assert.equal(reports.flatMap((report) => report.reaped).length, 1, 'one reaper wins');
      assert.equal((await record(id)).attempts.length, 1);
      assert.equal(await given.queue.state(id), 'pending');
    });

    it('is not one that only holds still', async () => {
      await add();
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      given.backend.advance(86_400_000);
      assert.deepEqual((await given.queue.sweep(budgetOf)).reaped, []);
      assert.equal(await member.ownsLease(taken), true);
      assert.equal(await member.renew(beat()), 'alive');
    });
  });
};
