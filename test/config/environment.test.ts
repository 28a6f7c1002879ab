import assert from 'node:assert/strict';
import { goneVariables, ollamaUrl, readEnvironment } from '../../src/config/environment.ts';
import { KoubouError } from '../../src/errors.ts';

describe('the environment', () => {
  it('says nothing when nothing is set, or what is set is empty', () => {
    const nothing = {
      home: undefined,
      logLevel: 'info',
      principal: { name: 'cli', role: 'owner', agent: null, session: null, via: 'cli' },
      workerLabel: undefined,
      ollamaUrl: undefined,
      openaiUrl: undefined,
      openaiModel: undefined,
      maxWorkers: undefined,
      agentTimeout: undefined,
      heartbeatInterval: undefined,
      defaultRunner: undefined,
      numGpu: undefined,
      allowFullAccess: undefined,
    };
    assert.deepEqual(readEnvironment({}), nothing);
    assert.deepEqual(readEnvironment({ MAX_WORKERS: ' ', OLLAMA_HOST: '', CLAUDECODE: '0' }), nothing);
  });

  it('gives each variable its meaning', () => {
    const read = readEnvironment({
      KOUBOU_HOME: '/h',
      KOUBOU_LOG_LEVEL: 'Debug',
      WORKER_ID: 'desk_1',
      OLLAMA_HOST: 'gpu:1',
      OPENAI_API_BASE: 'http://a/v1/',
      LMSTUDIO_BASE_URL: 'http://b/v1',
      LMSTUDIO_MODEL: 'm',
      MAX_WORKERS: '3',
      AGENT_TIMEOUT: '20m',
      WORKER_HEARTBEAT_INTERVAL: '2',
      DEFAULT_AGENT: 'ollama',
      OLLAMA_NUM_GPU: '-1',
      CODEX_UNSAFE_ALLOW_NO_SANDBOX: '1',
    });
    assert.deepEqual(read, {
      home: '/h',
      logLevel: 'debug',
      principal: { name: 'cli', role: 'owner', agent: null, session: null, via: 'cli' },
      workerLabel: 'desk_1',
      ollamaUrl: 'http://gpu:1',
      openaiUrl: 'http://a/v1',
      openaiModel: 'm',
      maxWorkers: 3,
      agentTimeout: 1200,
      heartbeatInterval: 2,
      defaultRunner: 'ollama',
      numGpu: -1,
      allowFullAccess: true,
    });
    assert.equal(readEnvironment({ LMSTUDIO_BASE_URL: 'http://b/v1' }).openaiUrl, 'http://b/v1');
  });

  it('knows when an agent calls, and who', () => {
    const who = (variables: Record<string, string>) => {
      const { principal } = readEnvironment(variables);
      return { role: principal.role, name: principal.name };
    };
    assert.deepEqual(who({ CLAUDECODE: '1' }), { role: 'contributor', name: 'claude-code' });
    assert.deepEqual(who({ KOUBOU_CALLER: 'agent' }), { role: 'contributor', name: 'agent' });
    assert.deepEqual(who({ KOUBOU_CALLER: 'cron' }), { role: 'owner', name: 'cron' });
  });

  const bad: Record<string, string[]> = {
    KOUBOU_LOG_LEVEL: ['loud'],
    KOUBOU_CALLER: ['two words'],
    WORKER_ID: ['a/b', '../x'],
    OLLAMA_HOST: ['ftp://h', 'a b', 'h:port', 'h:99999'],
    OPENAI_API_BASE: ['localhost:1234', 'http://'],
    LMSTUDIO_BASE_URL: ['lmstudio'],
    MAX_WORKERS: ['many', '0', '1.5', '-1'],
    AGENT_TIMEOUT: ['soon', '-5'],
    WORKER_HEARTBEAT_INTERVAL: ['0', 'often'],
    OLLAMA_NUM_GPU: ['all', '-2'],
  };
  for (const [name, values] of Object.entries(bad)) {
    it(`refuses a ${name} that cannot be read, and names it`, () => {
      for (const value of values) {
        assert.throws(
          () => readEnvironment({ [name]: value }),
          (error) => error instanceof KoubouError && error.code === 'usage' && error.message.startsWith(name),
          value,
        );
      }
    });
  }

  it('knows the variables that mean nothing any more', () => {
    const gone = goneVariables({ KOUBOU_DB: '/db', OLLAMA_GPU_LAYERS: '', MAX_WORKERS: '1' });
    assert.deepEqual(
      gone.map(({ name }) => name),
      ['KOUBOU_DB'],
    );
  });
});

describe('OLLAMA_HOST', () => {
  const forms: [string, string][] = [
    ['127.0.0.1:11434', 'http://127.0.0.1:11434'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
    ['http://0.0.0.0:8080', 'http://127.0.0.1:8080'],
    [':8080', 'http://127.0.0.1:8080'],
    ['gpu', 'http://gpu:11434'],
    ['gpu.local:1', 'http://gpu.local:1'],
    ['http://gpu', 'http://gpu'],
    ['http://gpu:11434/', 'http://gpu:11434'],
    ['https://gpu', 'https://gpu'],
    ['HTTPS://gpu:8443/ollama/', 'https://gpu:8443/ollama'],
    ['gpu:1/ollama', 'http://gpu:1/ollama'],
    ['[::1]:1', 'http://[::1]:1'],
    ['[::]:1', 'http://[::1]:1'],
    ['::1', 'http://[::1]:11434'],
    ['"gpu:1"', 'http://gpu:1'],
    ['  gpu:1  ', 'http://gpu:1'],
  ];
  for (const [written, url] of forms) {
    it(`${written} means ${url}`, () => assert.equal(ollamaUrl(written), url));
  }
});
