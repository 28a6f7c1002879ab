import assert from 'node:assert/strict';
import type { Queue } from '../../../src/queue/queue.ts';
import type { NewTask } from '../../../src/task/record.ts';
import { full, newTask, worker } from '../../support/builders.ts';
import { type Given, refuses } from './given.ts';

export const adding = (given: Given): void => {
  const { add, claim, end, record } = given;
  describe('adding', () => {
    it('gives back what was asked', async () => {
      const asked = newTask({
        prompt: '日本語\n"quotes" \u2028 and \u0000 nothing lost',
        context: { deep: [1, { x: null }] },
        labels: { a: 'b' },
        options: { model: 'm', retries: 1 },
        priority: 7,
      });
      const [added] = await given.queue.add([asked]);
      assert.ok(added);
      assert.equal(added.existed, false);
      const found = await record(added.id);
      for (const [field, value] of Object.entries(asked)) {
        assert.deepEqual(found[field], value, field);
      }
      assert.equal(found.status, 'pending');
      assert.equal(found.waiting, null);
      assert.deepEqual(found.attempts, []);
      assert.equal(found.result, null);
    });

    it('answers in the order of the tasks, with ids that rise', async () => {
      const added = await given.queue.add(Array.from({ length: 20 }, (_, n) => newTask({ prompt: `${n}` })));
      const ids = added.map(({ id }) => id);
      assert.deepEqual(ids, [...ids].sort());
      for (const [n, id] of ids.entries()) assert.equal((await record(id)).prompt, `${n}`);
    });

    it('adds nothing for no tasks', async () => {
      assert.deepEqual(await given.queue.add([]), []);
    });

    it('adds all of a batch or none', async () => {
      await add({ key: 'taken', prompt: 'first' });
      const good = newTask({ prompt: 'good' });
      const batches: [code: string, batch: NewTask[]][] = [
        ['usage', [good, newTask({ priority: 11 })]],
        ['usage', [good, newTask({ not_before: 'soon' })]],
        ['no_such_task', [good, newTask({ after: ['task_20200101_000000_000000_aaaa'] })]],
        ['no_such_task', [good, newTask({ after_any: ['../../etc/passwd'] })]],
        ['key_conflict', [good, newTask({ key: 'taken', prompt: 'other' })]],
        ['key_conflict', [newTask({ key: 'k' }), newTask({ key: 'k' })]],
      ];
      for (const [code, batch] of batches) await assert.rejects(given.queue.add(batch), refuses(code));
      assert.equal((await given.queue.counts()).pending, 1);
    });

    it('names the field that is wrong', async () => {
      const wrong = newTask({ priority: 0 });
      await assert.rejects(given.queue.add([wrong]), /priority/);
    });

    it('answers the same key with the same task, also after it ended', async () => {
      const id = await add({ key: 'once' });
      assert.deepEqual(await given.queue.add([newTask({ key: 'once' })]), [{ id, existed: true }]);
      const member = await given.queue.join(worker());
      await end(member, await claim(member));
      assert.deepEqual(await given.queue.add([newTask({ key: 'once' })]), [{ id, existed: true }]);
      assert.equal((await given.queue.counts()).pending, 0);
    });

    it('does not care who asks again, nor for a relative time that has moved on', async () => {
      const at = (ms: number) => new Date(Date.now() + ms).toISOString();
      const id = await add({ key: 'k', created_by: 'cli', not_before: at(60_000) });
      const again = await given.queue.add([newTask({ key: 'k', created_by: 'mcp', not_before: at(61_000) })]);
      assert.deepEqual(again, [{ id, existed: true }]);
    });

    it('does not care in which batch it comes again', async () => {
      const id = await add({ key: 'k', labels: { batch: 'one', lang: 'ja' } });
      const again = await given.queue.add([newTask({ key: 'k', labels: { batch: 'two', lang: 'ja' } })]);
      assert.deepEqual(again, [{ id, existed: true }]);
    });

    it('refuses a key that asks for something else', async () => {
      await add({ key: 'once' });
      await assert.rejects(
        given.queue.add([newTask({ key: 'once', prompt: 'other' })]),
        refuses('key_conflict'),
      );
      assert.equal((await given.queue.counts()).pending, 1);
    });

    it('mixes known keys and new ones in a batch', async () => {
      const known = await add({ key: 'known' });
      const added = await given.queue.add([newTask({ key: 'new' }), newTask({ key: 'known' }), newTask()]);
      assert.deepEqual(
        added.map(({ existed }) => existed),
        [false, true, false],
      );
      assert.equal(added[1]?.id, known);
      assert.equal((await given.queue.counts()).pending, 3);
    });

    it('gives one task to many that add one key at once', async () => {
      const others = await Promise.all(Array.from({ length: 4 }, () => given.backend.open()));
      const many = Array.from({ length: full ? 40 : 12 }, (_, n) => n);
      const answers = await Promise.all(
        many.map((n) =>
          n % 3 === 0
            ? (others[n % 4] as Queue).add([newTask({ key: 'race' }), newTask({ prompt: `beside ${n}` })])
            : (others[n % 4] as Queue).add([newTask({ key: 'race' })]),
        ),
      );
      const ids = new Set(answers.map((answer) => answer[0]?.id));
      assert.equal(ids.size, 1, [...ids].join());
      assert.equal(answers.filter((answer) => answer[0]?.existed === false).length, 1);
      assert.equal((await given.queue.counts()).pending, 1 + many.filter((n) => n % 3 === 0).length);
    });
  });
};
