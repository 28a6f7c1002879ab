/** One call to the file system fails, and the worker goes on. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { FileMember } from '../../src/queue/files/claim/file-member.ts';
import { budget, budgetOf, failedWith, newTask, succeeded, worker } from '../support/builders.ts';
import { census } from '../support/census/census.ts';
import { FailingDisk } from '../support/queue/disk.ts';
import { draftFromDrop } from '../support/queue/drop.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';

const capped = () => ({ take: true as const, permits: ['p', 'q'].map((name) => ({ name, cap: 1 })) });

describe('when one call fails', () => {
  let home: TestHome;
  let disk: FailingDisk;
  let member: FileMember;
  beforeEach(async () => {
    home = await makeHome();
    disk = new FailingDisk();
    const queue = home.open({ disk });
    await queue.add([newTask()]);
    member = await queue.join(worker());
  });
  afterEach(() => home.remove());

  /** The next call of that kind fails. */
  const failNext = (failing: string, path: RegExp): void => {
    disk.fail = (call, at) => {
      if (call !== failing || !path.test(at)) return undefined;
      disk.fail = () => undefined;
      return 'EIO';
    };
  };
  const claim = () => member.claim(capped);
  const end = async (claimed: Awaited<ReturnType<typeof claim>>) => {
    assert.ok(claimed);
    const outcome = succeeded(claimed, member);
    return () => member.settle(claimed, outcome, budget);
  };
  const free = (name: string): boolean => fs.existsSync(home.path('permits', name, '1', 'permit'));

  it('a run is ended all the same when its permit cannot be given back, which is made up for later', async () => {
    const settle = await end(await claim());
    failNext('rename', /permits\/p\/1\/permit$/);
    assert.equal((await settle()).kind, 'settled');
    assert.deepEqual([free('p'), free('q')], [false, true]);
    assert.equal(await claim(), undefined);
    assert.deepEqual([free('p'), free('q')], [true, true]);
    assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
  });

  for (const [what, call, path] of [
    ['the second of its permits cannot be taken', 'rename', /permit@q@1$/],
    ['it cannot be taken itself', 'rename', /in_progress\/[^/]+\/05-task/],
    ['it cannot be made durable', 'syncFolder', /tasks\/pending$/],
  ] as const) {
    it(`a task keeps no permit when ${what}`, async () => {
      failNext(call, path);
      await assert.rejects(claim(), { code: 'EIO' });
      assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
      assert.ok(await claim());
    });
  }

  it('a task that was cancelled before it began has one end', async () => {
    const [id = ''] = census(home.home, { holders: [member.workerId] }).tasks.keys();
    const other = home.open();
    const claimed = await claim();
    assert.ok(claimed);
    await other.cancel(id);
    await member.settle(claimed, failedWith('worker_stopped', claimed, member), budget);
    member.candidates.lookAgain();
    failNext('syncFolder', /results\/[^/]+\/task_[^/]+$/);
    await assert.rejects(claim(), { code: 'EIO' });
    const { tasks, faults } = census(home.home, { holders: [member.workerId] });
    // What it could not clear away is its own as long as it lives.
    assert.deepEqual(
      faults.filter((fault) => !fault.startsWith('tmp has ')),
      [],
    );
    assert.equal(tasks.get(id)?.state, 'failed');
  });

  for (const [what, call, path] of [
    ['its outcome is linked', 'syncFolder', /results\/[^/]+\/task_[^/]+$/],
    ['it is moved', 'syncFolder', /tasks\/completed\/[^/]+$/],
  ] as const) {
    it(`a run is settled by the second try when the first one failed after ${what}`, async () => {
      const settle = await end(await claim());
      failNext(call, path);
      await assert.rejects(settle(), { code: 'EIO' });
      const { kind, ...settled } = await settle();
      assert.equal(kind, 'settled');
      assert.equal('state' in settled && settled.state, 'completed');
      assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
    });
  }
});

describe('when all changes fail from one call on, for a while', () => {
  /** Does it with the disk as it is from the `nth` change on; false when there are fewer. */
  const whileItFails = async (
    disk: FailingDisk,
    nth: number,
    code: string,
    act: () => Promise<unknown>,
  ): Promise<boolean> => {
    let count = 0;
    disk.fail = () => {
      count += 1;
      return count > nth ? code : undefined;
    };
    await act().catch(() => undefined);
    disk.fail = () => undefined;
    return count > nth;
  };

  for (const code of ['EROFS', 'EIO', 'ENOSPC']) {
    it(`with ${code}, a task that was being claimed is claimed later`, async () => {
      for (let nth = 0, failed = true; failed; nth += 1) {
        const home = await makeHome();
        try {
          const disk = new FailingDisk();
          const queue = home.open({ disk });
          const [added] = await queue.add([newTask()]);
          const member = await queue.join(worker());
          let claimed: Awaited<ReturnType<typeof member.claim>>;
          failed = await whileItFails(disk, nth, code, async () => {
            claimed = await member.claim(capped);
          });
          member.candidates.lookAgain();
          claimed ??= await member.claim(capped);
          assert.equal(claimed?.id, added?.id, `after change ${nth}`);
          assert.equal(claimed?.run, 1, `after change ${nth}`);
          await queue.sweep(budgetOf);
          assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
        } finally {
          home.remove();
        }
      }
    });

    it(`with ${code}, a worker can leave that was claiming, and leaves the task`, async () => {
      for (let nth = 0, failed = true; failed; nth += 1) {
        const home = await makeHome();
        try {
          const disk = new FailingDisk();
          const queue = home.open({ disk });
          const [added] = await queue.add([newTask()]);
          const member = await queue.join(worker());
          let claimed: unknown;
          failed = await whileItFails(disk, nth, code, async () => {
            claimed = await member.claim(capped);
          });
          if (claimed === undefined) await member.leave();
          assert.equal(
            await queue.state(added?.id ?? ''),
            claimed === undefined ? 'pending' : 'in_progress',
            `after change ${nth}`,
          );
        } finally {
          home.remove();
        }
      }
    });

    it(`with ${code}, a dropped file that was being taken becomes one task later`, async () => {
      for (let nth = 0, failed = true; failed; nth += 1) {
        const home = await makeHome();
        try {
          const disk = new FailingDisk();
          const queue = home.open({ disk, draftFromDrop });
          const member = await queue.join(worker());
          fs.writeFileSync(home.path('tasks/pending/drop.json'), '{"prompt": "hello"}');
          failed = await whileItFails(disk, nth, code, () => queue.adopt(member.workerId));
          await queue.adopt(member.workerId);
          member.candidates.lookAgain();
          assert.ok(await member.claim(capped), `after change ${nth}`);
          assert.equal((await queue.list({})).length, 1, `after change ${nth}`);
          await queue.sweep(budgetOf);
          assert.deepEqual(census(home.home, { holders: [member.workerId] }).faults, []);
        } finally {
          home.remove();
        }
      }
    });
  }
});
