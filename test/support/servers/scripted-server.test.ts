import assert from 'node:assert/strict';
import {
  type RecordedRequest,
  type Script,
  type ScriptedServer,
  type ScriptedStep,
  startScriptedServer,
  steps,
} from './scripted-server.ts';

const QUESTION = { role: 'user', content: 'Say hello.' };

describe('scripted server', () => {
  let server: ScriptedServer;
  afterEach(() => server.close());

  async function start(script: Script | ScriptedStep[]): Promise<void> {
    server = await startScriptedServer(script);
  }

  function ask(body: object = {}, init: RequestInit = {}): Promise<Response> {
    return fetch(`${server.url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify({ model: 'any', messages: [QUESTION], ...body }),
      ...init,
    });
  }

  function askOpenai(body: object = {}): Promise<Response> {
    return fetch(`${server.openaiUrl}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'any', messages: [QUESTION], stream: true, ...body }),
    });
  }

  async function json(answer: Promise<Response>): Promise<any> {
    return (await answer).json();
  }

  async function lines(answer: Response): Promise<any[]> {
    return (await answer.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  async function events(answer: Response): Promise<any[]> {
    return (await answer.text())
      .trim()
      .split('\n\n')
      .map((event) => (event === 'data: [DONE]' ? 'DONE' : JSON.parse(event.replace(/^data: /, ''))));
  }

  it('answers with the steps in order, repeats the last, and records what was asked', async () => {
    await start([
      steps.text(['one ', 'two'], { promptTokens: 11, tokens: 5 }),
      steps.text('last', { promptTokens: null }),
    ]);
    const [first, second, last] = await lines(await ask({ options: { num_ctx: 4096 } }));
    assert.equal(first.message.content + second.message.content, 'one two');
    assert.equal(first.done, false);
    assert.deepEqual(
      [last.done, last.done_reason, last.prompt_eval_count, last.eval_count],
      [true, 'stop', 11, 5],
    );
    for (let again = 0; again < 2; again++) {
      const answer = await json(ask({ stream: false }));
      assert.equal(answer.message.content, 'last');
      assert.equal('prompt_eval_count' in answer, false);
    }
    assert.equal(server.requests.length, 3);
    assert.equal(server.requests[0]?.body.options.num_ctx, 4096);
    assert.equal(server.requests[0]?.path, '/api/chat');
    assert.equal(await server.requests[0]?.ended, 'answered');
  });

  it('renders the same step for OpenAI', async () => {
    await start([steps.text(['one ', 'two'], { promptTokens: 11 })]);
    const [first, second, last, usage, done] = await events(
      await askOpenai({ stream_options: { include_usage: true } }),
    );
    assert.equal(first.choices[0].delta.content + second.choices[0].delta.content, 'one two');
    assert.equal(last.choices[0].finish_reason, 'stop');
    assert.deepEqual(usage.usage, { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 });
    assert.equal(done, 'DONE');
    const whole = await json(askOpenai({ stream: false }));
    assert.equal(whole.choices[0].message.content, 'one two');
  });

  it('refuses as a real server does, in both shapes', async () => {
    await start([
      steps.modelNotFound(),
      steps.noTools(),
      steps.contextOverflow(),
      steps.busy('7'),
      steps.busy(),
      steps.tooManyRequests(),
      steps.serverError(),
    ]);
    const expected: [number, RegExp][] = [
      [404, /model 'any' not found/],
      [400, /does not support tools/],
      [400, /context length/],
      [503, /busy/],
      [503, /busy/],
      [429, /too many/],
      [500, /runner/],
    ];
    for (const [index, [status, message]] of expected.entries()) {
      const answer = await ask();
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get('retry-after'), index === 3 ? '7' : null);
      assert.match((await json(Promise.resolve(answer))).error, message);
    }
    assert.match((await json(askOpenai())).error.message, /runner/);
  });

  it('ends a stream badly in every way', async () => {
    await start([
      steps.errorInStream('out of memory'),
      steps.withoutDone(),
      steps.invalidLine(),
      steps.cutByLength(),
      steps.cutInStream(),
    ]);
    const failed = await ask();
    assert.equal(failed.status, 200);
    assert.deepEqual((await lines(failed)).at(-1), { error: 'out of memory' });
    assert.equal((await lines(await ask())).at(-1).done, false);
    await assert.rejects(async () => lines(await ask()), SyntaxError);
    assert.equal((await lines(await ask())).at(-1).done_reason, 'length');
    await assert.rejects(async () => (await ask()).text());
    await assert.rejects(async () => (await askOpenai()).text());
  });

  it('ends an OpenAI stream badly in every way', async () => {
    await start([steps.errorInStream('out of memory'), steps.withoutDone(), steps.cutByLength()]);
    assert.equal((await events(await askOpenai())).at(-1).error.message, 'out of memory');
    assert.equal((await events(await askOpenai())).at(-1).choices[0].finish_reason, null);
    assert.equal((await events(await askOpenai())).at(-2).choices[0].finish_reason, 'length');
  });

  it('gives answers that are none', async () => {
    await start([
      steps.empty(),
      steps.thinkingOnly('hm'),
      steps.toolCallAsText(),
      steps.toolCallAsText(true),
      steps.remote(),
      steps.echo(),
      steps.oddContentType(),
    ]);
    const answers = [];
    for (let index = 0; index < 6; index++) answers.push(await json(ask({ stream: false })));
    const [empty, thinking, call, tagged, remote, echo] = answers;
    assert.equal(empty.message.content, '');
    assert.deepEqual([thinking.message.thinking, thinking.message.content], ['hm', '']);
    assert.equal(JSON.parse(call.message.content).name, 'write_file');
    assert.match(tagged.message.content, /^<tool_call>/);
    assert.equal(remote.remote_host, 'https://ollama.com:443');
    assert.equal(echo.message.content, QUESTION.content);
    assert.equal((await ask()).headers.get('content-type'), 'text/html');
  });

  it('says nothing until the client goes, before the first byte or after some', async () => {
    await start([steps.silence(), steps.silenceInStream('begun')]);
    const first = new AbortController();
    const silent = ask({}, { signal: first.signal });
    const request = await server.chat(1);
    first.abort();
    await assert.rejects(silent, { name: 'AbortError' });
    assert.equal(await request.ended, 'aborted');

    const second = new AbortController();
    const reader = (await ask({}, { signal: second.signal })).body?.getReader();
    assert.match(Buffer.from((await reader?.read())?.value ?? []).toString(), /begun/);
    second.abort();
    assert.equal(await (await server.chat(2)).ended, 'aborted');
  });

  it('sends each chunk when the test opens its gate', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await start([
      steps.gated(
        ['one', 'two'],
        gates.map(({ promise }) => promise),
      ),
    ]);
    const reader = (await ask()).body?.getReader();
    const next = async (): Promise<string> => Buffer.from((await reader?.read())?.value ?? []).toString();
    gates[0]?.resolve();
    assert.match(await next(), /one/);
    gates[1]?.resolve();
    assert.match(await next(), /two/);
  });

  it('goes on without end, again and again, and stops when the client goes', async () => {
    await start([steps.endless()]);
    for (let nth = 1; nth <= 2; nth++) {
      const controller = new AbortController();
      const reader = (await ask({}, { signal: controller.signal })).body?.getReader();
      for (let bytes = 0; bytes < 1_000_000; ) bytes += (await reader?.read())?.value?.length ?? Infinity;
      controller.abort();
      assert.equal(await (await server.chat(nth)).ended, 'aborted');
    }
  });

  it('decides a step by the request', async () => {
    await start([({ body }: RecordedRequest) => (body.format ? steps.text('{}') : steps.thinkingOnly())]);
    assert.equal((await json(ask({ stream: false, format: 'json' }))).message.content, '{}');
    assert.equal((await json(ask({ stream: false }))).message.content, '');
  });

  it('can be killed and come back on the same port', async () => {
    await start([steps.silence(), steps.text('back')]);
    const lost = ask();
    const request = await server.chat(1);
    await server.kill();
    await assert.rejects(lost, TypeError);
    assert.equal(await request.ended, 'aborted');
    await assert.rejects(ask(), TypeError);
    await server.restart();
    assert.equal((await json(ask({ stream: false }))).message.content, 'back');
  });

  it('describes its models, and knows no other when they are given', async () => {
    await start({
      steps: [steps.text('hello')],
      models: ['one', 'two:8b'],
      contextLength: 2048,
      capabilities: ['completion'],
      routes: { 'GET /api/version': { kind: 'error', status: 500, message: 'broken' } },
    });
    const get = async (path: string) => json(fetch(server.url + path));
    assert.equal(await (await fetch(server.url)).text(), 'Ollama is running');
    assert.deepEqual(
      (await get('/api/tags')).models.map(({ name }: { name: string }) => name),
      ['one:latest', 'two:8b'],
    );
    assert.equal((await get('/api/ps')).models[0].context_length, 2048);
    assert.equal((await get('/v1/models')).data[1].id, 'two:8b');
    assert.equal((await fetch(`${server.url}/api/version`)).status, 500);
    const show = (model: string) =>
      fetch(`${server.url}/api/show`, { method: 'POST', body: JSON.stringify({ model }) });
    assert.deepEqual((await json(show('one'))).capabilities, ['completion']);
    assert.equal((await show('three')).status, 404);
    assert.deepEqual(await json(ask({ model: 'three' })), { error: "model 'three' not found" });
    assert.equal((await ask({ model: 'one' })).status, 200);
  });
});
