import assert from 'node:assert/strict';
import { readEnvironment } from '../../src/config/environment.ts';
import { applyOverrides } from '../../src/config/overrides.ts';
import { readAgentYaml } from '../../src/config/read-yaml.ts';
import { buildRunners } from '../../src/runner/registry.ts';
import type { Runner } from '../../src/runner/runner.ts';
import type { TaskOptions } from '../../src/task/record.ts';
import { LocalOnly } from '../../src/worker/attempt/local-only.ts';
import { taskOf } from '../contract/runner.ts';

const settings = { localNetworks: ['10.0.0.0/8'], sensitivePatterns: ['password'] };
const destination = (over: object = {}) => ({
  runner: 'r',
  staysLocal: true,
  url: 'http://192.0.2.1:11434',
  model: 'm',
  ...over,
});
const FREE = { goesOn: false, parentHeld: false };
const refusal = { code: 'not_local' };

describe('what holds an attempt to this machine', () => {
  const only = (options: TaskOptions = {}, over: object = {}, goesOn = false): LocalOnly =>
    new LocalOnly(taskOf('/', { options }), settings, destination(over), { goesOn, parentHeld: false });

  it('refuses at once what says itself that it must stay', () => {
    assert.throws(() => only({ local_only: true }), {
      ...refusal,
      message: /machine \(it is local only\), and/,
    });
    const sensitive = taskOf('/', { sensitive: true });
    const message = /machine \(it is marked sensitive\), and/;
    assert.throws(() => new LocalOnly(sensitive, settings, destination(), FREE), { ...refusal, message });
    assert.throws(() => only({}, {}, true), { ...refusal, message: /earlier conversation/ });
  });

  it('refuses what waits for a task that was found to hold something', () => {
    const parentHeld = { ...FREE, parentHeld: true };
    const message = /machine \(what it waits for was found to hold a secret\), and/;
    assert.throws(() => new LocalOnly(taskOf('/', {}), settings, destination(), parentHeld), {
      ...refusal,
      message,
    });
  });

  it('lets everything else go anywhere', async () => {
    const free = only();
    assert.equal(await free.judge('Say hello.'), null);
    assert.equal(free.mustStayLocal, false);
  });

  it('judges what is really sent, and says what it found', async () => {
    const late = only();
    await assert.rejects(late.judge('the password is hunter2'), {
      ...refusal,
      message:
        /\(it holds "password" with a value\), and http:\/\/192\.0\.2\.1:11434 is not in 127\.0\.0\.0\/8, /,
    });
    assert.equal(late.mustStayLocal, true);
    await assert.rejects(late.judge('Say hello.'), refusal, 'it never becomes free again');
  });

  it('looks at the options that a server gets, too', async () => {
    await assert.rejects(only({ set: { note: 'password=hunter2' } }).judge('Say hello.'), refusal);
  });

  it('allows loopback and the networks that are named, and hands them to the connection', async () => {
    for (const url of ['http://127.0.0.1:1', 'http://10.1.2.3:1', 'http://[::1]:1']) {
      const held = only({ local_only: true }, { url });
      const networks = await held.judge('Say hello.');
      assert.ok(networks?.has('10.9.9.9') && networks.has('127.0.0.1') && !networks.has('192.0.2.1'), url);
    }
  });

  it('refuses a model that the environment names, where it runs elsewhere', () => {
    const { config } = readAgentYaml(
      'endpoints: { a: { kind: openai, url: http://127.0.0.1:1/v1 } }\nrunners: { r: { kind: openai, endpoint: a, model: m } }',
      'agent.yaml',
    );
    applyOverrides(config, readEnvironment({ LMSTUDIO_MODEL: 'kimi:cloud' }));
    const { name, staysLocal, endpoint, defaultModel } = buildRunners(config, {}, []).get('r') as Runner;
    const reached = { runner: name, staysLocal, url: endpoint?.url ?? null, model: defaultModel };
    const task = taskOf('/', { options: { local_only: true } });
    assert.throws(() => new LocalOnly(task, settings, reached, FREE), /kimi:cloud runs elsewhere/);
  });
  it('refuses an address that the environment names', () => {
    const { config } = readAgentYaml(
      'endpoints: { a: { kind: ollama, url: http://127.0.0.1:1 } }\nrunners: { r: { kind: ollama, endpoint: a, model: m } }',
      'agent.yaml',
    );
    applyOverrides(config, readEnvironment({ OLLAMA_HOST: '192.0.2.1' }));
    const { endpoint } = buildRunners(config, {}, []).get('r') as Runner;
    const task = taskOf('/', { options: { local_only: true } });
    const reached = destination({ url: endpoint?.url });
    assert.throws(() => new LocalOnly(task, settings, reached, FREE), /192\.0\.2\.1:11434 is not in/);
  });
});
