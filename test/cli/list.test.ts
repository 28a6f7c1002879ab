import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import { koubou } from '../support/koubou/koubou.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou list', () => {
  let test: TestHome;
  let home: string;
  let ids: Record<'plain' | 'code' | 'delayed' | 'blocked' | 'done', string>;

  before(async () => {
    test = await makeHome();
    home = test.home;
    const queue = test.open();
    const add = async (given: Parameters<typeof newTask>[0]) => {
      const [added] = await queue.add([newTask(given)]);
      assert.ok(added);
      return added.id;
    };
    const done = await add({ prompt: 'done', priority: 10 });
    const plain = await add({ prompt: `plain\n${'x'.repeat(600)}`, labels: { batch: '7' } });
    const code = await add({ prompt: 'code', type: 'code', labels: { batch: '7', part: 'a' } });
    const delayed = await add({ prompt: 'delayed', not_before: '2099-01-01T00:00:00.000Z' });
    const blocked = await add({ prompt: 'blocked', after: [plain] });
    ids = { plain, code, delayed, blocked, done };
    const member = await queue.join(worker());
    const claim = await until(() => member.claim(takeAll));
    await member.settle(claim, succeeded(claim, member), noRetries);
    writeFileSync(test.path('tasks', 'quarantine', 'note.docx'), 'x');
    const why = { name: 'note.docx', reason: 'its name ends in none', at: new Date().toISOString() };
    writeFileSync(test.path('tasks', 'quarantine', 'note.docx.why.json'), JSON.stringify(why));
  });
  after(() => test.remove());

  const listed = async (...args: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await koubou(['list', '--json', ...args], { home });
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout).tasks.map((task: { task_id: string }) => task.task_id);
  };

  it('shows the newest first, a line each', async () => {
    const { stdout } = await koubou(['list'], { home });
    const [titles, ...rows] = stdout.trimEnd().split('\n');
    assert.match(titles ?? '', /^ID +STATUS +TYPE +CREATED +DUE +TASK$/);
    assert.deepEqual(
      rows.map((row) => row.split(/\s+/)[1]),
      ['blocked', 'delayed', 'pending', 'pending', 'completed'],
    );
    for (const row of rows) assert.ok(row.length <= 120);
  });

  it('has a flag for each way to choose', async () => {
    const all = ['--status', 'pending', '--type', 'code', '--label', 'batch=7', '--label', 'part=a'];
    assert.deepEqual(await listed(...all, '--since', '1h', '--limit', '2'), [ids.code]);
    assert.deepEqual(await listed(...all, '--since', '0s'), []);
    assert.deepEqual(await listed('--limit', '2'), [ids.blocked, ids.delayed]);
  });

  it('shows what lies in quarantine, and why', async () => {
    const { stdout } = await koubou(['list', '--status', 'quarantined'], { home });
    assert.match(stdout, /\nnote\.docx +\S+( ago)? +its name ends in none\n$/);
  });

  it('shows as unread what ended and nobody looked at', async () => {
    assert.deepEqual(await listed('--unread'), [ids.done]);
    await koubou(['status', ids.done], { home });
    assert.deepEqual(await listed('--unread'), []);
  });

  it('refuses a state that there is not, and a label that is none, with exit 2', async () => {
    const state = await koubou(['list', '--status', 'sleeping'], { home });
    assert.equal(state.code, 2);
    const label = await koubou(['list', '--label', 'batch'], { home });
    assert.deepEqual(
      [label.code, label.stderr],
      [2, "Error: 'batch' is not a label\nWrite --label name=value.\n"],
    );
  });

  it('says on stderr when nothing fits, and exits 0', async () => {
    const { code, stdout, stderr } = await koubou(['list', '--status', 'failed'], { home });
    assert.deepEqual([code, stdout, stderr], [0, '', 'There are no such tasks.\n']);
  });
});
