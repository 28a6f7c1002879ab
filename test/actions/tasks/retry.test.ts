import assert from 'node:assert/strict';
import { failedTasks, retryTasks } from '../../../src/actions/tasks/retry.ts';
import type { App } from '../../../src/app/app.ts';
import { projectForEach } from '../../support/app.ts';
import { budgetOf, newTask } from '../../support/builders.ts';

describe('retrying', () => {
  const project = projectForEach();
  let app: App;
  let parent: string;
  let child: string;
  let cancelled: string;
  beforeEach(async () => {
    app = await project().open();
    parent = await add();
    child = await add({ after: [parent], labels: { batch: '7' } });
    cancelled = await add({ not_before: '2099-01-01T00:00:00.000Z' });
    await project().finish('', 'failure');
    await project().queue.sweep(budgetOf);
    await project().queue.cancel(cancelled);
    assert.equal((await project().queue.counts()).failed, 3);
  });

  const add = async (given: Parameters<typeof newTask>[0] = {}) =>
    (await project().queue.add([newTask(given)]))[0]?.id ?? '';
  const states = async (...ids: string[]) => Promise.all(ids.map((id) => project().queue.state(id)));

  it('runs a task again, and what had failed because of it comes along', async () => {
    assert.deepEqual(await retryTasks(app, [parent]), { results: [{ task_id: parent, result: 'pending' }] });
    assert.deepEqual(await states(parent, child), ['pending', 'blocked']);
  });

  it('says of each once what became of it, parents first', async () => {
    assert.deepEqual(await retryTasks(app, [child, parent, child]), {
      results: [
        { task_id: parent, result: 'pending' },
        { task_id: child, result: 'blocked' },
      ],
    });
  });

  it('has a task that somebody cancelled run again where it is named', async () => {
    const { results } = await retryTasks(app, [cancelled]);
    assert.deepEqual(results, [{ task_id: cancelled, result: 'pending' }]);
  });

  it('does nothing where one of them has not ended', async () => {
    const waiting = await add();
    await assert.rejects(retryTasks(app, [parent, waiting]), {
      code: 'conflict',
      message: `${waiting} has not ended: it is pending; nothing was retried.`,
    });
    assert.equal(await project().queue.state(parent), 'failed');
  });

  it('does nothing where one of them is not there', async () => {
    const none = 'task_20990101_000000_000000_aaaa';
    await assert.rejects(retryTasks(app, [parent, none]), { code: 'no_such_task' });
    assert.equal(await project().queue.state(parent), 'failed');
  });

  it('finds what failed, newest first, without what somebody cancelled', async () => {
    const { queue } = project();
    assert.deepEqual(await failedTasks(queue, {}), [child, parent]);
    assert.deepEqual(await failedTasks(queue, { batch: '7' }), [child]);
    assert.deepEqual(await failedTasks(queue, { batch: '8' }), []);
  });

  describe('for an agent', () => {
    it('runs a model’s task again', async () => {
      const { results } = await retryTasks(await project().openAsAgent(), [parent]);
      assert.deepEqual(results, [{ task_id: parent, result: 'pending' }]);
    });

    const program = { type: 'command' as const, prompt: '', command: ['true'], priority: 10 };

    it('does nothing with a person’s program, and neither with what would bring one along', async () => {
      const first = await add({ priority: 10 });
      const then = await add({ ...program, after: [first] });
      await project().finish('', 'failure');
      await project().queue.sweep(budgetOf);
      assert.deepEqual(await states(first, then), ['failed', 'failed']);
      const agent = await project().openAsAgent();
      for (const id of [then, first])
        await assert.rejects(retryTasks(agent, [parent, id]), {
          code: 'not_allowed',
          message: new RegExp(`${then}\\. It is a person's task that does; nothing was retried`),
        });
      assert.deepEqual(await states(parent, first, then), ['failed', 'failed', 'failed']);
    });

    it('runs a program again that is confined', async () => {
      const id = await add({ ...program, confined: true });
      await project().finish('', 'failure');
      const { results } = await retryTasks(await project().openAsAgent(), [id]);
      assert.deepEqual(results, [{ task_id: id, result: 'pending' }]);
    });

    it('does nothing with a task that left something behind', async () => {
      const id = await add({ priority: 10 });
      await project().finish('', 'failure', 'guard_lost');
      await assert.rejects(retryTasks(await project().openAsAgent(), [id]), {
        code: 'not_allowed',
        message: /nothing was retried/,
        hint: /A person looks at what it left/,
      });
      assert.deepEqual((await retryTasks(app, [id])).results, [{ task_id: id, result: 'pending' }]);
    });
  });
});
