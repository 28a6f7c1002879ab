import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LocalNetworks } from '../../src/privacy/local-networks.ts';
import { openConnection } from '../../src/runner/connection/connection.ts';
import { RunFailure } from '../../src/runner/failure.ts';
import { OllamaRunner } from '../../src/runner/model/ollama.ts';
import { OpenAiRunner } from '../../src/runner/model/openai-compatible.ts';
import { refuseRemoteModel } from '../../src/runner/model/remote-model.ts';
import type { Runner } from '../../src/runner/runner.ts';
import { Bench, failure, promptFolders, success } from '../contract/runner.ts';
import {
  type Script,
  type ScriptedServer,
  startScriptedServer,
  steps,
} from '../support/servers/scripted-server.ts';

const held = { requireLocal: async () => new LocalNetworks() };
const prompt = 'the password is hunter2';

describe('a model that a local server passes on under a plain name', () => {
  let bench: Bench;
  let server: ScriptedServer;

  const serve = async (script: Partial<Script>): Promise<void> => {
    server = await startScriptedServer({ steps: [steps.text('an answer')], ...script });
  };

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    await server.close();
    await bench.remove();
  });

  /** Stands behind the url of the endpoint. */
  let behind = '';
  const runners: Record<string, () => Runner> = {
    ollama: () =>
      new OllamaRunner({
        name: 'ollama',
        endpoint: { name: 'here', url: server.url, maxConcurrent: 1 },
        model: 'mine',
        numCtxMax: 8192,
        keepAlive: '5m',
        pull: false,
        promptFolders,
        template: 'auto',
      }),
    openai: () =>
      new OpenAiRunner({
        name: 'openai',
        endpoint: { name: 'here', url: `${server.openaiUrl}${behind}`, maxConcurrent: 1 },
        model: 'mine',
        promptFolders,
        template: 'auto',
      }),
  };

  for (const [kind, make] of Object.entries(runners)) {
    it(`gets nothing of a task that must stay: ${kind}`, async () => {
      await serve({ remoteHost: 'https://far.example:443' });
      const { error } = failure((await bench.run(make(), { prompt }, held)).outcome);
      assert.equal(error.code, 'not_local');
      assert.match(error.message, /passes mine on to https:\/\/far\.example:443; nothing was sent/);
      assert.doesNotMatch(JSON.stringify(server.requests.map(({ body }) => body)), /hunter2/);
    });

    it(`does any other task: ${kind}`, async () => {
      await serve({ remoteHost: 'https://far.example:443' });
      const { outcome, output } = await bench.run(make(), { prompt });
      success(outcome);
      assert.equal(output, 'an answer');
      const asked = server.requests.filter(({ path }) => path === '/api/show').length;
      assert.equal(asked, kind === 'ollama' ? 1 : 0, 'nobody asks where it runs');
    });

    it(`is told from one that runs here: ${kind}`, async () => {
      await serve({});
      const { outcome, output } = await bench.run(make(), { prompt }, held);
      assert.equal(success(outcome).address, '127.0.0.1');
      assert.equal(output, 'an answer');
    });
  }

  it('gets nothing of it by an url that two programs read as two addresses', async () => {
    await serve({ remoteHost: 'https://far.example:443' });
    for (behind of ['?x=1', '/.', '//', '/../v1']) {
      const { outcome } = await bench.run(runners['openai']?.() as Runner, { prompt }, held);
      assert.equal(outcome.ok, false, behind);
      assert.doesNotMatch(JSON.stringify(server.requests.map(({ body }) => body)), /hunter2/, behind);
    }
    behind = '';
  });

  const ask = async (kind: 'ollama' | 'openai', url: string): Promise<string> => {
    const of = { kind, url, model: 'mine' };
    const connection = await openConnection(of, new AbortController().signal);
    try {
      await refuseRemoteModel(connection, of);
      return 'local';
    } catch (error) {
      return error instanceof RunFailure ? error.info.code : String(error);
    } finally {
      await connection.close();
    }
  };

  it('is asked for beside /v1, where Codex asks an Ollama', async () => {
    await serve({ remoteHost: 'far.example' });
    assert.equal(await ask('ollama', server.openaiUrl), 'not_local');
  });

  it('is no matter of a server that knows no such question', async () => {
    await serve({ routes: { 'POST /api/show': { kind: 'error', status: 404, message: 'not here' } } });
    assert.equal(await ask('openai', server.openaiUrl), 'local');
    assert.equal(await ask('ollama', server.openaiUrl), 'local');
  });

  it('is not taken for local where the server fails to say it, and the task waits for one that may yet', async () => {
    for (const status of [500, 502, 503, 429]) {
      await serve({ routes: { 'POST /api/show': { kind: 'error', status, message: 'out of memory' } } });
      const code = status === 429 || status === 503 ? 'endpoint_busy' : 'runner_unavailable';
      assert.equal(await ask('ollama', server.url), code);
      assert.equal(await ask('openai', server.openaiUrl), code);
      if (status !== 429) await server.close();
    }
  });

  for (const status of [400, 401, 403, 410, 422]) {
    it(`is not taken for local where the server refuses to say it with ${status}`, async () => {
      await serve({ routes: { 'POST /api/show': { kind: 'error', status, message: 'no' } } });
      assert.equal(await ask('ollama', server.url), 'not_local');
      assert.equal(await ask('openai', server.openaiUrl), 'not_local');
    });
  }

  it('is not taken for local where the answer says nothing of a model', async () => {
    await serve({});
    for (const answer of [
      '{}',
      '[]',
      '"yes"',
      '{"error":"try later"}',
      '{"models":[]}',
      '<html></html>',
      '',
    ]) {
      const other = createServer((_, response) => response.end(answer));
      other.listen(0, '127.0.0.1');
      await once(other, 'listening');
      const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      assert.equal(await ask('ollama', url), 'not_local', answer);
      assert.equal(await ask('openai', `${url}/v1`), 'not_local', answer);
      other.close();
    }
  });

  it('is no matter of LM Studio, which answers every address with 200', async () => {
    const message = 'Unexpected endpoint or method. (POST /api/show)';
    await serve({ routes: { 'POST /api/show': { kind: 'error', status: 200, message } } });
    assert.equal(await ask('openai', server.openaiUrl), 'local');
    assert.equal(await ask('ollama', server.url), 'not_local', 'an Ollama has no such words');
  });
});
