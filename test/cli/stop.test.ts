import assert from 'node:assert/strict';
import { newTask } from '../support/builders.ts';
import { koubou, startKoubou } from '../support/koubou/koubou.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou stop', () => {
  let test: TestHome;
  let home: string;
  let queue: ReturnType<TestHome['open']>;
  beforeEach(async () => {
    test = await makeHome();
    home = test.home;
    queue = test.open();
  });
  afterEach(async () => {
    await koubou(['stop', '--now'], { home });
    test.remove();
  });

  it('says when there is nothing to stop, and exits 0', async () => {
    const { code, stdout } = await koubou(['stop'], { home });
    assert.deepEqual([code, stdout], [0, 'No worker is running.\n']);
    const json = await koubou(['stop', '--json'], { home });
    assert.deepEqual(JSON.parse(json.stdout), { stopped: [], finishing: [], elsewhere: [] });
  });

  it('ends every idle worker and waits until they are gone', async () => {
    const daemons = [await startKoubou(['work'], { home }), await startKoubou(['work'], { home })];
    await until(async () => (await queue.workers()).length === 2);
    const { code, stdout } = await koubou(['stop'], { home });
    assert.equal(code, 0);
    assert.equal(stdout.match(/ has ended\.\n/g)?.length, 2);
    assert.deepEqual(await queue.workers(), []);
    for (const { ended } of daemons) assert.equal((await ended).code, 0);
  });

  it('--now sends what runs back to the queue', async () => {
    const daemon = await startKoubou(['work'], { home });
    const [added] = await queue.add([newTask({ type: 'command', command: ['sleep', '600'] })]);
    assert.ok(added);
    await until(async () => (await queue.state(added.id)) === 'in_progress');
    const { code, stdout } = await koubou(['stop', '--now'], { home });
    assert.deepEqual([code, /has ended/.test(stdout)], [0, true]);
    await daemon.ended;
    assert.equal(await queue.state(added.id), 'pending');
  });
});
