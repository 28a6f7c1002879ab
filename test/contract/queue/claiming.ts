import assert from 'node:assert/strict';
import type { Admission, Member } from '../../../src/queue/queue.ts';
import type { TaskFile } from '../../../src/task/record.ts';
import { beat, newTask, takeAll, worker } from '../../support/builders.ts';
import type { Given } from './given.ts';

export const claiming = (given: Given): void => {
  const { add, claim, claimMaybe, record } = given;
  describe('claiming', () => {
    it('gives the most urgent first, then the oldest', async () => {
      const low = await add({ priority: 1 });
      const first = await add();
      const second = await add();
      const urgent = await add({ priority: 10 });
      const member = await given.queue.join(worker());
      const order: string[] = [];
      for (let n = 0; n < 4; n += 1) order.push((await claim(member)).id);
      assert.deepEqual(order, [urgent, first, second, low]);
      assert.equal(await claimMaybe(member), undefined);
    });

    it('takes the oldest each eighth time, so that urgent ones starve nobody', async () => {
      const old = await add({ priority: 1 });
      await given.queue.add(Array.from({ length: 30 }, () => newTask({ priority: 10 })));
      const member = await given.queue.join(worker());
      const taken: string[] = [];
      for (let n = 0; n < 16; n += 1) taken.push((await claim(member)).id);
      assert.ok(taken.slice(0, 8).includes(old), 'within eight claims');
      assert.equal(new Set(taken).size, 16);
    });

    it('passes over what is not admitted, however much of it there is', async () => {
      await given.queue.add(
        Array.from({ length: 700 }, () => newTask({ priority: 9, labels: { down: 'yes' } })),
      );
      const wanted = await add({ priority: 1 });
      const member = await given.queue.join(worker());
      const taken = await claim(member, (task) =>
        task.labels.down === 'yes' ? { take: false, why: 'endpoint' } : { take: true, permits: [] },
      );
      assert.equal(taken.id, wanted);
      assert.equal((await given.queue.counts()).pending, 700);
    });

    it('gives each task to one of two members', async () => {
      await given.queue.add(Array.from({ length: 40 }, () => newTask()));
      const other = await given.backend.open();
      const members = [await given.queue.join(worker()), await other.join(worker())];
      const takeOut = async (member: Member): Promise<string[]> => {
        const ids: string[] = [];
        for (;;) {
          const taken = await claimMaybe(member);
          if (taken === undefined) return ids;
          ids.push(taken.id);
        }
      };
      const ids = (await Promise.all(members.map(takeOut))).flat();
      assert.equal(ids.length, 40);
      assert.equal(new Set(ids).size, 40);
    });

    it('shows a task in hand as in progress, with its worker', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      const taken = await claim(member);
      assert.equal(taken.run, 1);
      assert.equal(taken.task.task_id, id);
      assert.equal(await member.ownsLease(taken), true);
      const found = await record(id);
      assert.equal(found.status, 'in_progress');
      assert.equal(found.attempts[0]?.worker_id, member.workerId);
      assert.equal(await given.queue.state(id), 'in_progress');
    });

    it('answers with the admission by which the task was taken', async () => {
      await add({ prompt: 'no', priority: 9 });
      await add({ prompt: 'yes' });
      const member = await given.queue.join(worker());
      given.backend.lookAgain();
      const admit = ({ prompt }: TaskFile) =>
        prompt === 'yes'
          ? { take: true as const, permits: [], why: `it says ${prompt}` }
          : { take: false as const, why: 'permit' as const };
      const taken = await member.claim(admit);
      assert.equal(taken?.admission.why, 'it says yes');
    });

    it('is looked for beforehand, and nothing is taken or said to wait', async () => {
      const member = await given.queue.join(worker());
      const peek = (admit: () => Admission): Promise<boolean> => {
        given.backend.lookAgain();
        return member.peek(admit);
      };
      assert.equal(await peek(takeAll), false);
      const ids = [await add(), await add()];
      assert.equal(await peek(() => ({ take: false, why: 'permit' })), false);
      const [admitted, seen]: [Admission, string[]] = [{ take: true, permits: [{ name: 'p', cap: 0 }] }, []];
      assert.equal(await peek(() => admitted), true, 'permits are not asked for');
      const look = (task: TaskFile): Admission => {
        seen.push(task.task_id);
        return { take: false, why: 'endpoint' };
      };
      assert.equal(await member.peek(look), false);
      assert.deepEqual(seen, ids);
      await member.renew(beat());
      assert.deepEqual(
        [(await record(ids[0] ?? '')).waiting, (await given.queue.counts()).pending],
        [null, 2],
      );
    });

    it('throws away nothing when admit throws', async () => {
      const id = await add();
      const member = await given.queue.join(worker());
      await assert.rejects(
        claim(member, () => {
          throw new Error('a bug above');
        }),
        /a bug above/,
      );
      assert.equal((await claim(member)).id, id);
    });
  });
};
