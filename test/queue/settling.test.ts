/** A member takes a task again while it still clears up after the run that put it back. */
import assert from 'node:assert/strict';
import { failedWith, newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import { census } from '../support/census/census.ts';
import { LightDisk } from '../support/queue/disk.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';

/** A device that makes the first who waits for it wait until it is told. */
class SlowDisk extends LightDisk {
  slow = false;
  reached = Promise.withResolvers<void>();
  go = Promise.withResolvers<void>();

  override async syncFolder(): Promise<void> {
    if (this.slow) {
      this.slow = false;
      this.reached.resolve();
      await this.go.promise;
    }
    await super.syncFolder();
  }
}

describe('a member that settles a run', () => {
  let home: TestHome;
  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(() => home.remove());

  it('may hold the next run of the task already, and ends that one too', async () => {
    const disk = new SlowDisk();
    const queue = home.open({
      disk,
      step: (name) => {
        if (name === 'settle.moved') disk.slow = true;
      },
    });
    const [added] = await queue.add([newTask()]);
    const member = await queue.join(worker());
    const first = await member.claim(takeAll);
    assert.ok(first);
    const settling = member.settle(first, failedWith('worker_stopped', first, member), noRetries);
    await disk.reached.promise;
    member.candidates.lookAgain();
    let second = await member.claim(takeAll);
    // A folder was listed just now; it is listed again in a moment.
    while (second === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      member.candidates.lookAgain();
      second = await member.claim(takeAll);
    }
    disk.go.resolve();
    assert.equal((await settling).kind, 'settled');
    assert.equal(await member.ownsLease(second), true);
    assert.equal((await member.settle(second, succeeded(second, member), noRetries)).kind, 'settled');
    assert.equal(await queue.state(added?.id ?? ''), 'completed');
    assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
    await member.leave();
    await queue.close();
  });
});

describe('what a run that has ended still uses', () => {
  let home: TestHome;
  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(() => home.remove());

  it('is given to no other run before it is done with', async () => {
    const queue = home.open();
    await queue.add([newTask(), newTask()]);
    const member = await queue.join(worker());
    const admit = () => ({ take: true as const, permits: [{ name: 'folder:/x', cap: 1 }] });
    const first = await member.claim(admit);
    assert.ok(first);
    const { promise: inUse, resolve } = Promise.withResolvers<void>();
    await member.settle(first, succeeded(first, member), noRetries, inUse);
    assert.equal(await member.claim(admit), undefined);
    resolve();
    let second = await member.claim(admit);
    while (second === undefined) {
      await new Promise((again) => setImmediate(again));
      member.candidates.lookAgain();
      second = await member.claim(admit);
    }
    assert.notEqual(second.id, first.id);
    await member.settle(second, succeeded(second, member), noRetries);
    await member.leave();
  });
});
