import assert from 'node:assert/strict';
import { beat, newTask, takeAll, worker } from '../support/builders.ts';
import { koubou } from '../support/koubou/koubou.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou workers', () => {
  let test: TestHome;
  let home: string;
  let queue: ReturnType<TestHome['open']>;
  beforeEach(async () => {
    test = await makeHome();
    home = test.home;
    queue = test.open();
  });
  afterEach(() => test.remove());

  it('shows a row a slot', async () => {
    const [added] = await queue.add([newTask()]);
    assert.ok(added);
    const member = await queue.join(worker({ label: 'desk', slots: 2, runner: 'ollama', model: 'm' }));
    await until(() => member.claim(takeAll));
    await member.renew(beat({ slots: 2, progress: { [added.id]: 950 }, completed: 3, failed: 1 }));
    const { code, stdout } = await koubou(['workers'], { home });
    assert.equal(code, 0);
    const [, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s{2,}/));
    const name = `desk-${process.pid}`;
    assert.deepEqual(rows[0]?.slice(1, 8), ['1', 'busy', added.id.slice(-4), '950', '3', '1', 'ollama m']);
    assert.deepEqual(rows[1]?.slice(0, 4), [name, '2', 'idle', 'ollama m']);
    const { workers } = JSON.parse((await koubou(['workers', '--json'], { home })).stdout);
    assert.deepEqual(workers[0].tasks, [added.id]);
  });

  it('says that none runs, and exits 0', async () => {
    const { code, stdout, stderr } = await koubou(['workers'], { home });
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /^No worker is running/);
    assert.equal((await koubou(['workers', '--json'], { home })).stdout, '{"workers":[]}\n');
  });

  describe('scale', () => {
    it('tells every daemon, or the one that is named', async () => {
      const one = await queue.join(worker({ label: 'one' }));
      const two = await queue.join(worker({ label: 'two' }));
      assert.equal((await koubou(['workers', 'scale', '1', '4'], { home })).code, 0);
      assert.deepEqual(
        [await one.message(), await two.message()],
        [
          { min: 1, max: 4 },
          { min: 1, max: 4 },
        ],
      );
      const named = await koubou(['workers', 'scale', '2', '3', '--worker', `two-${process.pid}`], { home });
      assert.equal(named.stdout, `${two.workerId}  told: 2 to 3\n`);
      assert.deepEqual([await one.message(), await two.message()], [undefined, { min: 2, max: 3 }]);
    });

    it('refuses what makes no sense with exit 2, and says what was not done', async () => {
      await queue.join(worker());
      for (const args of [['3', '1'], ['0', '1'], ['one', '2'], ['1', '2', '--worker', 'nobody'], ['1']]) {
        const { code, stderr } = await koubou(['workers', 'scale', ...args], { home });
        assert.equal(code, 2, args.join(' '));
        if (args.length > 1) assert.match(stderr, /nothing was changed/);
      }
    });

    it('says that none runs', async () => {
      const { code, stderr } = await koubou(['workers', 'scale', '1', '2'], { home });
      assert.equal(code, 2);
      assert.match(
        stderr,
        /No worker is running; nothing was changed\.\nStart one with `koubou work --min 1 --max 2`/,
      );
    });
  });
});
