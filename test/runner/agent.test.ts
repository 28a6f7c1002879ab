import assert from 'node:assert/strict';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, KoubouError } from '../../src/errors.ts';
import { startTimeOf } from '../../src/process/liveness.ts';
import { AgentRunner } from '../../src/runner/agent/agent.ts';
import { type AgentEntry, type AgentOptions } from '../../src/runner/agent/entry.ts';
import type { RunContext } from '../../src/runner/runner.ts';
import type { TaskFile } from '../../src/task/record.ts';
import { Bench, failure, promptFolders, type Ran, success } from '../contract/runner.ts';
import { type ScriptedServer, startScriptedServer, steps } from '../support/servers/scripted-server.ts';
import { until } from '../support/until.ts';

describe('an agent CLI', () => {
  let bench: Bench;
  let server: ScriptedServer;

  before(async () => {
    server = await startScriptedServer([steps.text('ok')]);
  });
  after(() => server.close());
  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(() => bench.remove());

  const endpoint = (): NonNullable<AgentOptions['endpoint']> => ({
    name: 'here',
    kind: 'ollama',
    url: server.url,
    maxConcurrent: 1,
  });

  /** An agent that is a shell script. */
  const agent = (
    script: string,
    entry: Partial<AgentEntry> = {},
    over: Partial<AgentOptions> = {},
  ): AgentRunner => {
    const bin = join(bench.folder, 'agent-cli');
    writeFileSync(bin, `#!/bin/sh\n${script}\n`);
    chmodSync(bin, 0o755);
    return new AgentRunner({
      name: 'mine',
      entry: {
        bin,
        args: [],
        env: {},
        stdin: 'prompt',
        output: { stdout: true },
        success: {},
        stop_signal: 'SIGTERM',
        ...entry,
      },
      endpoint: null,
      model: null,
      environment: { PATH: process.env['PATH'] ?? '' },
      promptFolders,
      template: 'auto',
      ...over,
    });
  };

  const ran = (
    script: string,
    entry: Partial<AgentEntry> = {},
    fields: Partial<TaskFile> = {},
  ): Promise<Ran> => bench.run(agent(script, entry), fields);

  const fails = async (script: string, code: ErrorCode, words: RegExp, entry: Partial<AgentEntry> = {}) => {
    const { error } = failure((await ran(script, entry)).outcome);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    assert.notEqual(error.hint, '');
  };

  const prints = (...lines: unknown[]): string =>
    `cat <<'END'\n${lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')}\nEND`;

  describe('is started', () => {
    it('with the prompt on its standard input, and in its words where they ask for a file', async () => {
      const { output } = await ran(
        'cat; echo ---; cat "$1"',
        { args: ['{prompt_file}'] },
        { prompt: 'Mend it.' },
      );
      const [first, second] = output.split('---\n');
      assert.match(first ?? '', /with your tools[^]*Mend it\.\n$/);
      assert.equal(first, second);
    });

    it('with nothing on its standard input where it wants none', async () => {
      assert.equal((await ran('cat; echo end', { stdin: 'none' })).output, 'end\n');
    });

    it('in the working folder, with an environment of its own, filled in', async () => {
      const runner = agent(
        'pwd; env | sort; echo "$@"',
        {
          args: ['--model', '{model}', '{{literal}'],
          env: {
            BASE: '{base_url}',
            ROOT: '{server_url}',
            STATE: '{state}/x',
            CONF: { '{model}': ['{api_key}', 1] },
          },
        },
        {
          endpoint: endpoint(),
          model: 'a"b',
          apiKey: 'k',
          environment: { PATH: process.env['PATH'] ?? '', GIVEN: 'yes' },
        },
      );
      const { output, outcome } = await bench.run(runner);
      const lines = output.trim().split('\n');
      assert.equal(lines[0], bench.folder);
      assert.equal(lines.at(-1), '--model a"b {literal}');
      const root = lines.find((line) => line.startsWith('ROOT='))?.slice(5) ?? '';
      assert.match(root, /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.notEqual(root, server.url);
      assert.ok(
        lines.some((line) => /^CONF=\{"a\\"b":\["[0-9a-f]{32}",1\]\}$/.test(line)),
        output,
      );
      for (const line of [
        `BASE=${root}/v1`,
        `STATE=${bench.folder}/run-1.state/x`,
        'GIVEN=yes',
        `KOUBOU_RUN=contract-${process.pid}/task.r1`,
      ]) {
        assert.ok(lines.includes(line), line);
      }
      assert.ok(!lines.some((line) => line.startsWith('HOME=')));
      const { model, endpoint: name } = success(outcome);
      assert.deepEqual([model, name], ['a"b', 'here']);
    });

    it('with the model that the task names', async () => {
      const runner = agent('echo "$1"', { args: ['{model}'] }, { model: 'small' });
      const { output } = await bench.run(runner, {}, { model: 'bigger' });
      assert.equal(output, 'bigger\n');
    });

    it('and is told of as soon as it started', async () => {
      let pid = 0;
      const { output } = await bench.run(
        agent('echo $$'),
        {},
        {
          requireLocal: async () => null,
          lease: {
            recordChild: async (child) => {
              pid = child.pid;
            },
          },
        },
      );
      assert.equal(pid, Number(output));
    });

    it('not at all for a task that another worker has by now', async () => {
      const assertOwned = async (): Promise<void> => {
        throw new KoubouError('worker_lost', 'It is theirs.');
      };
      const { outcome, output } = await bench.run(agent('echo started'), {}, { lease: { assertOwned } });
      assert.equal(failure(outcome).error.code, 'worker_lost');
      assert.equal(output, '');
    });

    it('with what was wrong before', async () => {
      const { output } = await bench.run(agent('cat'), {}, { feedback: 'line 3 is wrong' });
      assert.match(output, /line 3 is wrong/);
    });

    it('not at all where it does not exist', () =>
      fails('', 'no_program', /no program "no-such-agent"/, { bin: 'no-such-agent' }));

    it('not at all for a conversation that it cannot go on with', async () => {
      const resume = { session: 's', statePath: bench.folder };
      const { error } = failure((await bench.run(agent('echo no'), {}, { resume })).outcome);
      assert.equal(error.code, 'usage');
    });

    it('not at all for a task that must stay here: nobody holds it to that', async () => {
      const held: Partial<RunContext> = {
        requireLocal: () => {
          throw new KoubouError('not_local', 'It must stay here.');
        },
      };
      const runner = agent('echo ran', {}, { endpoint: endpoint() });
      const { outcome, log } = await bench.run(runner, {}, held);
      assert.deepEqual([failure(outcome).error.code, log, runner.staysLocal], ['not_local', '', false]);
    });
  });

  describe('answers', () => {
    it('with all it prints', async () => {
      const { output, log, outcome, progress } = await ran('echo one; echo careful >&2; echo two');
      assert.equal(output, 'one\ntwo\n');
      assert.deepEqual(log.trim().split('\n').sort(), ['careful', 'one', 'two']);
      assert.equal(success(outcome).observed.terminal, true);
      assert.equal(progress, log.length);
    });

    it('with its last line', async () => {
      assert.equal(
        (await ran('echo one; echo "the answer"; echo', { output: { last_line: true } })).output,
        'the answer',
      );
    });

    it('with a value in a JSON document, after words of another kind', async () => {
      const entry = { output: { json: 'a.result' }, usage: { input: 'u.in', output: 'u.out' } };
      const script = prints('careful: a new version is there', {
        a: { result: '工房' },
        u: { in: 7, out: 2 },
      });
      const { output, outcome, log } = await ran(script, entry);
      assert.equal(output, '工房');
      assert.deepEqual(success(outcome).usage, { input_tokens: 7, output_tokens: 2 });
      assert.match(log, /"result":"工房"/);
    });

    const lines = {
      output: { jsonl: { event: { type: 'text' }, path: 'part.text' } },
      ends_with: { type: 'finish', 'part.reason': 'stop' },
      failure: { event: { type: 'error' }, path: 'error.message' },
      usage: { event: { type: 'finish' }, input: 'part.in', output: 'part.out' },
    };
    const said = (text: string): unknown => ({ type: 'text', part: { text } });
    const finish = (reason: string): unknown => ({ type: 'finish', part: { reason, in: 5, out: 1 } });

    it('with the last of the events that hold text, and the sum of what they used', async () => {
      const script = prints(said('Let me see.'), finish('tool'), 'noise', said('Done.'), finish('stop'));
      const { output, outcome } = await ran(script, lines);
      assert.equal(output, 'Done.');
      assert.deepEqual(success(outcome).usage, { input_tokens: 10, output_tokens: 2 });
      assert.equal(success(outcome).observed.terminal, true);
    });

    it('without its last event: it does not count as whole', async () => {
      const { outcome } = await ran(prints(said('Done.'), finish('length')), lines);
      assert.equal(success(outcome).observed.terminal, false);
      const verification = await bench.judge(agent(prints(said('Done.')), lines));
      assert.equal(verification.ok ? 'ok' : verification.error.code, 'output_truncated');
    });

    it('with an event of failure', () =>
      fails(
        prints({ type: 'error', error: { message: 'no such model' } }),
        'exit_nonzero',
        /failed: no such model/,
        lines,
      ));

    it('with a file', async () => {
      const { output, log } = await ran('echo talk; printf "the file" > "$1"', {
        args: ['{output_file}'],
        output: { file: true },
      });
      assert.deepEqual([output, log], ['the file', 'talk\n']);
    });

    it('and leaves no second copy of what it printed', async () => {
      await ran(prints({ result: 'x' }), { output: { json: 'result' } });
      assert.deepEqual(readdirSync(join(bench.folder, 'run-1.state')), ['prompt.md']);
    });
  });

  describe('fails', () => {
    const json = {
      output: { json: 'result' },
      success: { is_error: false, denials: { is: [], code: 'needs_input' } },
    };

    it('with its exit code and its last words', () =>
      fails('seq 1 30 >&2; exit 3', 'exit_nonzero', /exit code 3:\n21\n/));
    it('with the signal that ended it', () =>
      fails('kill -SEGV $$', 'exit_nonzero', /was killed by SIGSEGV/));
    it('with nothing', () => fails('exit 0', 'empty_output', /answered with nothing/));
    it('with nothing where lines are wanted', () =>
      fails('', 'empty_output', /nothing/, { output: { last_line: true } }));
    it('with nothing in the document', () =>
      fails(prints({ result: '', is_error: false, denials: [] }), 'empty_output', /nothing/, json));
    it('with nothing in the file', () =>
      fails('echo talk', 'empty_output', /nothing/, { output: { file: true } }));
    it('with a document that says so, though it exits with 0', () =>
      fails(
        prints({ result: 'API Error: 500', is_error: true }),
        'exit_nonzero',
        /is_error: true[^]*API Error: 500/,
        json,
      ));
    it('with a document that says so and its exit code', () =>
      fails(
        `${prints({ result: 'API Error: 500', is_error: true })}\nexit 1`,
        'exit_nonzero',
        /exit code 1:\nAPI Error: 500/,
        json,
      ));
    it('with what it was not allowed to do', () =>
      fails(
        prints({ result: 'Done.', is_error: false, denials: [{ tool: 'Bash' }] }),
        'needs_input',
        /denials: \[\{"tool":"Bash"/,
        json,
      ));
    it('with what is not JSON', () => fails('echo Hello', 'usage', /is not a JSON document/, json));
    it('with what is not lines of JSON', () =>
      fails('echo Hello', 'usage', /is not lines of JSON/, {
        output: { jsonl: { event: { type: 'x' }, path: 'y' } },
      }));
    it('with a document of another form', () =>
      fails(prints({ answer: 'x', is_error: false, denials: [] }), 'usage', /has nothing at result/, json));
    it('for want of a login', () =>
      fails('echo "Not logged in. Please run /login" >&2; exit 1', 'needs_input', /login/));
    it('for want of a terminal', () => fails('echo "stdin is not a TTY" >&2; exit 1', 'needs_input', /TTY/));
    it('when it says on its errors that it wants a login, and waits', () =>
      fails(
        'echo "Not logged in: open http://x" >&2; exec sleep 600',
        'needs_input',
        /waits for a person: Not/,
      ));
    it('when it asks something and waits', async () => {
      const pidFile = join(bench.folder, 'pid');
      const script = `echo $$ > ${pidFile}; printf 'Do you trust the files in this folder? [y/N] '; exec sleep 600`;
      await fails(script, 'needs_input', /waits for a person: Do you trust/);
      assert.equal(startTimeOf(Number(await readFile(pidFile, 'utf8'))), null);
    });
  });

  describe('is stopped', () => {
    const pids = async (count: number): Promise<number[]> =>
      until(async () => {
        const lines = (await readFile(bench.outputPath, 'utf8').catch(() => '')).trim().split('\n');
        return lines.length >= count && lines.every((line) => line !== '') && lines.map(Number);
      }, 'the pids');

    it('with what it started in the background, sessions of their own included', async () => {
      const running = bench.start(agent('setsid sleep 600 & echo $!; sleep 600 & echo $!; wait'));
      const started = await pids(2);
      running.abort.abort(new KoubouError('timeout', 'It took longer than 600 s.'));
      assert.equal(failure((await running.finished).outcome).error.code, 'timeout');
      assert.deepEqual(
        started.filter((pid) => startTimeOf(pid) !== null),
        [],
      );
    });

    it('by the signal that its entry names', async () => {
      const script = 'trap "echo asked >&2; exit 0" INT; echo $$; while :; do sleep 0.05; done';
      const running = bench.start(agent(script, { stop_signal: 'SIGINT' }));
      await pids(1);
      running.abort.abort();
      const { outcome, log } = await running.finished;
      assert.equal(failure(outcome).error.code, 'cancelled');
      assert.match(log, /asked/);
    });

    it('in what it left behind when it ended', async () => {
      const { outcome, output } = await ran('setsid sleep 600 >/dev/null 2>&1 & echo $!');
      success(outcome);
      assert.equal(startTimeOf(Number(output)), null);
    });
  });

  it('costs no memory for what it prints', async () => {
    const printed = 200_000_000;
    const before = process.memoryUsage.rss();
    const script = `yes ${'word '.repeat(200)} | head -c ${printed}; echo; echo "the answer"`;
    const log = join(bench.folder, 'big.log');
    const { output } = await bench.run(
      agent(script, { output: { last_line: true } }),
      {},
      { lease: { logPath: log } },
    );
    assert.equal(output, 'the answer');
    // Below that it is what waits for the garbage collector, which depends on what ran in this process before.
    assert.ok(process.memoryUsage.rss() - before < (2 / 3) * printed);
  });

  describe('whose server', () => {
    it('is down is not started, and costs no attempt', async () => {
      const url = 'http://127.0.0.1:1';
      const runner = agent('echo ran', {}, { endpoint: { ...endpoint(), url } });
      const failed = failure((await bench.run(runner)).outcome);
      assert.deepEqual([failed.error.code, failed.charged], ['runner_unavailable', null]);
      const health = await runner.check();
      assert.equal(health.error?.code, 'runner_unavailable');
    });

    it('says nothing is given up within 3 s', async () => {
      const quiet = await startScriptedServer({
        steps: [steps.text('ok')],
        routes: { 'GET /api/version': steps.silence() },
      });
      try {
        const runner = agent('echo ran', {}, { endpoint: { ...endpoint(), url: quiet.url } });
        const { error } = failure((await bench.run(runner)).outcome);
        assert.equal(error.code, 'runner_unavailable');
        assert.match(error.message, /said nothing for 3 s/);
      } finally {
        await quiet.close();
      }
    });

    it('answers is named with the program and its claim', async () => {
      const health = await agent('', { sandbox: 'none' }, { endpoint: endpoint(), model: 'm' }).check();
      assert.equal(health.ok, true, health.message);
      assert.match(health.message, /agent-cli with m at http.*; (not )?in a sandbox; its own sandbox: none/);
    });
  });

  it('that is not there is no good health', async () => {
    const health = await agent('', { bin: 'no-such-agent' }).check();
    assert.deepEqual([health.ok, health.error?.code], [false, 'no_program']);
  });
});
