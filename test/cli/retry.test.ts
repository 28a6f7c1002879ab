import assert from 'node:assert/strict';
import { failedWith, newTask, noRetries, takeAll, worker } from '../support/builders.ts';
import { koubou } from '../support/koubou/koubou.ts';
import { homeForEach } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou retry', () => {
  const test = homeForEach();
  const run = (...args: string[]) => koubou(['retry', ...args], { home: test().home });

  const failed = async (given: Parameters<typeof newTask>[0] = {}): Promise<string> => {
    const { queue } = test();
    const [added] = await queue.add([newTask(given)]);
    const member = await queue.join(worker());
    const claim = await until(() => member.claim(takeAll));
    await member.settle(claim, failedWith('exit_nonzero', claim, member), noRetries);
    await member.leave();
    return added?.id ?? '';
  };

  it('says what became of each, and that no worker runs', async () => {
    const id = await failed();
    const { code, stdout, stderr } = await run(id);
    assert.deepEqual([code, stdout], [0, `${id}  pending\n`]);
    assert.match(stderr, /No worker is running/);
    assert.equal(await test().queue.state(id), 'pending');
  });

  it('--failed takes all that failed, and goes with a label', async () => {
    const [one, two] = [await failed(), await failed({ labels: { batch: '7' } })];
    assert.equal((await run('--failed', '--label', 'batch=7')).stdout, `${two}  pending\n`);
    assert.equal((await run('--failed')).stdout, `${one}  pending\n`);
    assert.equal((await run('--failed')).stdout, 'Nothing failed.\n');
  });

  it('wants to be told what', async () => {
    const id = await failed();
    assert.equal((await run()).code, 2);
    assert.equal((await run('--failed', id)).code, 2);
    assert.equal(await test().queue.state(id), 'failed');
  });
});
