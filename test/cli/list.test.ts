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

  it('chooses by state, type, label, age and number', async () => {
    const { plain, code, delayed, blocked, done } = ids;
    assert.deepEqual(await listed(), [blocked, delayed, code, plain, done]);
    assert.deepEqual(await listed('--status', 'pending'), [blocked, delayed, code, plain]);
    assert.deepEqual(await listed('--status', 'delayed'), [delayed]);
    assert.deepEqual(await listed('--status', 'blocked'), [blocked]);
    assert.deepEqual(await listed('--status', 'completed'), [done]);
    assert.deepEqual(await listed('--type', 'code'), [code]);
    assert.deepEqual(await listed('--label', 'batch=7'), [code, plain]);
    assert.deepEqual(await listed('--label', 'batch=7', '--label', 'part=a'), [code]);
    assert.deepEqual(await listed('--limit', '2'), [blocked, delayed]);
    assert.equal((await listed('--since', '1h')).length, 5);
    assert.deepEqual(await listed('--since', '0s'), []);
  });

  it('cuts long prompts to 500 letters and says so', async () => {
    const { stdout } = await koubou(['list', '--json', '--label', 'batch=7', '--type', 'general'], { home });
    const [task] = JSON.parse(stdout).tasks;
    assert.deepEqual([task.prompt.length, task.prompt_bytes, task.truncated], [500, 606, true]);
  });

  it('shows what lies in quarantine, and why', async () => {
    const { stdout } = await koubou(['list', '--status', 'quarantined'], { home });
    assert.match(stdout, /\nnote\.docx +\S+( ago)? +its name ends in none\n$/);
    const json = JSON.parse((await koubou(['list', '--status', 'quarantined', '--json'], { home })).stdout);
    assert.deepEqual(json.tasks, []);
    assert.equal(json.quarantined[0].name, 'note.docx');
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
