import assert from 'node:assert/strict';
import { beat, newTask, takeAll, worker } from '../support/builders.ts';
import { koubou } from '../support/koubou/koubou.ts';
import { homeForEach } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou workers', () => {
  const test = homeForEach();

  it('shows a row a slot', async () => {
    const [added] = await test().queue.add([newTask()]);
    assert.ok(added);
    const member = await test().queue.join(worker({ label: 'desk', slots: 2, runner: 'ollama', model: 'm' }));
    await until(() => member.claim(takeAll));
    await member.renew(beat({ slots: 2, progress: { [added.id]: 950 }, completed: 3, failed: 1 }));
    const { code, stdout } = await koubou(['workers'], { home: test().home });
    assert.equal(code, 0);
    const [, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s{2,}/));
    const name = `desk-${process.pid}`;
    assert.deepEqual(rows[0]?.slice(1, 8), ['1', 'busy', added.id.slice(-4), '950', '3', '1', 'ollama m']);
    assert.deepEqual(rows[1]?.slice(0, 4), [name, '2', 'idle', 'ollama m']);
    const { workers } = JSON.parse((await koubou(['workers', '--json'], { home: test().home })).stdout);
    assert.deepEqual(workers[0].tasks, [added.id]);
  });

  it('says that none runs, and exits 0', async () => {
    const { code, stdout, stderr } = await koubou(['workers'], { home: test().home });
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /^No worker is running/);
    assert.equal((await koubou(['workers', '--json'], { home: test().home })).stdout, '{"workers":[]}\n');
  });

  describe('scale', () => {
    it('tells every daemon, or the one that is named', async () => {
      const one = await test().queue.join(worker({ label: 'one' }));
      const two = await test().queue.join(worker({ label: 'two' }));
      const all = await koubou(['workers', 'scale', '1', '4'], { home: test().home });
      assert.deepEqual([all.code, all.stdout.match(/ {2}told: 1 to 4\n/g)?.length], [0, 2]);
      const named = await koubou(['workers', 'scale', '2', '3', '--worker', `two-${process.pid}`], {
        home: test().home,
      });
      assert.equal(named.stdout, `${two.workerId}  told: 2 to 3\n`);
      assert.deepEqual(
        [await one.message(), await two.message()],
        [
          { min: 1, max: 4 },
          { min: 2, max: 3 },
        ],
      );
    });

    it('refuses what is no number of slots with exit 2, and says what was not done', async () => {
      await test().queue.join(worker());
      for (const args of [['0', '1'], ['one', '2'], ['1']]) {
        const { code, stderr } = await koubou(['workers', 'scale', ...args], { home: test().home });
        assert.equal(code, 2, args.join(' '));
        if (args.length > 1) assert.match(stderr, /nothing was changed/);
      }
    });
  });
});
