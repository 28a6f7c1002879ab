import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { install, isInstalled } from './install.ts';
import { type RealServer, startRealServer } from './server.ts';

const MODEL = 'koubou-tiny';
const QUESTION = { role: 'user', content: 'Say something about the workshop. 工房について一言。' };
const SCHEMA = {
  type: 'object',
  properties: {
    summary: { type: 'string' },
    tags: { type: 'array', items: { type: 'string', maxLength: 12 }, minItems: 1 },
    score: { type: 'number', minimum: 0, maximum: 1 },
    lines: { type: 'integer', minimum: 3 },
    ratio: { type: 'number' },
    kind: { enum: ['code', 'text'] },
    place: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/place' }] },
  },
  required: ['summary', 'tags', 'score', 'lines', 'ratio', 'kind', 'place'],
  additionalProperties: false,
  $defs: {
    place: {
      type: 'object',
      properties: { file: { type: 'string' }, ok: { type: 'boolean' } },
      required: ['file', 'ok'],
    },
  },
};

function post(server: RealServer, path: string, body: object): Promise<Response> {
  return fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) });
}

async function json(answer: Promise<Response>): Promise<any> {
  return (await answer).json();
}

describe('real inference server', function () {
  this.timeout(60_000);
  let server: RealServer;

  before(async function () {
    if (!isInstalled()) {
      console.warn('    skipped: node-llama-cpp is not installed; run `npm run test:real:install`');
      this.skip();
    }
    server = await startRealServer();
  });
  after(() => server?.close());

  it('streams a chat to the ollama client until done', async () => {
    const client = new Ollama({ host: server.url });
    let text = '';
    let last: Awaited<ReturnType<typeof client.chat>> | undefined;
    for await (const part of await client.chat({
      model: MODEL,
      messages: [QUESTION],
      stream: true,
      options: { num_ctx: 2048, seed: 7 },
    })) {
      text += part.message.content;
      last = part;
    }
    assert.match(text, /^[A-Z][a-z ]+\.$/);
    assert.equal(last?.done, true);
    assert.equal(last.done_reason, 'stop');
    assert.ok(last.prompt_eval_count > 10 && last.eval_count > 2 && last.total_duration > 0);
    assert.equal((await client.ps()).models[0]?.name, `${MODEL}:latest`);
    const running = await json(fetch(`${server.url}/api/ps`));
    assert.equal(running.models[0].context_length, 2048);
    assert.deepEqual((await client.show({ model: MODEL })).capabilities, ['completion']);
  });

  it('ends with a sentence, and without anything like a tool call, at every seed and temperature', async () => {
    const client = new Ollama({ host: server.url });
    for (const temperature of [0, 0.2, 0.8, 1, 1.5]) {
      for (let seed = 0; seed < 20; seed++) {
        const { message, done_reason: reason } = await client.chat({
          model: MODEL,
          messages: [QUESTION],
          options: { seed, temperature },
        });
        assert.match(message.content, /^[A-Z][a-z ]+\.$/);
        assert.equal(reason, 'stop');
      }
    }
  });

  it('gives the same answer for the same seed, and stops at num_predict', async () => {
    const client = new Ollama({ host: server.url });
    const ask = (options: object) => client.generate({ model: MODEL, prompt: QUESTION.content, options });
    assert.equal((await ask({ seed: 3 })).response, (await ask({ seed: 3 })).response);
    const short = await ask({ num_predict: 2 });
    assert.equal(short.done_reason, 'length');
    assert.equal(short.eval_count, 2);
  });

  it('streams to the openai client, with usage', async () => {
    const client = new OpenAI({ baseURL: server.openaiUrl, apiKey: 'unused' });
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages: [{ role: 'user', content: QUESTION.content }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let finish: string | null | undefined;
    let tokens = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    assert.match(text, /^[A-Z][a-z ]+\.$/);
    assert.equal(finish, 'stop');
    assert.ok(tokens > 10);
    assert.equal((await client.models.list()).data[0]?.id, `${MODEL}:latest`);
  });

  it('answers a JSON schema with an object that validates', async () => {
    const validate = new Ajv().compile(SCHEMA);
    const ollama = new Ollama({ host: server.url });
    for (let seed = 0; seed < 10; seed++) {
      const { message } = await ollama.chat({
        model: MODEL,
        messages: [QUESTION],
        format: SCHEMA,
        options: { seed },
      });
      assert.ok(
        validate(JSON.parse(message.content)),
        `${message.content}: ${JSON.stringify(validate.errors)}`,
      );
    }
    const openai = new OpenAI({ baseURL: server.openaiUrl, apiKey: 'unused' });
    const { choices } = await openai.chat.completions.create({
      model: MODEL,
      messages: [{ role: 'user', content: QUESTION.content }],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: SCHEMA } },
    });
    assert.ok(validate(JSON.parse(choices[0]?.message.content ?? '')));
    const any = await ollama.generate({ model: MODEL, prompt: 'An object, please.', format: 'json' });
    assert.equal(typeof JSON.parse(any.response ?? ''), 'object');
  });

  it('refuses a prompt over the context when told not to truncate, and drops half of it silently when not', async () => {
    const body = {
      model: MODEL,
      messages: [{ role: 'user', content: 'one word after another '.repeat(200) }],
      options: { num_ctx: 256 },
      stream: false,
    };
    const refused = await post(server, '/api/chat', { ...body, truncate: false });
    assert.equal(refused.status, 400);
    assert.deepEqual(await refused.json(), { error: 'the input length exceeds the context length' });
    const cut = await json(post(server, '/api/chat', body));
    assert.ok(cut.prompt_eval_count <= 128);
    assert.equal(cut.done, true);
  });

  it('refuses an unknown model, tools and thinking as Ollama does', async () => {
    const missing = await post(server, '/api/chat', { model: 'nobody', messages: [QUESTION] });
    assert.equal(missing.status, 404);
    assert.deepEqual(await missing.json(), { error: "model 'nobody' not found" });
    const tools = await post(server, '/api/chat', {
      model: MODEL,
      messages: [QUESTION],
      tools: [{ type: 'function' }],
    });
    assert.equal(tools.status, 400);
    assert.match((await json(Promise.resolve(tools))).error, /does not support tools/);
    const thinking = await post(server, '/api/chat', { model: MODEL, messages: [QUESTION], think: true });
    assert.equal(thinking.status, 400);
    assert.match((await json(Promise.resolve(thinking))).error, /does not support thinking/);
  });

  it('answers many at once, one after another, though one of them went away', async () => {
    const gone = new AbortController();
    const left = fetch(`${server.url}/api/chat`, {
      method: 'POST',
      signal: gone.signal,
      body: JSON.stringify({ model: MODEL, messages: [QUESTION], options: { num_predict: -1 } }),
    });
    const others = Array.from({ length: 5 }, () =>
      post(server, '/api/chat', { model: MODEL, messages: [QUESTION], stream: false }),
    );
    gone.abort();
    await assert.rejects(left, { name: 'AbortError' });
    for (const other of others) assert.equal((await json(other)).done, true);
  });

  it('runs as a program that says its URL and ends with its parent', async () => {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('server.ts', import.meta.url)), '--port', '0', '--with-parent'],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    try {
      const [line] = await once(child.stdout, 'data');
      const { url } = JSON.parse(String(line));
      assert.equal(await (await fetch(url)).text(), 'Ollama is running');
      const exited = once(child, 'exit');
      child.stdin.end();
      assert.deepEqual(await exited, [0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('finds itself installed without asking anyone', async () => {
    await install();
  });
});
