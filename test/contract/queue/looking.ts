import assert from 'node:assert/strict';
import type { Queue } from '../../../src/queue/queue.ts';
import { worker } from '../../support/builders.ts';
import type { Given } from './given.ts';

export const looking = (given: Given): void => {
  const { add, claim, end, record, textOf } = given;
  describe('looking', () => {
    it('knows nothing of what is not there', async () => {
      for (const id of ['task_20200101_000000_000000_aaaa', '', '../x', 'task_']) {
        assert.equal(await given.queue.get(id), undefined);
        assert.equal(await given.queue.state(id), undefined);
        assert.equal(await given.queue.artifacts.find(id, null, 'output'), undefined);
        assert.equal(await textOf(id, 1), '');
        await given.queue.markRead(id);
      }
      assert.deepEqual(await given.queue.list({}), []);
      assert.deepEqual(await given.queue.find('task', 5), []);
    });

    it('lists newest first, by state, type, label and time, and no more than asked', async () => {
      const a = await add({ type: 'code', labels: { p: '1' } });
      given.backend.advance(5000);
      const b = await add({ type: 'code', labels: { p: '2' } });
      const c = await add({ after: [a] });
      const ids = async (filter: Parameters<Queue['list']>[0]) =>
        (await given.queue.list(filter)).map((item) => item.task_id);
      assert.deepEqual(await ids({}), [c, b, a]);
      assert.deepEqual(await ids({ limit: 1 }), [c]);
      assert.deepEqual(await ids({ states: ['blocked'] }), [c]);
      assert.deepEqual(await ids({ type: 'code' }), [b, a]);
      assert.deepEqual(await ids({ labels: { p: '1' } }), [a]);
      assert.deepEqual(await ids({ type: 'code', limit: 1 }), [b]);
      const since = Date.parse((await record(a)).created_at) + 2000;
      assert.deepEqual(await ids({ sinceMs: since }), [c, b]);
    });

    it('finds ids by a part of them', async () => {
      const id = await add();
      assert.deepEqual(await given.queue.find(id.slice(-11), 5), [id]);
      assert.deepEqual(await given.queue.find('zzzzzzzz', 5), []);
      const more = await add();
      assert.deepEqual(await given.queue.find('task_', 1), [more]);
    });

    it('counts every state', async () => {
      const member = await given.queue.join(worker());
      const done = await add();
      await end(member, await claim(member));
      await add();
      await end(member, await claim(member), 'failure');
      await add();
      await claim(member);
      await add();
      await add({ after: [done], after_any: [] });
      await add({ not_before: new Date(Date.now() + 3_600_000).toISOString() });
      assert.deepEqual(await given.queue.counts(), {
        pending: 3,
        in_progress: 1,
        completed: 1,
        failed: 1,
        delayed: 1,
        blocked: 1,
        quarantined: 0,
      });
    });

    it('remembers which results somebody looked at', async () => {
      const member = await given.queue.join(worker());
      const id = await add();
      await given.queue.markRead(id);
      await end(member, await claim(member));
      const unread = async () => (await given.queue.list({ unread: true })).map((item) => item.task_id);
      assert.deepEqual(await unread(), [id]);
      await given.queue.markRead(id);
      await given.queue.markRead(id);
      assert.deepEqual(await unread(), []);
    });
  });
};

export const tellingEnded = (given: Given): void => {
  const { add, claim, end } = given;
  describe('telling which have ended', () => {
    it('names those, and how, whether it is asked for few or for many', async () => {
      const member = await given.queue.join(worker());
      const ids = await Promise.all(Array.from({ length: 12 }, () => add()));
      const one = await claim(member);
      await end(member, one);
      const two = await claim(member);
      await end(member, two, 'failure');
      await claim(member);
      const expected = new Map([
        [one.id, 'completed'],
        [two.id, 'failed'],
      ]);
      assert.deepEqual(await given.queue.ended(ids), expected);
      assert.deepEqual(await given.queue.ended([one.id, two.id]), expected);
      assert.deepEqual(await given.queue.ended([one.id]), new Map([[one.id, 'completed']]));
      assert.deepEqual(await given.queue.ended([]), new Map());
    });
  });
};
