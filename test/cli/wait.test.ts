import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeAll, worker } from '../support/builders.ts';
import { builtKoubou } from '../support/koubou/built.ts';
import { startKoubou } from '../support/koubou/koubou.ts';
import { Project } from '../support/koubou/project.ts';
import { stateHome } from '../support/state.ts';
import { until } from '../support/until.ts';

describe('koubou wait', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  const add = async (...args: string[]) => (await project.run('delegate', ...args)).stdout.trim();
  /** A task in the hands of a worker that lives as long as these tests. */
  const running = async (): Promise<string> => {
    const member = await project.queue.join(worker());
    const id = await add('--type', 'command', '--', 'true');
    assert.ok(await member.claim(takeAll));
    return id;
  };
  const command = ['--type', 'command', '--'];

  it('starts a worker, says so in one line, and prints how the task ended', async () => {
    const id = await add(...command, 'true');
    const { code, stdout, stderr } = await project.run('wait', id);
    assert.deepEqual([code, stdout], [0, `${id} completed\n`]);
    assert.match(stderr, /^No worker was running: one was started.*\n$/);
  });

  it('ends with 1 and the reason when the task failed', async () => {
    await add(...command, 'sh', '-c', 'exit 3');
    const { code, stdout, stderr } = await project.run('wait');
    assert.deepEqual([code, stdout.endsWith(' failed\n')], [1, true]);
    assert.match(stderr, /failed: .*3/);
  });

  it('takes ids from stdin, labels, and --any', async () => {
    const [a, b] = [
      await add('--label', 'k=v', ...command, 'true'),
      await add('--label', 'k=v', ...command, 'sleep', '30'),
    ];
    const any = await project.runWith({ input: `${a}\n${b}\n` }, 'wait', '-', '--any');
    assert.deepEqual([any.code, any.stdout], [0, `${a} completed\n`]);
    await project.run('cancel', b);
    const all = await project.run('wait', '--label', 'k=v', '--json');
    assert.equal(all.code, 1);
    assert.deepEqual(
      JSON.parse(all.stdout).tasks.map(({ status }: { status: string }) => status),
      ['completed', 'failed'],
    );
  });

  it('of a task that there is not ends with 3', async () => {
    const { code, stderr } = await project.run('wait', 'zzzzzz');
    assert.deepEqual([code, /There is no task/.test(stderr)], [3, true]);
  });

  describe('at its limit', () => {
    it('ends with 4, nothing on stdout, and the command to go on with', async () => {
      const id = await running();
      const { code, stdout, stderr } = await project.run('wait', '--timeout', '100ms', id);
      assert.deepEqual([code, stdout], [4, '']);
      assert.match(
        stderr,
        new RegExp(`^${id} is still running after 0s, and goes on\\. Wait on with: koubou wait ${id}\n$`),
      );
    });

    it('of an agent ends with 0, nothing on stdout and one line', async () => {
      const id = await running();
      writeFileSync(join(project.home, 'config', 'agent.yaml'), 'defaults: { agent_wait_timeout: 100ms }\n');
      for (const [name, value] of [
        ['CLAUDECODE', '1'],
        ['KOUBOU_CALLER', 'agent'],
      ] as const) {
        const environment = { [name]: value };
        const { code, stdout, stderr } = await project.runWith({ environment }, 'wait', id);
        assert.deepEqual([code, stdout, stderr.split('\n').length], [0, '', 2]);
        assert.match(stderr, /still running after .* Wait on with: koubou wait task_/);
      }
      const json = await project.runWith({ environment: { CLAUDECODE: '1' } }, 'wait', id, '--json');
      assert.deepEqual([json.code, JSON.parse(json.stdout).status], [0, 'in_progress']);
    });

    it('of an agent that says one itself ends with 4', async () => {
      const id = await running();
      const environment = { CLAUDECODE: '1' };
      assert.equal((await project.runWith({ environment }, 'wait', id, '--timeout', '50ms')).code, 4);
    });
  });

  it('ends saying which task when only one is left that is not due', async () => {
    const parent = await add('--in', '2h', ...command, 'true');
    const child = await add('--after', parent, ...command, 'true');
    const { code, stdout, stderr } = await project.run('wait', child);
    assert.deepEqual([code, stdout], [4, '']);
    assert.match(
      stderr,
      new RegExp(`^Stopped waiting: ${child} waits for ${parent}, which is not due before 20`),
    );
    assert.deepEqual(await project.queue.workers(), []);
  });

  for (const [signal, ends] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    it(`ends with ${ends} at ${signal}, says how to go on, and the task goes on`, async () => {
      const id = await add(...command, 'sleep', '60');
      const { child, ended, said } = await startKoubou(['wait'], { cwd: project.folder });
      await until(() => said.stderr.includes('was started'));
      await until(async () => (await project.queue.state(id)) === 'in_progress');
      child.kill(signal);
      const { code, stdout, stderr } = await ended;
      assert.deepEqual([code, stdout], [ends, '']);
      assert.match(stderr, new RegExp(`Stopped waiting; ${id} goes on\\. .*: koubou wait ${id}\n$`));
      assert.equal(await project.queue.state(id), 'in_progress');
      await project.run('cancel', id);
    });

  it('draws a bar in a terminal when it waits for many, without colour under NO_COLOR', async function () {
    if (spawnSync('script', ['--version']).status !== 0) this.skip();
    for (const n of ['1', '2']) await add('--label', 'k=v', ...command, 'echo', n);
    const line = `"${process.execPath}" "${await builtKoubou()}" wait --label k=v`;
    const inTerminal = (environment: Record<string, string>) =>
      spawnSync('script', ['-qec', line, '/dev/null'], {
        cwd: project.folder,
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          HOME: project.folder,
          XDG_STATE_HOME: stateHome,
          TERM: 'xterm',
          ...environment,
        },
      }).stdout;
    const plain = inTerminal({ NO_COLOR: '1' });
    assert.match(plain, /\[K\[[#.]+\] {2}\d\/2/);
    assert.ok(!plain.includes('\u001b[32m'));
    const coloured = inTerminal({});
    assert.ok(coloured.includes('\u001b[32m#'));
    assert.match(coloured, / 2\/2 .*completed/s);
  });
});

describe('koubou delegate --wait', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  it('prints the result alone', async () => {
    const words = ['sh', '-c', 'printf "%s|" "$@"', 'sh', 'a  b', '--', '日本'];
    const { code, stdout } = await project.run('delegate', '--sync', '--type', 'command', '--', ...words);
    assert.deepEqual([code, stdout], [0, 'a  b|--|日本|']);
  });

  it('ends with 1 and the reason when it failed, what the program printed on stdout', async () => {
    const words = ['sh', '-c', 'echo said; exit 7'];
    const { code, stdout, stderr } = await project.run(
      'delegate',
      '--wait',
      '--type',
      'command',
      '--',
      ...words,
    );
    assert.deepEqual([code, stdout], [1, 'said\n']);
    assert.match(stderr, /failed: .*7/);
  });

  it('prints the results of many under headings, or their records', async () => {
    for (const name of ['a.txt', 'b.txt']) project.write(name, `${name}!`);
    const args = ['--each', '*.txt', '--wait', '--type', 'command'];
    const { code, stdout } = await project.run('delegate', ...args, '--', 'cat', '{file}');
    const [a, b] = await project.records();
    assert.deepEqual(
      [code, stdout],
      [0, `## ${a?.task_id}: cat a.txt\n\na.txt!\n\n## ${b?.task_id}: cat b.txt\n\nb.txt!\n`],
    );
    const json = await project.run('delegate', ...args, '--json', '--', 'cat', '{file}');
    assert.deepEqual(
      JSON.parse(json.stdout).tasks.map(({ result }: { result: { output: string } }) => result.output),
      ['a.txt!', 'b.txt!'],
    );
  });

  it('with a limit that passes ends with 4 and the task goes on', async () => {
    const member = await project.queue.join(worker());
    const args = ['--wait', '--wait-timeout', '50ms', '--type', 'command', '--', 'true'];
    const { code, stdout, stderr } = await project.run('delegate', ...args);
    assert.deepEqual([code, stdout], [4, '']);
    assert.match(stderr, /koubou wait task_/);
    assert.equal((await project.only()).status, 'pending');
    await member.leave();
  });
});
