/**
 * What every runner of a model promises, whatever its server does: one suite, run against each kind. The
 * server is scripted; the clients, the connection and the files are real.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, KoubouError } from '../../src/errors.ts';
import { localExecutor } from '../../src/executor/local.ts';
import type { Lease } from '../../src/process/lease.ts';
import type { RunContext, Runner, RunnerOutcome } from '../../src/runner/runner.ts';
import type { TaskFile } from '../../src/task/record.ts';
import { leastTokens } from '../../src/task/tokens.ts';
import { type Verification, verifyResult } from '../../src/verify/verify.ts';
import { taskFile } from '../support/builders.ts';
import { leaseFor } from '../support/lease.ts';
import { MEASURED, textOf } from '../support/prompt-texts.ts';
import {
  type RecordedRequest,
  type Script,
  type ScriptedServer,
  type ScriptedStep,
  type Step,
  startScriptedServer,
  steps,
} from '../support/servers/scripted-server.ts';

export const promptFolders = [new URL('../../templates/prompts', import.meta.url).pathname];

export const taskOf = (cwd: string, fields: Partial<TaskFile> = {}): TaskFile =>
  taskFile({ prompt: 'Say hello.', cwd, ...fields });

export interface Ran {
  outcome: RunnerOutcome;
  output: string;
  log: string;
  phases: string[];
  /** Bytes that progress was told of. */
  progress: number;
}

export interface Running {
  finished: Promise<Ran>;
  abort: AbortController;
  phases: string[];
  /** Resolves when something came from the run. */
  progressed: Promise<void>;
}

/** What a test says of a run itself; the rest of its lease is the bench's. */
type Over = Partial<Omit<RunContext, 'lease'>> & { lease?: Partial<Lease> };

/** A folder with the files of a run, as the worker prepares them. */
export class Bench {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), 'koubou-runner-')));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  get outputPath(): string {
    return join(this.folder, 'run-1.output');
  }

  get logPath(): string {
    return join(this.folder, 'run-1.log');
  }

  start(runner: Runner, fields: Partial<TaskFile> = {}, { lease, ...over }: Over = {}): Running {
    const abort = new AbortController();
    const phases: string[] = [];
    let progress = 0;
    const { promise: progressed, resolve } = Promise.withResolvers<void>();
    const context: RunContext = {
      lease: leaseFor({
        logPath: this.logPath,
        marker: `contract-${process.pid}/task.r1`,
        signal: abort.signal,
        progress: (amount) => {
          progress += amount;
          resolve();
        },
        ...lease,
      }),
      outputPath: this.outputPath,
      cwd: taskOf(this.folder, fields).cwd,
      statePath: join(this.folder, 'run-1.state'),
      resume: null,
      model: undefined,
      feedback: null,
      phase: (phase) => void phases.push(phase),
      requireLocal: async () => null,
      ...over,
    };
    const finished = (async (): Promise<Ran> => {
      await Promise.all([writeFile(this.outputPath, ''), writeFile(this.logPath, '')]);
      const outcome = await runner.run(taskOf(this.folder, fields), context);
      const [output, log] = await Promise.all([
        readFile(this.outputPath, 'utf8'),
        readFile(this.logPath, 'utf8'),
      ]);
      return { outcome, output, log, phases, progress };
    })();
    return { finished, abort, phases, progressed };
  }

  run(runner: Runner, fields: Partial<TaskFile> = {}, over: Over = {}): Promise<Ran> {
    return this.start(runner, fields, over).finished;
  }

  /** Runs and lets verify/ judge, as a worker does. */
  async judge(runner: Runner, fields: Partial<TaskFile> = {}): Promise<Verification> {
    const { outcome } = await this.run(runner, fields);
    if (!outcome.ok) return { ok: false, error: outcome.error, feedback: null };
    return verifyResult({
      task: taskOf(this.folder, fields),
      observed: outcome.observed,
      outputPath: this.outputPath,
      cwd: this.folder,
      changes: null,
      run: 1,
      executor: async () => localExecutor,
      environment: { PATH: process.env['PATH'] ?? '' },
      lease: leaseFor({ logPath: this.logPath, marker: `contract-${process.pid}/task.r1` }),
    });
  }
}

export const failure = (outcome: RunnerOutcome): Extract<RunnerOutcome, { ok: false }> => {
  assert.ok(!outcome.ok, 'the run should have failed');
  return outcome;
};

export const success = (outcome: RunnerOutcome): Extract<RunnerOutcome, { ok: true }> => {
  assert.ok(outcome.ok, outcome.ok ? '' : `${outcome.error.code}: ${outcome.error.message}`);
  return outcome;
};

