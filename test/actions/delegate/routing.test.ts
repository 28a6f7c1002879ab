import assert from 'node:assert/strict';
import { planSettings, runnerFacts } from '../../../src/app/routing.ts';
import { checkConfig } from '../../../src/config/check.ts';
import { buildRunners } from '../../../src/runner/registry.ts';

const checked = checkConfig({
  endpoints: {
    near: { kind: 'ollama', url: 'http://127.0.0.1:1' },
    far: { kind: 'ollama', url: 'http://10.0.0.9:1' },
  },
  runners: {
    small: { kind: 'ollama', endpoint: 'near', model: 's' },
    away: { kind: 'ollama', endpoint: 'far', model: 's' },
    cloud: { kind: 'ollama', endpoint: 'near', model: 's-cloud' },
    codex: { kind: 'codex', endpoint: 'near', model: 'c' },
    agent: { kind: 'agent', endpoint: 'near', bin: 'agent', output: { stdout: true } },
  },
  routing: { escalate: ['small', 'away', 'cloud', 'codex', 'agent', 'hand_back'] },
});

describe('what routing reads of the config', () => {
  assert.ok(checked.ok);
  const { config } = checked;
  const runners = buildRunners(config, {}, []);

  it('says of each step what the runner says of itself', () => {
    const { escalation } = planSettings(config).routing;
    assert.equal(escalation?.handBack, true);
    for (const { runner, staysLocal, changesFiles } of escalation?.steps ?? []) {
      assert.equal(changesFiles, runners.get(runner)?.changesFiles, runner);
      if (staysLocal) assert.equal(runners.get(runner)?.staysLocal, true, runner);
    }
    const local = escalation?.steps.filter(({ staysLocal }) => staysLocal).map(({ runner }) => runner);
    assert.deepEqual(local, ['small', 'codex']);
  });

  it('names the same models as the runners', () => {
    for (const [name, { defaultModel }] of runnerFacts(config)) {
      assert.equal(defaultModel, runners.get(name)?.defaultModel, name);
    }
  });
});
