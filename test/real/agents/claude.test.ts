/** The real Claude Code against a scripted server: as a worker through the runner `agent`, and as the one who delegates. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../../src/errors.ts';
import { Bench, failure, success } from '../../contract/runner.ts';
import { bubblewrap, pathWith } from '../../support/koubou/bubblewrap.ts';
import { builtKoubou } from '../../support/koubou/built.ts';
import {
  type MessagesServer,
  type MessagesStep,
  startMessagesServer,
} from '../../support/servers/messages-server.ts';
import { Project } from '../../support/koubou/project.ts';
import { stateHome } from '../../support/state.ts';
import { until } from '../../support/until.ts';
import { agentsInstalled, claudeProgram } from './install.ts';
import { shippedRunner } from './shipped-runner.ts';
import { traced } from './traced.ts';

const text = (said: string): MessagesStep => ({ kind: 'text', text: said });
const tool = (name: string, input: Record<string, unknown>): MessagesStep => ({ kind: 'tool', name, input });

describe('the real Claude Code', function () {
  this.timeout(60_000);
  let server: MessagesServer | undefined;

  before(function () {
    if (!agentsInstalled()) this.skip();
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  const serve = async (...steps: MessagesStep[]): Promise<MessagesServer> => {
    server = await startMessagesServer(steps);
    return server;
  };

  describe('as a worker', () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await Bench.make();
    });
    afterEach(() => bench.remove());

    const runner = (url: string) =>
      shippedRunner({ name: 'claude', bin: claudeProgram, url, kind: 'ollama', home: bench.folder });
    const writes = (path: string): MessagesStep =>
      tool('Edit', { file_path: path, old_string: '', new_string: 'hello\n' });

    it('writes a file into the folder, and says so', async () => {
      const file = join(bench.folder, 'hello.txt');
      const { url, requests } = await serve(writes(file), text('Wrote hello.txt.'));
      const { outcome, output, log } = await bench.run(runner(url), { prompt: 'Write hello.txt, 工房.' });
      const { usage, model, endpoint } = success(outcome);
      assert.equal(readFileSync(file, 'utf8'), 'hello\n');
      assert.equal(output, 'Wrote hello.txt.');
      assert.match(log, /"result":"Wrote hello.txt."/);
      assert.deepEqual(usage, { input_tokens: 240, output_tokens: 16 });
      assert.deepEqual([model, endpoint], ['scripted', 'here']);
      assert.match(
        JSON.stringify(requests.find(({ body }) => body)?.body.messages),
        /Write hello\.txt, 工房\./,
      );
      assert.ok(!existsSync(join(bench.folder, '.claude')));
    });

    it('connects to nothing beyond this machine', async function () {
      const trace = await traced(claudeProgram, bench.folder);
      if (trace === undefined) return this.skip();
      const { url } = await serve(tool('Bash', { command: 'ls' }), text('Done.'));
      const shipped = { name: 'claude', bin: trace.bin, url, kind: 'ollama', home: bench.folder } as const;
      success((await bench.run(shippedRunner(shipped))).outcome);
      assert.deepEqual(trace.beyond(), []);
      assert.ok(trace.count() > 0);
    });

    const fails = async (code: ErrorCode, words: RegExp, ...steps: MessagesStep[]): Promise<void> => {
      const { url } = await serve(...steps);
      const { error } = failure((await bench.run(runner(url))).outcome);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, words);
    };

    it('fails when its server fails', () =>
      fails('exit_nonzero', /API Error: 500 boom/, { kind: 'error', status: 500, message: 'boom' }));

    it('fails when there is no such model', () =>
      fails('exit_nonzero', /issue with the selected model/, {
        kind: 'error',
        status: 404,
        message: 'gone',
      }));

    it('fails when it was not allowed what it wanted', () =>
      fails(
        'needs_input',
        /permission_denials.*node -e/,
        tool('Bash', { command: 'node -e 1' }),
        text('Done.'),
      ));

    it('fails when it wanted to write into the home', async () => {
      const path = join(bench.folder, '.koubou', 'pending.json');
      await fails('needs_input', /permission_denials/, writes(path), text('Done.'));
      assert.ok(!existsSync(path));
    });

    it('fails when it wanted to write elsewhere', () =>
      fails('needs_input', /permission_denials/, writes('/var/koubou-test'), text('Done.')));

    it('fails when it says nothing', () => fails('empty_output', /answered with nothing/, text('')));

    it('is not started when its server is down', async () => {
      const { error } = failure((await bench.run(runner('http://127.0.0.1:1'))).outcome);
      assert.equal(error.code, 'runner_unavailable');
    });

    it('is stopped with the commands it started', async () => {
      const { url, requests } = await serve({ kind: 'silence' });
      const running = bench.start(runner(url));
      await until(() => requests.length >= 2);
      running.abort.abort();
      assert.equal(failure((await running.finished).outcome).error.code, 'cancelled');
    });
  });

  describe('as a worker of the queue', () => {
    let project: Project;
    beforeEach(async () => {
      project = await Project.make();
    });
    afterEach(() => project.remove());

    const delegated = async (...given: MessagesStep[]) => {
      const { url } = await serve(...given);
      const config = {
        endpoints: { here: { kind: 'ollama', url } },
        runners: { claude: { kind: 'agent', use: 'claude', bin: claudeProgram, endpoint: 'here' } },
        routing: { default: { code: 'claude' } },
      };
      project.write('.koubou/config/agent.yaml', JSON.stringify(config));
      return project.run('delegate', '--type', 'code', '--retries', '0', '--wait', 'Write hello.txt.');
    };

    it('completes a code task that changed a file', async () => {
      const file = join(project.folder, 'hello.txt');
      const edit = tool('Edit', { file_path: file, old_string: '', new_string: 'hello\n' });
      const { code, stdout, stderr } = await delegated(edit, text('Wrote hello.txt.'));
      assert.equal(code, 0, stderr);
      assert.match(stdout, /Wrote hello\.txt\./);
      assert.equal((await project.only()).status, 'completed');
      assert.equal(readFileSync(file, 'utf8'), 'hello\n');
    });

    it('fails one that changed nothing, whatever it says', async () => {
      const { code, stderr } = await delegated(text('Wrote hello.txt.'));
      assert.equal(code, 1, stderr);
      const { attempts } = await project.only();
      assert.equal(attempts.at(-1)?.error?.code, 'no_evidence');
    });
  });

  describe('as the one who delegates', () => {
    let project: Project;
    // What an agent has koubou run, runs in a sandbox.
    before(function () {
      if (bubblewrap() === null) this.skip();
    });
    beforeEach(async () => {
      project = await Project.make();
    });
    afterEach(() => project.remove());

    /** Runs it in the project with `koubou` on its PATH; answers with what its tools told it. */
    const told = async (...steps: MessagesStep[]): Promise<string[]> => {
      const { url, toolResults } = await serve(...steps, text('Done.'));
      const bin = join(project.folder, 'bin');
      mkdirSync(bin);
      writeFileSync(
        join(bin, 'koubou'),
        `#!/bin/sh\nexec '${process.execPath}' '${await builtKoubou()}' "$@"\n`,
      );
      chmodSync(join(bin, 'koubou'), 0o755);
      const child = spawn(
        claudeProgram,
        ['-p', '--bare', '--model=scripted', '--allowedTools=Bash', '--', 'Delegate it.'],
        {
          cwd: project.folder,
          env: {
            PATH: `${bin}:${pathWith(mkdtempSync(join(stateHome, 'bin-')))}`,
            HOME: stateHome,
            XDG_STATE_HOME: stateHome,
            ANTHROPIC_BASE_URL: url,
            ANTHROPIC_API_KEY: 'local',
            CLAUDE_CONFIG_DIR: join(project.folder, 'claude'),
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
            CLAUDE_CODE_MAX_RETRIES: '0',
          },
          stdio: ['ignore', 'ignore', 'inherit'],
        },
      );
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      return toolResults();
    };

    it('gets the result of a program that it waits for', async () => {
      const command = "koubou delegate --type command --wait -- sh -c 'echo 42 from the workshop'";
      const [result] = await told(tool('Bash', { command }));
      assert.equal(result?.split('\n').at(-1), '42 from the workshop');
      const { status, created_by: caller } = await project.only();
      assert.equal(status, 'completed');
      assert.equal(caller, 'claude-code');
    });

    it('gets the result of a task by its id', async () => {
      const results = await told(
        tool('Bash', {
          command: 'koubou delegate --type command -- echo later > id; koubou wait "$(cat id)"',
        }),
        tool('Bash', { command: 'koubou result "$(cat id)"' }),
      );
      assert.equal(results[1], 'later');
    });

    it('is told why a task failed', async () => {
      const command = "koubou delegate --type command --wait -- sh -c 'echo the reason >&2; exit 3'";
      const [result] = await told(tool('Bash', { command }));
      assert.match(result ?? '', /the reason/);
      assert.equal((await project.only()).status, 'failed');
    });
  });
});
