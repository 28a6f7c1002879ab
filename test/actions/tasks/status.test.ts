import assert from 'node:assert/strict';
import { boardStatus, taskStatus } from '../../../src/actions/tasks/status.ts';
import type { App } from '../../../src/app/app.ts';
import type { Member } from '../../../src/queue/queue.ts';
import { projectForEach } from '../../support/app.ts';
import { beat, failedWith, newTask, noRetries, takeAll, worker } from '../../support/builders.ts';
import { until } from '../../support/until.ts';

describe('the board', () => {
  const project = projectForEach();
  let app: App;
  let member: Member;
  beforeEach(async () => {
    app = await project().open();
    member = await project().queue.join(worker({ label: 'desk' }));
  });

  const add = async (over: Parameters<typeof newTask>[0] = {}) =>
    (await project().queue.add([newTask(over)]))[0]?.id ?? '';
  const claim = () => until(() => member.claim(takeAll));
  const fail = async (code: Parameters<typeof failedWith>[0]): Promise<string> => {
    const id = await add({ priority: 10 });
    const claimed = await claim();
    assert.equal(claimed.id, id);
    await member.settle(claimed, failedWith(code, claimed, member), noRetries);
    return id;
  };

  it('has counts, what runs, and the workers with their tasks', async () => {
    await fail('exit_nonzero');
    const running = await add({ priority: 9 });
    await add({ prompt: 'waits' });
    await claim();
    const { document } = await boardStatus(app);
    assert.deepEqual(Object.keys(document), ['counts', 'running', 'workers', 'worktrees']);
    assert.deepEqual(document.counts, {
      pending: 1,
      in_progress: 1,
      completed: 0,
      failed: 1,
      delayed: 0,
      blocked: 0,
      quarantined: 0,
    });
    assert.deepEqual(
      document.running.map(({ task_id }) => task_id),
      [running],
    );
    assert.deepEqual(document.workers[0]?.tasks, [running]);
    assert.deepEqual(document.worktrees, []);
  });

  it('names the last five failures, newest first, and none that somebody cancelled', async () => {
    const failed: string[] = [];
    for (let nth = 0; nth < 6; nth += 1) failed.push(await fail('exit_nonzero'));
    const cancelled = await add();
    await project().queue.cancel(cancelled);
    const failures = await (await boardStatus(app)).failures();
    assert.deepEqual(
      failures.map(({ task_id }) => task_id),
      failed.slice(1).reverse(),
    );
    assert.equal(failures[0]?.result?.error?.code, 'exit_nonzero');
  });

  it('has the same signature while only time passes, and another one after a change', async () => {
    const signature = async () => (await boardStatus(app)).signature;
    const before = await signature();
    await member.renew(beat({ completed: 0 }));
    assert.equal(await signature(), before);
    const seen = new Set([before]);
    for (const change of [add, claim, () => member.renew(beat({ notes: ['disk full'] }))]) {
      await change();
      const now = await signature();
      assert.equal(seen.has(now), false);
      seen.add(now);
    }
  });

  it('is shown to an agent without what must stay on this machine', async () => {
    await add({ prompt: 'mine', sensitive: true });
    await claim();
    const { document } = await boardStatus(await project().openAsAgent());
    assert.equal(document.running[0]?.withheld, true);
    assert.doesNotMatch(JSON.stringify(document), /mine/);
  });
});

describe('the status of a task', () => {
  const project = projectForEach();

  it('is its record, whole up to 16 KB, the beginning above that, and all of it where that is asked for', async () => {
    const app = await project().open();
    const [small = '', large = ''] = [
      ...(await project().delegate({ prompt: 'a'.repeat(16_384) })),
      ...(await project().delegate({ prompt: '工'.repeat(20_000) })),
    ];
    const shown = (id: string, full = false) => taskStatus(app, id, { full });
    assert.equal((await shown(small)).truncated, undefined);
    const cut = await shown(large);
    assert.deepEqual([cut.prompt.length, cut.prompt_bytes, cut.truncated], [16_384, 60_000, true]);
    const whole = await shown(large, true);
    assert.deepEqual([whole.prompt.length, whole.truncated], [20_000, undefined]);
  });

  it('is not that of a task that there is not', async () => {
    const app = await project().open();
    await assert.rejects(taskStatus(app, 'task_20200101_000000_000000_aaaa', { full: false }), {
      code: 'no_such_task',
    });
  });

  it('is withheld from an agent where the task must stay, also whole', async () => {
    const [id = ''] = await project().delegate({ prompt: 'mine', sensitive: true });
    const agent = await project().openAsAgent();
    for (const full of [false, true]) {
      const shown = await taskStatus(agent, id, { full });
      assert.deepEqual([shown.withheld, shown.prompt.includes('mine')], [true, false]);
    }
  });

  it('may be looked at in a home that is not this user’s own, which is not written to', async () => {
    const [id = ''] = await project().delegate({ prompt: 'x' });
    project().write('.koubou/home.json', '{}');
    const app = await project().open({ purpose: 'look' });
    assert.equal((await taskStatus(app, id, { full: false })).task_id, id);
    assert.match(project().warnings.join('\n'), /It is only looked at; `koubou trust` makes it yours/);
    await assert.rejects(project().open(), { code: 'untrusted_home' });
  });
});
