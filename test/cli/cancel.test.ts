import assert from 'node:assert/strict';
import { cancelTasks } from '../../src/actions/tasks/cancel.ts';
import { asOwner } from '../support/as-caller.ts';
import { failedWith, newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import { koubou, startKoubou } from '../support/koubou/koubou.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou cancel', () => {
  let test: TestHome;
  let home: string;
  let queue: ReturnType<TestHome['open']>;
  beforeEach(async () => {
    test = await makeHome();
    home = test.home;
    queue = test.open();
  });
  afterEach(() => test.remove());

  const add = async (given: Parameters<typeof newTask>[0] = {}) => {
    const [added] = await queue.add([newTask(given)]);
    assert.ok(added);
    return added.id;
  };

  it('ends a waiting task at once', async () => {
    const id = await add();
    const { code, stdout } = await koubou(['cancel', id], { home });
    assert.deepEqual([code, stdout], [0, `${id}  cancelled\n`]);
    assert.equal((await queue.get(id))?.result?.error?.code, 'cancelled');
  });

  it('waits until a running one was stopped', async () => {
    const id = await add();
    const member = await queue.join(worker());
    const claim = await until(() => member.claim(takeAll));
    const { ended } = await startKoubou(['cancel', id, '--json'], { home });
    await until(async () => (await member.cancelRequests()).includes(id));
    await member.settle(claim, failedWith('cancelled', claim, member), noRetries);
    const { code, stdout } = await ended;
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { results: [{ task_id: id, result: 'cancelled' }] });
  });

  it('says that a task had completed before it could be stopped', async () => {
    const id = await add();
    const member = await queue.join(worker());
    const claim = await until(() => member.claim(takeAll));
    const { ended } = await startKoubou(['cancel', id], { home });
    await until(async () => (await member.cancelRequests()).includes(id));
    await member.settle(claim, succeeded(claim, member), noRetries);
    assert.equal((await ended).stdout, `${id}  it had already completed\n`);
    assert.equal((await koubou(['cancel', id], { home })).stdout, `${id}  it had already completed\n`);
  });

  it('says "asked" of one that still runs when the patience is over', async () => {
    const id = await add();
    const member = await queue.join(worker());
    await until(() => member.claim(takeAll));
    assert.deepEqual(await cancelTasks({ queue, ...asOwner }, [id], { waitMs: 0 }), {
      results: [{ task_id: id, result: 'asked' }],
    });
  });

  it('takes all with a label, and ids on stdin', async () => {
    const a = await add({ labels: { batch: '7' } });
    const b = await add({ labels: { batch: '7' } });
    const c = await add();
    const byLabel = await koubou(['cancel', '--label', 'batch=7'], { home });
    assert.equal(byLabel.stdout, `${a}  cancelled\n${b}  cancelled\n`);
    assert.equal((await koubou(['cancel', '-'], { home, input: `${c}\n` })).stdout, `${c}  cancelled\n`);
  });

  it('refuses to guess: without a task it exits 2 and cancels nothing', async () => {
    await add({ created_by: 'cli' });
    const { code, stderr } = await koubou(['cancel'], { home });
    assert.equal(code, 2);
    assert.match(stderr, /nothing was cancelled/);
    assert.equal((await queue.counts()).pending, 1);
  });
});
