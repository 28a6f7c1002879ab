import assert from 'node:assert/strict';
import { OpenAiRunner } from '../../src/runner/model/openai-compatible.ts';
import { Bench, describeModelRunner, failure, promptFolders, success } from '../contract/runner.ts';
import { type ScriptedServer, startScriptedServer, steps } from '../support/servers/scripted-server.ts';

const make = (
  server: ScriptedServer,
  options: { outputLimitBytes?: number; apiKey?: string } = {},
): OpenAiRunner =>
  new OpenAiRunner({
    name: 'openai',
    endpoint: { name: 'lmstudio', url: server.openaiUrl, maxConcurrent: 1 },
    model: 'scripted',
    promptFolders,
    template: 'auto',
    ...options,
  });

describeModelRunner({ name: 'openai', aliveRoute: 'GET /v1/models', make });

describe('an OpenAI-compatible server', () => {
  let bench: Bench;
  let server: ScriptedServer;

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    await server.close();
    await bench.remove();
  });

  it('gets the key, and Ollama’s name for the length of the answer in its own word', async () => {
    server = await startScriptedServer([steps.text('ok')]);
    const options = { set: { num_predict: 100, num_ctx: 8192, temperature: 0.2 } };
    success((await bench.run(make(server, { apiKey: 'secret' }), { options })).outcome);
    const { body, headers } = await server.chat(1);
    assert.equal(headers.authorization, 'Bearer secret');
    assert.equal(body.max_tokens, 100);
    assert.equal(body.temperature, 0.2);
    assert.equal('num_ctx' in body || 'num_predict' in body, false);
    assert.deepEqual(body.stream_options, { include_usage: true });
  });

  it('is told in its own words whether to think, and what is not sent is in the log', async () => {
    server = await startScriptedServer([steps.text('ok'), steps.text('ok'), steps.text('ok')]);
    const ask = (set: object, model?: string) =>
      bench.run(make(server), { options: { set: { ...set } } }, { model });
    const { log } = await ask({ think: false, num_ctx: 8192, repeat_penalty: 1.1 });
    const { body } = await server.chat(1);
    assert.deepEqual(body.chat_template_kwargs, { enable_thinking: false, thinking: false });
    assert.equal(body.reasoning_effort, 'none');
    assert.equal(body.repetition_penalty, 1.1);
    assert.equal('think' in body, false);
    assert.match(log, /Not sent, .*: num_ctx\./);
    await ask({ think: false }, 'openai/gpt-oss-20b');
    assert.equal((await server.chat(2)).body.reasoning_effort, 'low');
    assert.equal('chat_template_kwargs' in (await server.chat(2)).body, false);
    await ask({});
    assert.equal('reasoning_effort' in (await server.chat(3)).body, false);
  });

  it('that refuses a setting for thinking is asked without it, and the log says so', async () => {
    server = await startScriptedServer([
      error(400, "body.reasoning_effort: Input should be 'low', 'medium' or 'high'"),
      error(400, "Unknown parameter: 'chat_template_kwargs'"),
      steps.text('ok'),
    ]);
    const { output, log } = await bench.run(make(server), { options: { set: { think: false } } });
    assert.equal(output, 'ok');
    assert.match(log, /does not take reasoning_effort: it is asked without/);
    assert.match(log, /does not take chat_template_kwargs: whether it thinks is left to it/);
    assert.equal('chat_template_kwargs' in (await server.chat(2)).body, true);
    assert.equal('chat_template_kwargs' in (await server.chat(3)).body, false);
    await server.close();
    server = await startScriptedServer([error(422, 'Extra inputs are not permitted'), steps.text('ok')]);
    assert.equal((await bench.run(make(server), { options: { set: { think: true } } })).output, 'ok');
  });

  const error = (status: number, message: string) => ({ kind: 'error', status, message }) as const;

  it('that makes no grammar of a schema is asked without one, once', async () => {
    const refusal = error(400, 'Failed to initialize samplers: failed to parse grammar');
    server = await startScriptedServer([refusal, steps.text('{"id":"42"}')]);
    const options = { schema: { type: 'object' } };
    assert.equal((await bench.run(make(server), { options })).output, '{"id":"42"}');
    assert.equal('response_format' in (await server.chat(1)).body, true);
    assert.equal('response_format' in (await server.chat(2)).body, false);
    await server.close();
    server = await startScriptedServer([refusal, refusal, refusal]);
    failure((await bench.run(make(server), { options })).outcome);
    assert.equal(server.requests.filter(({ path }) => path.endsWith('/chat/completions')).length, 2);
  });

  it('whose model knows no system role gets the instructions in the first message', async () => {
    server = await startScriptedServer([
      error(500, 'Only user and assistant roles, got system.'),
      steps.text('ok'),
    ]);
    assert.equal((await bench.run(make(server))).output, 'ok');
    const [before, after] = [(await server.chat(1)).body.messages, (await server.chat(2)).body.messages];
    assert.deepEqual(
      after.map(({ role }: { role: string }) => role),
      ['user'],
    );
    assert.ok(after[0].content.includes(before[0].content));
  });

  it('is asked once: no client tries again behind our back', async () => {
    server = await startScriptedServer([steps.serverError()]);
    failure((await bench.run(make(server))).outcome);
    assert.equal(server.requests.filter(({ path }) => path.endsWith('/chat/completions')).length, 1);
  });

  it('need not have a list of models', async () => {
    const routes = { 'GET /v1/models': { kind: 'error', status: 404, message: 'not found' } } as const;
    server = await startScriptedServer({ steps: [steps.text('ok')], routes });
    assert.equal((await bench.run(make(server))).output, 'ok');
  });

  it('whose url lacks /v1 is told from one without the model', async () => {
    server = await startScriptedServer([steps.text('ok')]);
    const wrong = make({ ...server, openaiUrl: server.url });
    const failed = failure((await bench.run(wrong)).outcome);
    assert.equal(failed.error.code, 'usage');
    assert.match(failed.error.hint, /\/v1/);
  });
});
