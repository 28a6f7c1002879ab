import assert from 'node:assert/strict';
import { isWithheld, oneOrMany, recordsDocument } from '../../../src/actions/tasks/records.ts';
import { projectForEach } from '../../support/app.ts';
import { taskRecord } from '../../support/builders.ts';

const GONE = 'task_20990101_000000_000000_aaaa';

describe('the records of tasks', () => {
  const project = projectForEach();

  it('are one by itself, or several together in the order that was asked for, with long texts cut', async () => {
    const app = await project().open();
    const [a = ''] = await project().delegate({ prompt: 'x'.repeat(600) });
    const [b = ''] = await project().delegate({ prompt: 'b' });
    const one = await recordsDocument(app, [a]);
    assert.ok('task_id' in one);
    assert.deepEqual([one.task_id, one.prompt.length, one.truncated], [a, 500, true]);
    const two = await recordsDocument(app, [b, a]);
    assert.ok('tasks' in two);
    assert.deepEqual(
      two.tasks.map(({ task_id }) => task_id),
      [b, a],
    );
    assert.ok('tasks' in (await recordsDocument(app, [a], false)));
  });

  it('leave out tasks that are gone; where none is left to stand alone, that is said', async () => {
    const app = await project().open();
    const [a = ''] = await project().delegate({ prompt: 'a' });
    assert.deepEqual(await recordsDocument(app, [GONE, GONE]), { tasks: [] });
    assert.equal('task_id' in (await recordsDocument(app, [GONE, a], true)), true);
    await assert.rejects(recordsDocument(app, [GONE]), { code: 'no_such_task' });
  });

  it('say whether an agent was not shown all of them', async () => {
    const [a = ''] = await project().delegate({ prompt: 'mine', sensitive: true });
    const [b = ''] = await project().delegate({ prompt: 'b' });
    const agent = await project().openAsAgent();
    const shown = await recordsDocument(agent, [a, b]);
    assert.doesNotMatch(JSON.stringify(shown), /mine/);
    assert.equal(isWithheld(shown), true);
    assert.equal(isWithheld(await recordsDocument(agent, [b])), false);
    assert.equal(isWithheld(await recordsDocument(await project().open(), [a])), false);
  });

  it('are one where there is one, unless it is said how many there were', () => {
    const task = taskRecord();
    assert.equal(oneOrMany([task]), task);
    assert.deepEqual(oneOrMany([task], false), { tasks: [task] });
    assert.deepEqual(oneOrMany([]), { tasks: [] });
    assert.throws(() => oneOrMany([], true), { code: 'no_such_task' });
  });
});
