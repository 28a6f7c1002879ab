/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
import assert from 'node:assert/strict';
import { showRoute } from '../../../src/actions/delegate/route.ts';
import { configPlanner } from '../../../src/app/routing.ts';
import { readAgentYaml } from '../../../src/config/read-yaml.ts';
import { asOwner } from '../../support/as-caller.ts';

const { config } = readAgentYaml(
  `endpoints: { here: { kind: ollama, url: http://127.0.0.1:1 } }
runners: { small: { kind: ollama, endpoint: here, model: s }, safe: { kind: ollama, endpoint: here, model: t } }
routing: { default: { general: small }, rules: [{ if: { sensitive: true }, then: { runner: safe } }] }`,
  'agent.yaml',
);

describe('the route that is shown', () => {
  const shown = (prompt: string) =>
    showRoute(
      { prompt },
      {
        ...asOwner,
        config,
        cwd: '/',
        plan: configPlanner(config),
        project: () => assert.fail('a person is kept to no project'),
        runners: () => assert.fail('no runner is asked'),
      },
    );

  it('is that of a sensitive task where the prompt would make it one', async () => {
    const { route } = await shown('the password is hunter2');
    assert.deepEqual([route.runner, route.local_only], ['safe', true]);
    const { route: other } = await shown('Say hello.');
    assert.deepEqual([other.runner, other.local_only], ['small', false]);
  });
});
