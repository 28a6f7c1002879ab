import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { startTimeOf } from '../../src/process/liveness.ts';
import { CommandRunner } from '../../src/runner/program/command.ts';
import { Bench, failure, type Running, success } from '../contract/runner.ts';

describe('a command', () => {
  const runner = new CommandRunner({
    name: 'command',
    environment: { PATH: process.env['PATH'] ?? '', GREETING: 'こんにちは' },
    home: '/none',
    keys: [],
  });
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(() => bench.remove());

  const sh = (script: string): { type: 'command'; command: string[] } => ({
    type: 'command',
    command: ['sh', '-c', script],
  });

  it('has its output as the result and its errors in the log', async () => {
    const { outcome, output, log } = await bench.run(runner, sh('echo "$GREETING"; echo careful >&2'));
    const { observed, model, endpoint } = success(outcome);
    assert.equal(output, 'こんにちは\n');
    assert.equal(log, 'careful\n');
    assert.equal(observed.terminal, true);
    assert.deepEqual([model, endpoint], [null, null]);
  });

  it('gets its words as they are, without a shell', async () => {
    const { output } = await bench.run(runner, { command: ['printf', '%s|', 'a b', '$HOME', '*'] });
    assert.equal(output, 'a b|$HOME|*|');
  });

  it('runs in the working folder of the task', async () => {
    const { output } = await bench.run(runner, { command: ['ls'] });
    assert.match(output, /run-1\.output/);
  });

  it('is told of as soon as it started', async () => {
    let told: { pid: number; startTime: string | null } | undefined;
    const { output } = await bench.run(runner, sh('echo $$'), {
      requireLocal: async () => null,
      lease: {
        recordChild: async (child) => {
          told = child;
        },
      },
    });
    assert.equal(told?.pid, Number(output));
  });

  it('is not started for a task that another worker has by now', async () => {
    const { outcome, output } = await bench.run(runner, sh('echo started'), {
      requireLocal: async () => null,
      lease: {
        assertOwned: async () => {
          throw new KoubouError('worker_lost', 'It is theirs.');
        },
      },
    });
    assert.equal(failure(outcome).error.code, 'worker_lost');
    assert.equal(output, '');
  });

  it('that fails says how, with its last words', async () => {
    const failed = failure((await bench.run(runner, sh('seq 1 30 >&2; exit 3'))).outcome);
    assert.equal(failed.error.code, 'exit_nonzero');
    const [first, ...lines] = failed.error.message.split('\n');
    assert.equal(first, 'sh -c seq 1 30 >&2; exit 3 ended with exit code 3:');
    assert.deepEqual(
      lines,
      Array.from({ length: 10 }, (_, index) => String(index + 21)),
    );
  });

  it('that says why on its standard output is quoted from there', async () => {
    const failed = failure((await bench.run(runner, sh('echo 1 test failed; exit 1'))).outcome);
    assert.match(failed.error.message, /1 test failed/);
  });

  it('that fails without end has few last words', async () => {
    const failed = failure(
      (await bench.run(runner, sh('yes | tr -d "\\n" | head -c 3000000 >&2; exit 1'))).outcome,
    );
    assert.ok(failed.error.message.length < 500);
  });

  it('whose output found no room on the disk fails for that, and is not run again unasked', async () => {
    const environment = { PATH: process.env['PATH'] ?? '' };
    const cramped = new CommandRunner({
      name: 'command',
      environment,
      home: '/none',
      keys: [],
      hasRoom: async () => false,
    });
    for (const script of ['echo a; exit 1', 'echo a']) {
      const { error, charged } = failure((await bench.run(cramped, sh(script))).outcome);
      assert.equal(error.code, 'disk_full');
      assert.match(error.message, /ended with exit code [01] while the disk was full/);
      assert.equal(charged, true);
    }
  });

  it('that was killed says by which signal', async () => {
    const failed = failure((await bench.run(runner, sh('kill -SEGV $$'))).outcome);
    assert.match(failed.error.message, /was killed by SIGSEGV/);
  });

  it('that does not exist is missed by its name', async () => {
    const failed = failure((await bench.run(runner, { command: ['no-such-program-here'] })).outcome);
    assert.equal(failed.error.code, 'no_program');
    assert.match(failed.error.message, /no-such-program-here/);
  });

  it('tells of progress while it runs', async () => {
    const running = bench.start(runner, sh('echo some; exec sleep 600'));
    await running.progressed;
    running.abort.abort();
    assert.ok((await running.finished).progress >= 5);
  });

  /** Waits until the script printed `count` pids. */
  const pidsOf = async (running: Running, count: number): Promise<number[]> => {
    for (;;) {
      const lines = (await readFile(bench.outputPath, 'utf8').catch(() => '')).trim().split('\n');
      if (lines.length >= count && lines.every((line) => line !== '')) return lines.map(Number);
      await Promise.race([running.finished, new Promise(setImmediate)]);
    }
  };

  it('is stopped with what it started in the background, sessions of their own included', async () => {
    const running = bench.start(runner, sh('setsid sleep 600 & echo $!; sleep 600 & echo $!; wait'));
    const pids = await pidsOf(running, 2);
    running.abort.abort(new KoubouError('timeout', 'It took longer than 600 s.'));
    const failed = failure((await running.finished).outcome);
    assert.equal(failed.error.code, 'timeout');
    assert.deepEqual(
      pids.filter((pid) => startTimeOf(pid) !== null),
      [],
    );
  });

  it('is stopped with what it left, when it ends on being asked', async () => {
    const running = bench.start(
      runner,
      sh('setsid sh -c "trap \\"\\" TERM; echo \\$\\$; while :; do sleep 0.05; done" & wait'),
    );
    const [pid] = await pidsOf(running, 1);
    running.abort.abort();
    await running.finished;
    assert.equal(startTimeOf(pid ?? 0), null);
  }).timeout(15_000);

  it('is stopped when its start cannot be recorded', async () => {
    let pid = 0;
    const { outcome } = await bench.run(runner, sh('exec sleep 600'), {
      requireLocal: async () => null,
      lease: {
        recordChild: async (child) => {
          pid = child.pid;
          throw new KoubouError('disk_full', 'The disk is full.');
        },
      },
    });
    assert.equal(failure(outcome).error.code, 'disk_full');
    assert.equal(startTimeOf(pid), null);
  });

  it('costs no memory for what it prints', async () => {
    const before = process.memoryUsage.rss();
    const command = ['head', '-c', '200000000', '/dev/zero'];
    const context = { outputPath: join(bench.folder, 'big') };
    success((await bench.run(runner, { command }, context)).outcome);
    assert.ok(process.memoryUsage.rss() - before < 50_000_000);
  });

  it('is always ready', async () => assert.equal((await runner.check()).ok, true));
});
