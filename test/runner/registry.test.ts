import assert from 'node:assert/strict';
import { KoubouError } from '../../src/errors.ts';
import { buildRunners, type RunnersConfig } from '../../src/runner/registry.ts';
import { Bench, promptFolders } from '../contract/runner.ts';
import { startScriptedServer, steps } from '../support/servers/scripted-server.ts';

describe('the runners of a config', () => {
  const config = (fields: Partial<RunnersConfig>): RunnersConfig => ({
    endpoints: {
      ollama: { kind: 'ollama', url: 'http://127.0.0.1:11434/', max_concurrent: 2 },
      lmstudio: { kind: 'openai', url: 'http://127.0.0.1:1234/v1', max_concurrent: 1, api_key_env: 'LM_KEY' },
    },
    runners: {
      ollama: {
        kind: 'ollama',
        endpoint: 'ollama',
        model: 'm',
        num_ctx_max: 8192,
        keep_alive: '5m',
        pull: false,
      },
      openai: { kind: 'openai', endpoint: 'lmstudio', model: 'n' },
      both: { kind: 'openai', endpoint: 'ollama', model: 'm' },
      command: { kind: 'command' },
    },
    defaults: { template: 'auto' },
    security: { env_pass: [], allow_full_access: false, agent_sandbox: 'auto' },
    ...fields,
  });

  it('have their names, endpoints and models', () => {
    const runners = buildRunners(config({}), {}, promptFolders);
    assert.deepEqual(
      [...runners.values()].map(({ name, endpoint, defaultModel }) => [name, endpoint, defaultModel]),
      [
        ['ollama', { name: 'ollama', url: 'http://127.0.0.1:11434', maxConcurrent: 2 }, 'm'],
        ['openai', { name: 'lmstudio', url: 'http://127.0.0.1:1234/v1', maxConcurrent: 1 }, 'n'],
        ['both', { name: 'ollama', url: 'http://127.0.0.1:11434/v1', maxConcurrent: 2 }, 'm'],
        ['command', null, null],
      ],
    );
  });

  const refused = (fields: Partial<RunnersConfig>, words: RegExp): void => {
    assert.throws(
      () => buildRunners(config(fields), {}, promptFolders),
      (error: unknown) => {
        assert.ok(error instanceof KoubouError);
        assert.equal(error.code, 'usage');
        assert.match(error.message, words);
        return true;
      },
    );
  };

  it('are refused with an endpoint that does not exist', () =>
    refused(
      { runners: { a: { kind: 'openai', endpoint: 'gone', model: 'm' } } },
      /runners\.a\.endpoint.*no endpoint "gone"/,
    ));

  it('are refused with an endpoint that cannot serve them', () => {
    const keep = { num_ctx_max: 1, keep_alive: '5m', pull: false };
    refused(
      { runners: { a: { kind: 'ollama', endpoint: 'lmstudio', model: 'm', ...keep } } },
      /kind openai, not ollama/,
    );
  });

  it('take their key from the environment, and give programs none of it', async () => {
    const server = await startScriptedServer([steps.text('ok')]);
    const bench = await Bench.make();
    try {
      const endpoints = {
        s: { kind: 'openai', url: server.openaiUrl, max_concurrent: 1, api_key_env: 'LM_KEY' },
      } as const;
      const runners = {
        s: { kind: 'openai', endpoint: 's', model: 'scripted' },
        c: { kind: 'command' },
      } as const;
      const environment = { PATH: process.env['PATH'], LM_KEY: 'secret', EXTRA: 'yes' };
      const security = { env_pass: ['EXTRA'], allow_full_access: false, agent_sandbox: 'auto' } as const;
      const built = buildRunners(config({ endpoints, runners, security }), environment, promptFolders);
      const [model, command] = [built.get('s'), built.get('c')];
      assert.ok(model && command);
      await bench.run(model);
      assert.equal((await server.chat(1)).headers.authorization, 'Bearer secret');
      const { output } = await bench.run(command, { command: ['env'] });
      assert.ok(output.includes('EXTRA=yes') && !output.includes('secret'));
    } finally {
      await server.close();
      await bench.remove();
    }
  });
});
