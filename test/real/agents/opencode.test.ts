/** The real opencode against a scripted server of chat completions, through the runner `agent` as it is shipped. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../../src/errors.ts';
import { Bench, failure, success } from '../../contract/runner.ts';
import { type ChatServer, type ChatStep, startChatServer } from '../../support/servers/chat-server.ts';
import { until } from '../../support/until.ts';
import { agentsInstalled, opencodeProgram } from './install.ts';
import { shippedRunner } from './shipped-runner.ts';
import { traced } from './traced.ts';

describe('the real opencode', function () {
  this.timeout(60_000);
  let bench: Bench;
  let server: ChatServer | undefined;

  before(function () {
    if (!agentsInstalled()) this.skip();
  });
  beforeEach(async () => {
    bench = await Bench.make();
    mkdirSync(join(bench.folder, 'work'));
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    await bench.remove();
  });

  const serve = async (...steps: ChatStep[]): Promise<string> => {
    server = await startChatServer(steps);
    return server.url;
  };
  const runner = (url: string) =>
    shippedRunner({ name: 'opencode', bin: opencodeProgram, url, kind: 'openai', home: bench.folder });
  const cwd = (): string => join(bench.folder, 'work');
  const writes = (path: string): ChatStep => ({
    kind: 'tool',
    name: 'write',
    input: { filePath: path, content: 'hello\n' },
  });
  const text = (said: string): ChatStep => ({ kind: 'text', text: said });

  it('writes a file into the folder, and says so', async () => {
    const file = join(cwd(), 'hello.txt');
    const url = await serve(writes(file), text('Wrote hello.txt.'));
    const { outcome, output } = await bench.run(runner(url), {
      prompt: 'Write hello.txt, 工房.',
      cwd: cwd(),
    });
    const { usage, observed, model } = success(outcome);
    assert.equal(readFileSync(file, 'utf8'), 'hello\n');
    assert.equal(output, 'Wrote hello.txt.');
    assert.equal(observed.terminal, true);
    assert.deepEqual(usage, { input_tokens: 22, output_tokens: 6 });
    assert.equal(model, 'scripted');
    assert.match(JSON.stringify(server?.requests[0]?.body.messages), /Write hello\.txt, 工房\./);
  });

  it('may not write into the home, and that is in the log', async () => {
    const path = join(cwd(), '.koubou', 'pending.json');
    const url = await serve(writes(path), text('Done.'));
    const { log } = await bench.run(runner(url), { cwd: cwd() });
    assert.ok(!existsSync(path));
    assert.match(log, /prevents you from using this specific tool call/);
  });

  it('connects to nothing beyond this machine', async function () {
    const trace = await traced(opencodeProgram, cwd());
    if (trace === undefined) return this.skip();
    const url = await serve(
      { kind: 'tool', name: 'bash', input: { command: 'ls', description: 'List' } },
      text('Done.'),
    );
    const shipped = { name: 'opencode', bin: trace.bin, url, kind: 'openai', home: bench.folder } as const;
    success((await bench.run(shippedRunner(shipped), { cwd: cwd() })).outcome);
    assert.deepEqual(trace.beyond(), []);
    assert.ok(trace.count() > 0);
  });

  const fails = async (url: string, code: ErrorCode, words: RegExp): Promise<void> => {
    const { error } = failure((await bench.run(runner(url), { cwd: cwd() })).outcome);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
  };

  it('fails when its server refuses', async () =>
    fails(
      await serve({ kind: 'error', status: 400, message: 'no tools here' }),
      'exit_nonzero',
      /no tools here/,
    ));

  it('fails when it says nothing', async () =>
    fails(await serve(text('')), 'empty_output', /answered with nothing/));

  it('is not started when its server is down', async () => {
    await fails('http://127.0.0.1:1/v1', 'runner_unavailable', /nothing listens there/);
  });

  it('is stopped when it waits for its server', async () => {
    const url = await serve({ kind: 'silence' });
    const running = bench.start(runner(url), { cwd: cwd() });
    await until(() => server?.requests.length !== 0, 'a request', 50_000);
    running.abort.abort();
    assert.equal(failure((await running.finished).outcome).error.code, 'cancelled');
  });
});
