import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cacheFile } from '../../src/config/cache.ts';
import { loadConfig, type Origin } from '../../src/config/load.ts';
import { KoubouError } from '../../src/errors.ts';
import { temporaryFolder, writeFiles } from './temporary-home.ts';

const AGENT = `
endpoints:
  ollama: { kind: ollama, url: http://file:1 }
  lmstudio: { kind: openai, url: http://file:2/v1 }
runners:
  ollama: { kind: ollama, endpoint: ollama, model: m }
  openai: { kind: openai, endpoint: lmstudio, model: file }
routing: { default: { general: openai } }
workers: { min: 2, max: 4 }
`;

describe('the configuration', () => {
  const home = temporaryFolder();
  const load = (environment: Record<string, string> = {}) => loadConfig({ home: home(), environment });
  const setUp = (env = '', agent = AGENT) =>
    writeFiles(home(), { 'config/agent.yaml': agent, 'config/.env': env, 'run/.keep': '' });

  it('is the defaults where there are no files', async () => {
    const { config, originOf } = await load();
    assert.equal(config.workers.max, 5);
    assert.deepEqual(originOf('workers.max'), { value: 5, from: 'default' });
  });

  // key, variable, its text, the value it makes, the value of the file
  const overrides: [string, string, string, unknown, unknown][] = [
    ['endpoints.ollama.url', 'OLLAMA_HOST', 'env:3', 'http://env:3', 'http://file:1'],
    ['endpoints.lmstudio.url', 'OPENAI_API_BASE', 'http://env:3/v1', 'http://env:3/v1', 'http://file:2/v1'],
    ['endpoints.lmstudio.url', 'LMSTUDIO_BASE_URL', 'http://env:3/v1', 'http://env:3/v1', 'http://file:2/v1'],
    ['runners.openai.model', 'LMSTUDIO_MODEL', 'env', 'env', 'file'],
    ['runners.ollama.num_gpu', 'OLLAMA_NUM_GPU', '7', 7, undefined],
    ['routing.default.general', 'DEFAULT_AGENT', 'ollama', 'ollama', 'openai'],
    ['workers.max', 'MAX_WORKERS', '9', 9, 4],
    ['workers.min', 'MAX_WORKERS', '1', 1, 2],
    ['defaults.timeout.general', 'AGENT_TIMEOUT', '7', 7, 600],
    ['defaults.timeout.code', 'AGENT_TIMEOUT', '1h', 3600, 1800],
    ['defaults.heartbeat_interval', 'WORKER_HEARTBEAT_INTERVAL', '2s', 2, 5],
  ];
  for (const [key, name, text, value, fileValue] of overrides) {
    it(`lets ${name} go before ${key}: environment, .env, file, default`, async () => {
      setUp();
      const before = await load();
      assert.deepEqual(before.originOf(key)?.value, fileValue);

      setUp(`${name}=${text}`);
      const inFile = await load();
      assert.deepEqual(inFile.originOf(key), { value, from: '.env', name } satisfies Origin);

      setUp(`${name}=${{ OLLAMA_HOST: 'other:4', DEFAULT_AGENT: 'openai' }[name] ?? text}`);
      const outside = await load({ [name]: text });
      assert.deepEqual(outside.originOf(key), { value, from: 'environment', name } satisfies Origin);
    });
  }

  it('says of the file what the file states, and of the rest that it is the default', async () => {
    setUp();
    const { originOf, keys } = await load();
    assert.deepEqual(originOf('workers.max'), { value: 4, from: 'agent.yaml' });
    assert.deepEqual(originOf('workers.idle_timeout'), { value: 30, from: 'default' });
    assert.equal(originOf('workers')?.from, 'agent.yaml');
    assert.equal(originOf('workers.most'), undefined);
    assert.ok(keys().includes('runners.command.kind'));
  });

  it('lets one name of a server in the environment go before its other name in .env', async () => {
    setUp('OPENAI_API_BASE=http://inner/v1');
    const { config } = await load({ LMSTUDIO_BASE_URL: 'http://outer/v1' });
    assert.equal(config.endpoints['lmstudio']?.url, 'http://outer/v1');
  });

  it('finds a key of a server in .env, and in the environment first', async () => {
    setUp('MY_KEY=inner');
    assert.equal((await load()).variable('MY_KEY'), 'inner');
    assert.equal((await load({ MY_KEY: 'outer' })).variable('MY_KEY'), 'outer');
  });

  it('changes nothing for a variable whose endpoint does not exist', async () => {
    const { config } = await load({ OLLAMA_HOST: 'env:3', LMSTUDIO_MODEL: 'm', OLLAMA_NUM_GPU: '1' });
    assert.deepEqual(config.endpoints, {});
  });

  it('says that a variable of config/.env cannot be read, and where it stands', async () => {
    setUp('MAX_WORKERS=lots');
    await assert.rejects(load(), /MAX_WORKERS in config\/\.env is "lots"/);
  });

  it('refuses a DEFAULT_AGENT that is no runner, with the nearest name', async () => {
    setUp();
    await assert.rejects(
      load({ DEFAULT_AGENT: 'olama' }),
      (error: KoubouError) => error.hint === 'Did you mean ollama?',
    );
  });

  it('says which file cannot be read', async () => {
    writeFiles(home(), { 'config/agent.yaml/x': '' });
    await assert.rejects(
      load(),
      (error: KoubouError) => error.code === 'usage' && /agent\.yaml cannot be read/.test(error.message),
    );
  });

  describe('kept for the next command', () => {
    it('is the same from the cache, for its owner alone, without what .env says', async () => {
      setUp('MY_KEY=sk-hidden-42\nMAX_WORKERS=8');
      const first = await load();
      assert.equal(statSync(cacheFile(home())).mode & 0o777, 0o600);
      assert.doesNotMatch(readFileSync(cacheFile(home()), 'utf8'), /sk-hidden-42|"max":8/);
      const second = await load();
      assert.deepEqual(second.config, first.config);
      assert.deepEqual(second.keys().map(second.originOf), first.keys().map(first.originOf));
    });

    it('is really used', async () => {
      setUp();
      await load();
      const { ino } = statSync(cacheFile(home()));
      await load();
      assert.equal(statSync(cacheFile(home())).ino, ino, 'else it would have been written again');
    });

    it('is not used once a letter of it changed', async () => {
      setUp();
      await load();
      const kept = readFileSync(cacheFile(home()), 'utf8');
      const damaged = kept.replace(/(max\\":)4/, '$19');
      assert.notEqual(damaged, kept);
      writeFileSync(cacheFile(home()), damaged);
      assert.equal((await load()).config.workers.max, 4);
    });

    it('is not used for a file that changed, even at once and to the same length', async () => {
      setUp();
      await load();
      setUp('', AGENT.replace('max: 4', 'max: 6'));
      assert.equal((await load()).config.workers.max, 6);
    });

    for (const garbage of ['', '{', 'null', '[]', '{"key":"x"}']) {
      it(`is read anew where the cache is ${garbage || 'empty'}`, async () => {
        setUp();
        writeFileSync(cacheFile(home()), garbage);
        assert.equal((await load()).config.workers.max, 4);
      });
    }

    it('is read each time where the cache cannot be written', async () => {
      setUp();
      writeFiles(home(), { 'config/.cache.json/x': '' });
      assert.equal((await load()).config.workers.max, 4);
      assert.equal((await load()).config.workers.max, 4);
    });

    it('keeps no faulty file', async () => {
      setUp('', 'workers: { mx: 1 }');
      await assert.rejects(load());
      assert.equal(existsSync(cacheFile(home())), false);
    });
  });
});
