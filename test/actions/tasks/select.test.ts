import assert from 'node:assert/strict';
import { resolveTask, type Selection, selectTasks } from '../../../src/actions/tasks/select.ts';
import { FileQueue } from '../../../src/queue/files/file-queue.ts';
import { asCaller } from '../../support/as-caller.ts';
import { newTask } from '../../support/builders.ts';
import { makeHome, type TestHome } from '../../support/queue/home.ts';

describe('choosing tasks', () => {
  let test: TestHome;
  let queue: FileQueue;
  let ids: string[];
  before(async () => {
    test = await makeHome();
    queue = test.open();
    const tasks = [
      newTask({ created_by: 'cli', labels: { k: 'v' } }),
      newTask({ created_by: 'claude-code' }),
      newTask({ created_by: 'cron', labels: { k: 'v', more: 'x' } }),
    ];
    ids = (await queue.add(tasks)).map(({ id }) => id);
  });
  after(() => test.remove());

  const by = (name: string) => ({ queue, caller: asCaller('owner', name) });

  const select = (given: Partial<Selection>, name = 'cli') =>
    selectTasks(by(name), {
      references: [],
      labels: {},
      ...given,
    });

  it('by full id, and by a part that only one has', async () => {
    const [first = '', second = ''] = ids;
    assert.equal(await resolveTask(by('cli'), second), second);
    assert.equal(await resolveTask(by('cli'), ` ${first.slice(5)}\n`), first);
    assert.deepEqual(await select({ references: [second, first, second.slice(5)] }), [second, first]);
  });

  it('takes last, and nothing, for the newest of the same caller', async () => {
    assert.deepEqual(await select({}), [ids[0]]);
    assert.deepEqual(await select({ references: ['last'] }, 'claude-code'), [ids[1]]);
    await assert.rejects(select({}, 'http'), { code: 'no_such_task', exitCode: 3 });
  });

  it('takes last for the newest of all where the caller added none, and says whose it is', async () => {
    const told: string[][] = [];
    const tellOther = (...args: string[]): void => void told.push(args);
    assert.deepEqual(await select({ tellOther }, 'http'), [ids[2]]);
    assert.deepEqual(told, [[ids[2], 'cron']]);
    assert.deepEqual(await select({ tellOther }), [ids[0]]);
    assert.equal(told.length, 1);
  });

  it('names the candidates of a part that several have', async () => {
    await assert.rejects(resolveTask(by('cli'), 'task_20'), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'usage');
      return ids.every((id) => error.message.includes(id));
    });
  });

  it('refuses less than four letters, and what there is not', async () => {
    await assert.rejects(resolveTask(by('cli'), 'abc'), { code: 'usage' });
    await assert.rejects(resolveTask(by('cli'), ''), { code: 'usage' });
    await assert.rejects(resolveTask(by('cli'), 'zzzzzz'), { code: 'no_such_task' });
    await assert.rejects(resolveTask(by('cli'), 'task_20200101_000000_000000_aaaa'), {
      code: 'no_such_task',
    });
  });

  it('by label finds all, oldest first', async () => {
    assert.deepEqual(await select({ labels: { k: 'v' } }), [ids[0], ids[2]]);
    assert.deepEqual(await select({ labels: { k: 'v', more: 'x' } }), [ids[2]]);
    await assert.rejects(select({ labels: { k: 'w' } }), { code: 'no_such_task' });
    await assert.rejects(select({ labels: { k: 'v' }, references: ['last'] }), { code: 'usage' });
  });
});
