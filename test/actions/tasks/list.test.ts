import assert from 'node:assert/strict';
import { LISTED, type ListOptions, listTasks } from '../../../src/actions/tasks/list.ts';
import type { App } from '../../../src/app/app.ts';
import { AppProject } from '../../support/app.ts';
import { asCaller } from '../../support/as-caller.ts';
import { newTask } from '../../support/builders.ts';

describe('the tasks that are listed', () => {
  let project: AppProject;
  let app: App;
  let ids: Record<'plain' | 'code' | 'delayed' | 'blocked' | 'done', string>;

  before(async () => {
    project = await AppProject.make();
    app = await project.open();
    const add = async (given: Parameters<typeof newTask>[0]) =>
      (await project.queue.add([newTask(given)]))[0]?.id ?? '';
    const done = await add({ prompt: 'done', priority: 10 });
    const plain = await add({ prompt: `plain\n${'x'.repeat(600)}`, labels: { batch: '7' } });
    const code = await add({ prompt: 'code', type: 'code', labels: { batch: '7', part: 'a' } });
    const delayed = await add({ prompt: 'delayed', not_before: '2099-01-01T00:00:00.000Z' });
    const blocked = await add({ prompt: 'blocked', after: [plain] });
    ids = { plain, code, delayed, blocked, done };
    await project.finish('x');
    for (const [name, at] of [
      ['early.docx', '2026-01-01T00:00:00.000Z'],
      ['late.docx', '2026-01-02T00:00:00.000Z'],
    ] as const) {
      const why = { name, reason: 'its name ends in none', at };
      project.write(`.koubou/tasks/quarantine/${name}`, 'x');
      project.write(`.koubou/tasks/quarantine/${name}.why.json`, JSON.stringify(why));
    }
  });
  after(() => project.remove());

  const list = (over: Partial<ListOptions> = {}, by = app) =>
    listTasks(by, { labels: {}, limit: 100, unread: false, ...over });
  const listed = async (over: Partial<ListOptions> = {}) =>
    (await list(over)).tasks.map(({ task_id }) => task_id);

  it('are all, newest first', async () => {
    const { plain, code, delayed, blocked, done } = ids;
    assert.deepEqual(await listed(), [blocked, delayed, code, plain, done]);
  });

  it('are chosen by state, of which pending has what is delayed or blocked', async () => {
    const { plain, code, delayed, blocked, done } = ids;
    assert.deepEqual(await listed({ status: 'pending' }), [blocked, delayed, code, plain]);
    assert.deepEqual(await listed({ status: 'delayed' }), [delayed]);
    assert.deepEqual(await listed({ status: 'blocked' }), [blocked]);
    assert.deepEqual(await listed({ status: 'completed' }), [done]);
    assert.deepEqual(await listed({ status: 'failed' }), []);
    assert.deepEqual(await listed({ status: 'in_progress' }), []);
    assert.deepEqual(LISTED.toSorted(), [
      'blocked',
      'completed',
      'delayed',
      'failed',
      'in_progress',
      'pending',
      'quarantined',
    ]);
  });

  it('are chosen by type, label, age and number', async () => {
    const { plain, code, delayed, blocked } = ids;
    assert.deepEqual(await listed({ type: 'code' }), [code]);
    assert.deepEqual(await listed({ labels: { batch: '7' } }), [code, plain]);
    assert.deepEqual(await listed({ labels: { batch: '7', part: 'a' } }), [code]);
    assert.deepEqual(await listed({ limit: 2 }), [blocked, delayed]);
    assert.equal((await listed({ sinceMs: 0 })).length, 5);
    assert.deepEqual(await listed({ sinceMs: Date.parse('2099-01-01') }), []);
  });

  it('have long prompts cut to 500 letters, and say so', async () => {
    const [task] = (await list({ labels: { batch: '7' }, type: 'general' })).tasks;
    assert.deepEqual([task?.prompt.length, task?.prompt_bytes, task?.truncated], [500, 606, true]);
  });

  it('are not what lies in quarantine, which is listed by itself, newest first', async () => {
    const { tasks, quarantined } = await list({ status: 'quarantined' });
    assert.deepEqual(tasks, []);
    assert.deepEqual(
      quarantined?.map(({ name, reason }) => [name, reason]),
      [
        ['late.docx', 'its name ends in none'],
        ['early.docx', 'its name ends in none'],
      ],
    );
    assert.equal((await list()).quarantined, undefined);
    const named = async (over: Partial<ListOptions>) =>
      (await list({ status: 'quarantined', ...over })).quarantined?.map(({ name }) => name);
    assert.deepEqual(await named({ limit: 1 }), ['late.docx']);
    assert.deepEqual(await named({ sinceMs: Date.parse('2026-01-03') }), []);
  });

  it('are unread where they ended and nobody looked at them', async () => {
    assert.deepEqual(await listed({ unread: true }), [ids.done]);
    await project.queue.markRead(ids.done);
    assert.deepEqual(await listed({ unread: true }), []);
  });

  it('are shown to an agent without what must stay on this machine', async () => {
    const [secret = ''] = await project.delegate({ prompt: 'mine', sensitive: true, labels: { s: '1' } });
    const agent = await project.openAsAgent();
    const [task] = (await list({ labels: { s: '1' } }, agent)).tasks;
    assert.deepEqual([task?.task_id, task?.withheld, task?.status], [secret, true, 'pending']);
    assert.doesNotMatch(JSON.stringify(task), /mine/);
    const [whole] = (await list({ labels: { s: '1' } })).tasks;
    assert.deepEqual([whole?.prompt, whole?.withheld], ['mine', undefined]);
  });

  it('are asked for by whoever may look', async () => {
    assert.ok((await list({}, { ...app, caller: asCaller('reader') })).tasks.length > 0);
  });
});
