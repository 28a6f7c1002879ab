import assert from 'node:assert/strict';
import { newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import { koubou, startKoubou } from '../support/koubou/koubou.ts';
import { homeForEach } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou cancel', () => {
  const test = homeForEach();
  const run = (args: string[], input?: string) =>
    koubou(['cancel', ...args], { home: test().home, ...(input === undefined ? {} : { input }) });

  const add = async (given: Parameters<typeof newTask>[0] = {}) =>
    (await test().queue.add([newTask(given)]))[0]?.id ?? '';

  it('takes all with a label, and ids on stdin', async () => {
    const a = await add({ labels: { batch: '7' } });
    const b = await add({ labels: { batch: '7' } });
    const c = await add();
    const byLabel = await run(['--label', 'batch=7']);
    assert.deepEqual([byLabel.code, byLabel.stdout], [0, `${a}  cancelled\n${b}  cancelled\n`]);
    assert.equal((await run(['-'], `${c}\n`)).stdout, `${c}  cancelled\n`);
  });

  it('says that a task had completed before it could be stopped', async () => {
    const id = await add();
    const member = await test().queue.join(worker());
    const claim = await until(() => member.claim(takeAll));
    const { ended } = await startKoubou(['cancel', id], { home: test().home });
    await until(async () => (await member.cancelRequests()).includes(id));
    await member.settle(claim, succeeded(claim, member), noRetries);
    assert.equal((await ended).stdout, `${id}  it had already completed\n`);
  });

  it('refuses to guess: without a task it exits 2 and cancels nothing', async () => {
    await add({ created_by: 'cli' });
    const { code, stderr } = await run([]);
    assert.equal(code, 2);
    assert.match(stderr, /nothing was cancelled/);
    assert.equal((await test().queue.counts()).pending, 1);
  });
});
