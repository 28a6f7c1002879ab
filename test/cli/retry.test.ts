import assert from 'node:assert/strict';
import { budgetOf, failedWith, newTask, noRetries, takeAll, worker } from '../support/builders.ts';
import { koubou } from '../support/koubou/koubou.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou retry', () => {
  let test: TestHome;
  let home: string;
  let queue: ReturnType<TestHome['open']>;
  let parent: string;
  let child: string;
  let cancelled: string;

  beforeEach(async () => {
    test = await makeHome();
    home = test.home;
    queue = test.open();
    const add = async (given: Parameters<typeof newTask>[0] = {}) => {
      const [added] = await queue.add([newTask(given)]);
      assert.ok(added);
      return added.id;
    };
    parent = await add();
    child = await add({ after: [parent], labels: { batch: '7' } });
    cancelled = await add({ not_before: '2099-01-01T00:00:00.000Z' });
    const member = await queue.join(worker());
    const claim = await until(() => member.claim(takeAll));
    await member.settle(claim, failedWith('exit_nonzero', claim, member), noRetries);
    await queue.sweep(budgetOf);
    await queue.cancel(cancelled);
    await member.leave();
    assert.equal((await queue.counts()).failed, 3);
  });
  afterEach(() => test.remove());

  it('runs a task again, and what had failed because of it comes along', async () => {
    const { code, stdout, stderr } = await koubou(['retry', parent], { home });
    assert.deepEqual([code, stdout], [0, `${parent}  pending\n`]);
    assert.match(stderr, /No worker is running/);
    assert.deepEqual([await queue.state(parent), await queue.state(child)], ['pending', 'blocked']);
  });

  it('--failed takes all that failed, and leaves alone what somebody cancelled', async () => {
    const { stdout } = await koubou(['retry', '--failed', '--json'], { home });
    assert.deepEqual(JSON.parse(stdout), {
      results: [
        { task_id: parent, result: 'pending' },
        { task_id: child, result: 'blocked' },
      ],
    });
    assert.equal(await queue.state(cancelled), 'failed');
  });

  it('--failed goes with a label', async () => {
    const { stdout } = await koubou(['retry', '--failed', '--label', 'batch=7'], { home });
    assert.equal(stdout, `${child}  blocked\n`);
  });

  it('retries nothing when one of the named has not ended, and exits 2', async () => {
    const [waiting] = await queue.add([newTask()]);
    assert.ok(waiting);
    const { code, stderr } = await koubou(['retry', parent, waiting.id], { home });
    assert.equal(code, 2);
    assert.match(stderr, /has not ended: it is pending; nothing was retried\.\n/);
    assert.equal(await queue.state(parent), 'failed');
  });

  it('wants to be told what', async () => {
    assert.equal((await koubou(['retry'], { home })).code, 2);
    assert.equal((await koubou(['retry', '--failed', parent], { home })).code, 2);
  });
});
