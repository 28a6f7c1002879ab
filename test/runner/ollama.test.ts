import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OllamaRunner } from '../../src/runner/model/ollama.ts';
import { Bench, describeModelRunner, failure, promptFolders, success } from '../contract/runner.ts';
import {
  type Script,
  type ScriptedServer,
  type ScriptedStep,
  startScriptedServer,
  steps,
} from '../support/servers/scripted-server.ts';

interface Options {
  outputLimitBytes?: number;
  numCtxMax?: number;
  pull?: boolean;
  numGpu?: number;
}

const make = ({ url }: { url: string }, options: Options = {}): OllamaRunner =>
  new OllamaRunner({
    name: 'ollama',
    endpoint: { name: 'ollama', url, maxConcurrent: 1 },
    model: 'scripted',
    numCtxMax: 32_768,
    keepAlive: '5m',
    pull: false,
    promptFolders,
    template: 'auto',
    ...options,
  });

describeModelRunner({ name: 'ollama', aliveRoute: 'GET /api/version', make });

describe('Ollama', () => {
  let bench: Bench;
  const servers: ScriptedServer[] = [];

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await bench.remove();
  });

  const serve = async (script: Script | readonly ScriptedStep[]): Promise<ScriptedServer> => {
    const server = await startScriptedServer(script);
    servers.push(server);
    return server;
  };
  const notLoaded = { 'GET /api/ps': { kind: 'error', status: 404, message: 'not here' } } as const;
  const chats = (server: ScriptedServer): any[] =>
    server.requests.filter(({ path }) => path === '/api/chat').map(({ body }) => body);

  describe('is never let to lose a part of the prompt', () => {
    it('is told to fail rather than to cut, with room for the prompt and the answer', async () => {
      const server = await serve({ steps: [steps.text('ok', { promptTokens: 5000 })], routes: notLoaded });
      success((await bench.run(make(server), { prompt: 'word '.repeat(5000) })).outcome);
      const [body] = chats(server);
      assert.equal(body.truncate, false);
      assert.equal(body.shift, false);
      assert.equal(body.stream, true);
      assert.equal(body.keep_alive, '5m');
      assert.equal(body.options.num_ctx, 16_384);
    });

    it('is asked for one context as long as that fits, since another one loads the model again', async () => {
      const server = await serve({ steps: [steps.text('ok', { promptTokens: null })], routes: notLoaded });
      const runner = make(server);
      for (const words of [10, 5000, 10, 3000]) await bench.run(runner, { prompt: 'word '.repeat(words) });
      assert.deepEqual(
        chats(server).map(({ options }) => options.num_ctx),
        [8192, 16_384, 16_384, 16_384],
      );
    });

    it('is asked for the context with which the model is loaded', async () => {
      const server = await serve({ steps: [steps.text('ok')], contextLength: 20_000 });
      await bench.run(make(server));
      assert.equal(chats(server)[0].options.num_ctx, 20_000);
    });

    it('is asked for no more than the model or the config allows', async () => {
      const server = await serve({ steps: [steps.text('ok')], contextLength: 6000, routes: notLoaded });
      await bench.run(make(server));
      await bench.run(make(server, { numCtxMax: 5000 }));
      assert.deepEqual(
        chats(server).map(({ options }) => options.num_ctx),
        [6000, 5000],
      );
    });

    it('is not asked at all when the prompt cannot fit', async () => {
      const server = await serve({ steps: [steps.text('ok')], contextLength: 8192 });
      const failed = failure(
        (await bench.run(make(server), { prompt: '長い文章です。'.repeat(5000) })).outcome,
      );
      assert.equal(failed.error.code, 'context_overflow');
      assert.match(failed.error.message, /\d+ to \d+ tokens \(\d+ bytes\); scripted may use 8192/);
      assert.deepEqual(chats(server), []);
    });

    it('is asked with all the context there is when it says that the estimate was too low', async () => {
      const server = await serve({ steps: [steps.contextOverflow(), steps.text('ok')], routes: notLoaded });
      assert.equal((await bench.run(make(server))).output, 'ok');
      assert.deepEqual(
        chats(server).map(({ options }) => options.num_ctx),
        [8192, 32_768],
      );
    });

    it('gets the options that the task sets, and they win', async () => {
      const server = await serve([steps.text('ok')]);
      const set = { temperature: 0.1, num_ctx: 4096, think: 'low' };
      await bench.run(make(server, { numGpu: 3 }), { options: { set } });
      const [body] = chats(server);
      assert.deepEqual(body.options, { num_gpu: 3, temperature: 0.1, num_ctx: 4096 });
      assert.equal(body.think, 'low');
    });
  });

  describe('with a model that thinks and does not answer', () => {
    const schema = { type: 'object' };

    it('is asked once more, without thinking', async () => {
      const server = await serve([steps.thinkingOnly(), steps.text('{}')]);
      const { output, log } = await bench.run(make(server), { options: { schema } });
      assert.equal(output, '{}');
      assert.match(log, /\[koubou\] The model thought and did not answer/);
      assert.deepEqual(
        chats(server).map(({ think, format }) => [think, format]),
        [
          [undefined, schema],
          [false, schema],
        ],
      );
    });

    it('is asked without the format where thinking was asked for', async () => {
      const server = await serve([steps.thinkingOnly(), steps.text('{}')]);
      await bench.run(make(server), { options: { schema, set: { think: true } } });
      assert.deepEqual(
        chats(server).map(({ think, format }) => [think, format]),
        [
          [true, schema],
          [true, undefined],
        ],
      );
    });

    it('is not asked a third time', async () => {
      const server = await serve([steps.thinkingOnly()]);
      assert.equal(
        success((await bench.run(make(server))).outcome).observed.thinking?.includes('Let me think'),
        true,
      );
      assert.equal(chats(server).length, 2);
    });
  });

  it('tells of an answer that came through another machine', async () => {
    const server = await serve([steps.remote()]);
    assert.equal(
      success((await bench.run(make(server))).outcome).observed.remoteHost,
      'https://ollama.com:443',
    );
  });

  it('without the model is found out before anything is sent', async () => {
    const server = await serve({ steps: [steps.text('ok')], models: ['other'] });
    const failed = failure((await bench.run(make(server))).outcome);
    assert.equal(failed.error.code, 'model_not_found');
    assert.equal(failed.error.hint, 'ollama pull scripted');
    assert.deepEqual(chats(server), []);
    const health = await make(server).check();
    assert.equal(health.error?.code, 'model_not_found');
  });

  it('that speaks only the chat is used as it is', async () => {
    const missing = { kind: 'error', status: 404, message: '404 page not found' } as const;
    const routes = { 'GET /api/version': missing, 'POST /api/show': missing, 'GET /api/ps': missing };
    assert.equal((await bench.run(make(await serve({ steps: [steps.text('ok')], routes })))).output, 'ok');
  });

  it('in trouble with its memory says so while it describes the model', async () => {
    const routes = { 'POST /api/show': { kind: 'error', status: 500, message: 'out of memory' } } as const;
    const failed = failure(
      (await bench.run(make(await serve({ steps: [steps.text('ok')], routes })))).outcome,
    );
    assert.match(failed.error.message, /out of memory/);
    assert.equal(failed.charged, true);
  });

  describe('that lacks the model and may pull it', () => {
    /** What the scripted server does not know: a model that comes by a pull. */
    const pulling = async (lines: object[]): Promise<{ url: string; paths: string[]; close: () => void }> => {
      const paths: string[] = [];
      let pulled = false;
      const server = createServer((request, response) => {
        paths.push(request.url ?? '');
        const send = (status: number, ...values: object[]): void => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
        };
        if (request.url === '/api/pull') {
          pulled = true;
          send(200, ...lines);
        } else if (request.url === '/api/show' && !pulled) send(404, { error: "model 'scripted' not found" });
        else if (request.url === '/api/show') send(200, { model_info: { 'llama.context_length': 4096 } });
        else if (request.url === '/api/chat')
          send(200, { message: { content: 'ok' }, done: true, done_reason: 'stop' });
        else send(200, { version: '0.33.0', models: [] });
      });
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      return { url: `http://127.0.0.1:${port}`, paths, close: () => server.close() };
    };

    it('pulls it while it says that it loads', async () => {
      const server = await pulling([
        { status: 'pulling manifest' },
        { status: 'pulling', completed: 5 },
        { status: 'success' },
      ]);
      const { output, phases } = await bench.run(make(server, { pull: true }));
      assert.equal(output, 'ok');
      assert.deepEqual(phases, ['loading', 'running']);
      assert.ok(server.paths.includes('/api/pull'));
      server.close();
    });

    it('says why the pull failed', async () => {
      const server = await pulling([
        { status: 'pulling manifest' },
        { error: 'pull model manifest: file does not exist' },
      ]);
      const failed = failure((await bench.run(make(server, { pull: true }))).outcome);
      assert.equal(failed.error.code, 'model_not_found');
      assert.match(failed.error.message, /file does not exist/);
      server.close();
    });
  });
});
