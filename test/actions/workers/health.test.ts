import assert from 'node:assert/strict';
import { askHealth } from '../../../src/actions/workers/health.ts';
import type { App } from '../../../src/app/app.ts';
import { configPlanner } from '../../../src/app/routing.ts';
import { readAgentYaml } from '../../../src/config/read-yaml.ts';
import { errorInfo } from '../../../src/errors.ts';
import { systemClock } from '../../../src/process/clock.ts';
import type { Planned } from '../../../src/worker/plan.ts';
import { newTask } from '../../support/builders.ts';
import { FakeRunner } from '../../support/worker/rig.ts';

const { config } = readAgentYaml(
  `endpoints: { here: { kind: ollama, url: 'http://127.0.0.1:1' } }
runners:
  small: { kind: ollama, endpoint: here, model: s }
  spare: { kind: ollama, endpoint: here, model: t }
  command: { kind: command }
routing: { default: { general: spare, code: small } }
`,
  'agent.yaml',
);

describe('whether anything could do a task now', () => {
  const small = new FakeRunner(undefined, { name: 'small' });
  const spare = new FakeRunner(undefined, { name: 'spare' });
  beforeEach(() => {
    for (const runner of [small, spare]) {
      runner.up();
      runner.checks = 0;
    }
  });

  const runners: App['runners'] = async () => new Map([small, spare].map((runner) => [runner.name, runner]));
  const asking = () => askHealth({ config, plan: configPlanner(config), runners, clock: systemClock });
  const task = (over: Parameters<typeof newTask>[0] = {}): Planned =>
    newTask({ options: { runner: 'small' }, ...over });
  /** By routing.default, so that the general runner may stand in. */
  const withSpare = task({ type: 'code', options: {} });

  it('is so where its runner answers, which is asked once for many tasks', async () => {
    const unserved = asking();
    for (let nth = 0; nth < 5; nth += 1) assert.equal(await unserved(task()), null);
    assert.equal(small.checks, 1);
  });

  it('is not so where its runner is down, with the reason of that', async () => {
    small.down();
    const error = await asking()(task());
    assert.deepEqual([error?.code, error?.message], ['runner_unavailable', 'nobody answers']);
  });

  it('is so where another one would stand in, and not where that is down as well', async () => {
    small.down();
    assert.equal(await asking()(withSpare), null);
    assert.equal(spare.checks, 1);
    spare.down();
    assert.equal((await asking()(withSpare))?.code, 'runner_unavailable');
  });

  it('asks nobody to stand in while the first one answers', async () => {
    assert.equal(await asking()(withSpare), null);
    assert.equal(spare.checks, 0);
  });

  it('is so where a model is missing: that is the task’s own failure, which a worker tells', async () => {
    small.health = { ok: false, message: 'm', error: errorInfo('model_not_found', 'm') };
    assert.equal(await asking()(task()), null);
  });

  it('is so of a program, which nobody is asked about', async () => {
    small.down();
    assert.equal(await asking()(task({ type: 'command', options: { runner: 'command' } })), null);
    assert.equal(small.checks, 0);
  });

  it('is so of a task that will fail at once, and not so where there is no runner for it', async () => {
    assert.equal(await asking()(task({ options: { runner: 'none' } })), null);
    const none = readAgentYaml('', 'agent.yaml').config;
    const unserved = askHealth({ config: none, plan: configPlanner(none), runners, clock: systemClock });
    assert.equal((await unserved(newTask()))?.code, 'runner_unavailable');
  });
});
