import assert from 'node:assert/strict';
import { newTask } from '../support/builders.ts';
import { koubou, startKoubou } from '../support/koubou/koubou.ts';
import { homeForEach } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou stop', () => {
  // Before the home is gone.
  afterEach(() => koubou(['stop', '--now'], { home: test().home }));
  const test = homeForEach();

  it('says when there is nothing to stop, and exits 0', async () => {
    const { code, stdout } = await koubou(['stop'], { home: test().home });
    assert.deepEqual([code, stdout], [0, 'No worker is running.\n']);
    const json = await koubou(['stop', '--json'], { home: test().home });
    assert.deepEqual(JSON.parse(json.stdout), { stopped: [], finishing: [], elsewhere: [] });
  });

  it('--now sends what runs back to the queue', async () => {
    const daemon = await startKoubou(['work'], { home: test().home });
    const [added] = await test().queue.add([newTask({ type: 'command', command: ['sleep', '600'] })]);
    assert.ok(added);
    await until(async () => (await test().queue.state(added.id)) === 'in_progress');
    const { code, stdout } = await koubou(['stop', '--now'], { home: test().home });
    assert.deepEqual([code, /has ended/.test(stdout)], [0, true]);
    await daemon.ended;
    assert.equal(await test().queue.state(added.id), 'pending');
  });
});
