import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { beat, failedWith, newTask, noRetries, succeeded, takeAll, worker } from '../support/builders.ts';
import { koubou, startKoubou } from '../support/koubou/koubou.ts';
import { homeForEach } from '../support/queue/home.ts';
import { until } from '../support/until.ts';

describe('koubou status', () => {
  const test = homeForEach();

  const fill = async () => {
    const { queue } = test();
    const member = await queue.join(worker({ label: 'desk', runner: 'ollama', model: 'qwen3:8b' }));
    const [failed, running] = await queue.add([
      newTask({ prompt: 'fails', priority: 10 }),
      newTask({ prompt: '訳す', priority: 9 }),
      newTask({ prompt: 'waits '.repeat(100) }),
    ]);
    assert.ok(failed && running);
    const claim = await until(() => member.claim(takeAll));
    await member.settle(claim, failedWith('exit_nonzero', claim, member), noRetries);
    await until(() => member.claim(takeAll));
    await member.renew(beat({ progress: { [running.id]: 1234 }, notes: ['no watcher: EMFILE'] }));
    return { queue, member, failed: failed.id, running: running.id };
  };

  it('does not tell anybody to trust a folder that is no home', async () => {
    const { code, stderr } = await koubou(['status', '--home', test().home.replace(/[^/]+$/, '')]);
    assert.equal(code, 3);
    assert.match(stderr, /is not a koubou home/);
    assert.doesNotMatch(stderr, /koubou trust/);
  });

  it('shows the board: counts, what runs, what failed and why, and the workers', async () => {
    await fill();
    const { code, stdout, stderr } = await koubou(['status'], { home: test().home });
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^1 pending, 1 running, 0 completed, 1 failed\n/);
    assert.match(stdout, /Running\n.*\n\S{4,} {2}general +\d+s +1\.2k {2}desk-\d+ {2}訳す\n/);
    assert.match(stdout, /exit_nonzero {2}it was exit_nonzero\n/);
    assert.match(
      stdout,
      /desk-\d+ {2}busy, 1 of 1 busy {2}ollama qwen3:8b {2}heard .*\n {2}no watcher: EMFILE\n/,
    );
    assert.ok(!stdout.includes('\u{1b}'));
  });

  it('shows an empty home, and exits 0 whatever it shows', async () => {
    const { code, stdout } = await koubou(['status'], { home: test().home });
    assert.deepEqual([code, stdout], [0, '0 pending, 0 running, 0 completed, 0 failed\n\nWorkers\nnone\n']);
  });

  it('shows one task by a part of its id, and exits 0 though it failed', async () => {
    const { failed } = await fill();
    const { code, stdout } = await koubou(['status', failed.slice(-11)], { home: test().home });
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`${failed}\nstatus    failed\n`));
    assert.match(stdout, /\nexit_nonzero\n {2}it was exit_nonzero\n {2}See `koubou logs`/);
  });

  it('gives the beginning of a long text, and all of it with --full', async () => {
    const [added] = await test().queue.add([newTask({ prompt: 'x'.repeat(20_000) })]);
    const letters = async (...args: string[]) =>
      JSON.parse((await koubou(['status', '--json', added?.id ?? '', ...args], { home: test().home })).stdout)
        .prompt.length;
    assert.deepEqual([await letters(), await letters('--full')], [16_384, 20_000]);
  });

  it('exits 3 for a task that does not exist and for a home that does not', async () => {
    const noTask = await koubou(['status', 'zzzz'], { home: test().home });
    assert.equal(noTask.code, 3);
    const noHome = await koubou(['status', '--json'], { home: `${test().home}/none` });
    assert.equal(noHome.code, 3);
    assert.equal(JSON.parse(noHome.stdout).error.code, 'no_home');
  });

  describe('--watch', () => {
    it('prints a block at each change without a terminal, and ends quietly with 130 on Ctrl-C', async () => {
      const { queue } = test();
      const { child, said, ended } = await startKoubou(['status', '--watch'], { home: test().home });
      await until(() => said.stdout.includes('0 pending'));
      await queue.add([newTask()]);
      await until(() => said.stdout.includes('1 pending'));
      child.kill('SIGINT');
      const { code, stdout, stderr } = await ended;
      assert.deepEqual([code, stderr], [130, '']);
      assert.equal(stdout.match(/pending,/g)?.length, 2);
    });

    it('of a task prints a line of JSON at each change, and ends when the task does', async () => {
      const { queue } = test();
      const [added] = await queue.add([newTask()]);
      assert.ok(added);
      const { said, ended } = await startKoubou(['status', '--watch', '--json', added.id], {
        home: test().home,
      });
      await until(() => said.stdout.includes('\n'));
      const member = await queue.join(worker());
      const claim = await until(() => member.claim(takeAll));
      await until(() => said.stdout.includes('in_progress'));
      appendFileSync(claim.scratch.outputPath, 'hello');
      await member.settle(claim, succeeded(claim, member), noRetries);
      const { code, stdout } = await ended;
      assert.equal(code, 0);
      const statuses = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).status);
      assert.deepEqual(statuses, ['pending', 'in_progress', 'completed']);
    });
  });
});