export interface RunnerKind {
  name: string;
  /** The question by which the runner finds out whether the server lives. */
  aliveRoute: string;
  make(server: ScriptedServer, options?: { outputLimitBytes?: number }): Runner;
}

export const describeModelRunner = (kind: RunnerKind): void => {
  describe(`a runner of kind ${kind.name}`, () => {
    let bench: Bench;
    const servers: ScriptedServer[] = [];
    const printed: unknown[][] = [];
    const methods = ['log', 'warn', 'error', 'info', 'debug'] as const;
    const saved = methods.map((method) => console[method]);

    beforeEach(async () => {
      bench = await Bench.make();
      // The clients print on odd bodies; inside an MCP server that would be a broken protocol.
      for (const method of methods) console[method] = (...words: unknown[]) => void printed.push(words);
    });
    afterEach(async () => {
      for (const [index, method] of methods.entries()) console[method] = saved[index] as typeof console.log;
      await Promise.all(servers.splice(0).map((server) => server.close()));
      await bench.remove();
      assert.deepEqual(printed.splice(0), []);
    });

    const serve = async (script: Script | readonly ScriptedStep[]): Promise<ScriptedServer> => {
      const server = await startScriptedServer(script);
      servers.push(server);
      return server;
    };

    const ran = async (step: ScriptedStep, fields: Partial<TaskFile> = {}): Promise<Ran> =>
      bench.run(kind.make(await serve([step])), fields);

    const fails = async (
      step: ScriptedStep,
      code: ErrorCode,
    ): Promise<Extract<RunnerOutcome, { ok: false }>> => {
      const failed = failure((await ran(step)).outcome);
      assert.equal(failed.error.code, code, failed.error.message);
      return failed;
    };

    const verdict = async (step: ScriptedStep, fields: Partial<TaskFile> = {}): Promise<string> => {
      const verification = await bench.judge(kind.make(await serve([step])), fields);
      return verification.ok ? 'ok' : verification.error.code;
    };

    describe('with a good answer', () => {
      it('writes it to the output and the log, and says what it saw', async () => {
        const { outcome, output, log, phases, progress } = await ran(steps.text(['Hello', ', ', 'world.']));
        const { observed, usage, model } = success(outcome);
        assert.equal(output, 'Hello, world.');
        assert.equal(log, 'Hello, world.\n');
        assert.equal(progress, 13);
        assert.deepEqual(phases, ['loading', 'running']);
        assert.equal(model, 'scripted');
        const { prompt, ...counts } = usage ?? {};
        assert.deepEqual(counts, { input_tokens: 26, output_tokens: 3 });
        assert.equal(prompt?.counted, 26);
        assert.equal(prompt?.least, observed.leastTokens);
        assert.equal(prompt?.without_cache, false);
        assert.equal(observed.terminal, true);
        assert.equal(observed.end?.kind, 'whole');
        assert.equal(observed.thinking, null);
        assert.ok((observed.promptBytes ?? 0) > 'Say hello.'.length);
      });

      it('streams it: each part is in the files before the next one comes', async () => {
        const gate = Promise.withResolvers<void>();
        const runner = kind.make(
          await serve([steps.gated(['one ', 'two'], [Promise.resolve(), gate.promise])]),
        );
        const running = bench.start(runner);
        await running.progressed;
        while ((await readFile(bench.outputPath, 'utf8')) !== 'one ') await new Promise(setImmediate);
        gate.resolve();
        assert.equal((await running.finished).output, 'two'.padStart(7, 'one '));
      });

      it('keeps Japanese whole, character by character', async () => {
        const text = '工房で働くモデルは、日本語も書きます。🍵';
        assert.equal((await ran(steps.text(Array.from(text)))).output, text);
        assert.equal(await verdict(steps.text(text), { prompt: 'こんにちは。'.repeat(20) }), 'ok');
      });

      it('keeps thoughts out of the output', async () => {
        const { outcome, output, log } = await ran(
          steps.text('The answer.', { thinking: ['Hm', ', well.'] }),
        );
        assert.equal(output, 'The answer.');
        assert.equal(log, '[thinking]\nHm, well.\n[answer]\nThe answer.\n');
        assert.equal(success(outcome).observed.thinking, 'Hm, well.');
      });

      it('keeps thoughts in tags out of the output', async () => {
        const { outcome, output } = await ran(
          steps.text(Array.from('<think>\nHm.\n</think>\n\nThe answer.')),
        );
        assert.equal(output, 'The answer.');
        assert.match(success(outcome).observed.thinking ?? '', /Hm\./);
      });

      it('keeps thoughts without a begin tag out of the output, and in the log', async () => {
        const { outcome, output, log } = await ran(
          steps.text(['The user wants a sum.\n</th', 'ink>\n\nFour.']),
        );
        assert.equal(output, 'Four.');
        assert.match(success(outcome).observed.thinking ?? '', /wants a sum/);
        assert.match(log, /wants a sum[\s\S]*are thoughts[\s\S]*\[answer\]\nFour\./);
      });

      it('keeps the channels of Harmony apart', async () => {
        const text =
          '<|channel|>analysis<|message|>Sum.<|end|><|start|>assistant<|channel|>final<|message|>Four.';
        const { outcome, output } = await ran(steps.text(Array.from(text)));
        assert.equal(output, 'Four.');
        assert.equal(success(outcome).observed.thinking, 'Sum.');
      });

      it('joins a letter that came in two pieces', async () => {
        assert.equal((await ran(steps.text(['Done \ud83d', '\ude00!']))).output, 'Done 😀!');
      });

      it('leaves tags alone that are part of the answer', async () => {
        assert.equal((await ran(steps.text('Use <think> tags.'))).output, 'Use <think> tags.');
        assert.equal((await ran(steps.text('<thing>'))).output, '<thing>');
      });

      it('may come twice for one prompt, the second time without a count of its tokens', async () => {
        const runner = kind.make(
          await serve([steps.text('One.'), steps.text('Two.', { promptTokens: null })]),
        );
        const prompt = 'a long prompt '.repeat(500);
        success((await bench.run(runner, { prompt })).outcome);
        assert.deepEqual(await bench.judge(runner, { prompt }), { ok: true, evidence: null });
      });

      it('sends the prompt, the files and what was wrong before', async () => {
        const server = await serve([steps.text('ok')]);
        await writeFile(join(bench.folder, 'a.md'), 'content of a\n');
        const fields = { files: [{ path: 'a.md', sha256: null }], context: { tone: 'kind' } };
        await bench.run(kind.make(server), fields, { feedback: 'line 3 is wrong' });
        const { messages } = (await server.chat(1)).body;
        assert.deepEqual(
          messages.map(({ role }: { role: string }) => role),
          ['system', 'user'],
        );
        for (const part of [
          'Say hello.',
          '<file name="a.md">\ncontent of a\n</file>',
          '"tone": "kind"',
          'line 3 is wrong',
        ]) {
          assert.ok(messages[1].content.includes(part), part);
        }
      });

      it('uses the model that it is told to use', async () => {
        const server = await serve([steps.text('ok')]);
        const { outcome } = await bench.run(kind.make(server), {}, { model: 'other:7b' });
        assert.equal((await server.chat(1)).body.model, 'other:7b');
        assert.equal(success(outcome).model, 'other:7b');
      });
    });

    describe('with an answer that is none', () => {
      it('empty', async () => assert.equal(await verdict(steps.empty()), 'empty_output'));
      it('thoughts only', async () => assert.equal(await verdict(steps.thinkingOnly()), 'empty_output'));
      it('thoughts only, in tags', async () =>
        assert.equal(await verdict(steps.text('<think>Hm.</think>\n')), 'empty_output'));
      it('a tool call as text', async () => {
        assert.equal(await verdict(steps.toolCallAsText()), 'tool_call_as_text');
        assert.equal(await verdict(steps.toolCallAsText(true)), 'tool_call_as_text');
      });
      it('cut by length', async () => assert.equal(await verdict(steps.cutByLength()), 'output_truncated'));
      it('from a part of the prompt', async () => {
        const prompt = 'Many words that the server does not read. '.repeat(500);
        assert.equal(await verdict(steps.text('ok', { promptTokens: 1000 }), { prompt }), 'prompt_truncated');
        assert.equal(await verdict(steps.text('ok', { promptTokens: 5000 }), { prompt }), 'ok');
        assert.equal(await verdict(steps.text('ok', { promptTokens: 0 }), { prompt }), 'ok');
      });
      for (const text of ['prose', 'code', 'japanese', 'chinese', 'table'] as const) {
        it(`from half of a prompt of ${text}`, async () => {
          const prompt = textOf(text);
          const [promptTokens] = MEASURED[text];
          const half = Math.round(promptTokens / 2);
          assert.equal(
            await verdict(steps.text('ok', { promptTokens: half }), { prompt }),
            'prompt_truncated',
          );
          assert.equal(await verdict(steps.text('ok', { promptTokens }), { prompt }), 'ok');
        });
      }
      for (const [at, text] of [
        [3, 'korean'],
        [3, 'chinese'],
        [1, 'russian'],
        [3, 'table'],
      ] as const) {
        it(`from half of a prompt of ${text}, with an old tokenizer that nobody knows`, async () => {
          const prompt = textOf(text);
          const whole = MEASURED[text][at];
          const perLeast = whole / leastTokens(prompt);
          // It reads half of what is too long for it, and counts the sample as it is.
          const server =
            (part: number) =>
            (request: RecordedRequest): Step => {
              const sent: string = request.body.messages
                .map(({ content }: { content: string }) => content)
                .join('');
              const counted = leastTokens(sent) * perLeast * (sent.length > 5000 ? part : 1);
              return steps.text('ok', { promptTokens: Math.round(counted) });
            };
          assert.equal(await verdict(server(0.5), { prompt }), 'prompt_truncated');
          assert.equal(await verdict(server(1), { prompt }), 'ok');
        });
      }
      it('without end', async () => {
        const runner = kind.make(await serve([steps.endless('and on '.repeat(100))]), {
          outputLimitBytes: 300_000,
        });
        const { outcome, output } = await bench.run(runner);
        assert.equal(failure(outcome).error.code, 'output_truncated');
        assert.ok(output.length > 200_000 && output.length <= 300_000);
      });
    });

    describe('with a server that refuses', () => {
      it('an unknown model, with what to do', async () => {
        const failed = await fails(steps.modelNotFound(), 'model_not_found');
        assert.match(failed.error.message, /scripted/);
        assert.notEqual(failed.error.hint, '');
      });
      it('what the model cannot do', async () => void (await fails(steps.noTools(), 'model_lacks_tools')));
      it('a prompt that is too long', async () =>
        void (await fails(steps.contextOverflow(), 'context_overflow')));
      it('because it is busy, with the wait it asks for', async () => {
        assert.equal((await fails(steps.busy(), 'endpoint_busy')).retryAfter, null);
        assert.equal((await fails(steps.busy('7'), 'endpoint_busy')).retryAfter, 7);
        assert.equal((await fails(steps.tooManyRequests('2.5'), 'endpoint_busy')).retryAfter, 2.5);
      });
      it('until a date', async () => {
        const date = new Date(Date.now() + 60_000).toUTCString();
        const { retryAfter } = await fails(steps.busy(date), 'endpoint_busy');
        assert.ok(retryAfter !== null && retryAfter > 50 && retryAfter <= 60);
      });
      it('by a failure of its own, which costs an attempt', async () => {
        const failed = await fails(steps.serverError(), 'runner_unavailable');
        assert.equal(failed.charged, true);
        assert.match(failed.error.message, /llama runner process has terminated/);
      });
      it('a request it does not like', async () => {
        const step = { kind: 'error', status: 400, message: 'invalid temperature' } as const;
        assert.match((await fails(step, 'usage')).error.message, /invalid temperature/);
      });
      it('a key', async () => {
        await fails({ kind: 'error', status: 401, message: 'unauthorized' }, 'needs_input');
      });
      it('without a word', async () => {
        assert.match(
          (await fails({ kind: 'error', status: 500, message: '' }, 'runner_unavailable')).error.message,
          /HTTP 500/,
        );
      });
    });

    describe('with a stream that goes wrong', () => {
      const charged = async (step: ScriptedStep, words: RegExp): Promise<void> => {
        const failed = await fails(step, 'runner_unavailable');
        assert.equal(failed.charged, true);
        assert.match(failed.error.message, words);
        assert.notEqual(failed.error.hint, '');
      };
      it('an error in it', () => charged(steps.errorInStream(), /llama runner process has terminated/));
      it('its end without the last word', () =>
        charged(steps.withoutDone(), /ended the stream in the middle/));
      it('a cut connection', () => charged(steps.cutInStream(), /closed the connection in the middle/));
      it('something that is not JSON', () => charged(steps.invalidLine(), /not JSON/));
      it('keeps what had come', async () => {
        const read = Promise.withResolvers<void>();
        const half = async function* (): AsyncGenerator<string> {
          yield 'Half of';
          await read.promise;
        };
        const running = bench.start(kind.make(await serve([steps.cutInStream(half())])));
        await running.progressed;
        read.resolve();
        assert.equal((await running.finished).output, 'Half of');
      });
      it('a server that crashes', async () => {
        const server = await serve([steps.silenceInStream('Half')]);
        const running = bench.start(kind.make(server));
        await running.progressed;
        await server.kill();
        const failed = failure((await running.finished).outcome);
        assert.equal(failed.error.code, 'runner_unavailable');
        assert.equal(failed.charged, true);
      });
      it('an odd content type is no reason to fail', async () => {
        assert.equal((await ran(steps.oddContentType())).output, 'The answer');
      });
    });

    describe('with silence', () => {
      it('before the first byte: it says that it waits, and ends when told to', async () => {
        const server = await serve([steps.silence()]);
        const running = bench.start(kind.make(server));
        const request = await server.chat(1);
        assert.deepEqual(running.phases, ['loading']);
        running.abort.abort(new KoubouError('stalled', 'Nothing came for 300 s.'));
        const failed = failure((await running.finished).outcome);
        assert.equal(failed.error.code, 'stalled');
        assert.equal(await request.ended, 'aborted');
      });
      it('in the stream: it ends when told to, with what had come', async () => {
        const server = await serve([steps.silenceInStream('Half')]);
        const running = bench.start(kind.make(server));
        await running.progressed;
        running.abort.abort();
        const { outcome, phases } = await running.finished;
        assert.equal(failure(outcome).error.code, 'cancelled');
        assert.deepEqual(phases, ['loading', 'running']);
        assert.equal(await (await server.chat(1)).ended, 'aborted');
      });
      it('before anything was asked: it does not begin', async () => {
        const server = await serve([steps.text('ok')]);
        const { outcome } = await bench.run(
          kind.make(server),
          {},
          { lease: { signal: AbortSignal.abort() } },
        );
        assert.equal(failure(outcome).error.code, 'cancelled');
        assert.deepEqual(server.requests, []);
      });
      it('of the whole server: it gives up within 3 s and costs no attempt', async () => {
        const server = await serve({
          steps: [steps.text('ok')],
          routes: { [kind.aliveRoute]: steps.silence() },
        });
        const failed = failure((await bench.run(kind.make(server))).outcome);
        assert.equal(failed.error.code, 'runner_unavailable');
        assert.match(failed.error.message, /said nothing for 3 s/);
        assert.equal(failed.charged, null);
      });
    });

    describe('with a server that is down', () => {
      it('says so at once, and costs no attempt', async () => {
        const server = await serve([steps.text('ok')]);
        await server.kill();
        const failed = failure((await bench.run(kind.make(server))).outcome);
        assert.equal(failed.error.code, 'runner_unavailable');
        assert.equal(failed.charged, null);
        assert.match(failed.error.message, /nothing listens there/);
      });
      it('works again when it is back', async () => {
        const server = await serve([steps.text('ok')]);
        const runner = kind.make(server);
        await server.kill();
        failure((await bench.run(runner)).outcome);
        await server.restart();
        assert.equal((await bench.run(runner)).output, 'ok');
      });
    });

    describe('asked for its health', () => {
      it('says what it would use', async () => {
        const health = await kind.make(await serve([steps.text('ok')])).check();
        assert.equal(health.ok, true, health.message);
        assert.match(health.message, /scripted/);
      });
      it('says that the server is down', async () => {
        const server = await serve([steps.text('ok')]);
        await server.kill();
        const health = await kind.make(server).check();
        assert.equal(health.ok, false);
        assert.equal(health.error?.code, 'runner_unavailable');
      });
    });

    describe('with files it cannot send', () => {
      const refused = async (fields: Partial<TaskFile>, code: ErrorCode, words: RegExp): Promise<void> => {
        const server = await serve([steps.text('ok')]);
        const failed = failure((await bench.run(kind.make(server), fields)).outcome);
        assert.equal(failed.error.code, code);
        assert.match(failed.error.message, words);
        assert.deepEqual(server.requests, []);
      };
      it('a missing one', () =>
        refused({ files: [{ path: 'gone.md', sha256: null }] }, 'conflict', /gone\.md does not exist/));
      it('a binary', async () => {
        await writeFile(join(bench.folder, 'a.bin'), Buffer.from([0x50, 0x4b, 0x03, 0x04, 0x00, 0x00]));
        await refused({ files: [{ path: 'a.bin', sha256: null }] }, 'usage', /not UTF-8 text/);
      });
      it('a template that does not exist', () =>
        refused({ options: { template: 'nonsense' } }, 'usage', /no template "nonsense"/));
    });

    it('asks for JSON that fits the schema', async () => {
      const schema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
      const server = await serve([steps.text('{"n": 1}')]);
      const verification = await bench.judge(kind.make(server), { options: { schema } });
      assert.deepEqual(verification, { ok: true, evidence: 'schema' });
      const { body } = await server.chat(1);
      assert.deepEqual(body.format ?? body.response_format.json_schema.schema, schema);
      assert.equal(await verdict(steps.text('no JSON'), { options: { schema } }), 'schema_invalid');
    });
  });
};
