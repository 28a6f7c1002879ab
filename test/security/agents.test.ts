/**
 * Principles 5 and 8 of issue 9, for agent CLIs and for what agents delegate: a script in the place of the agent does what a
 * model might have it do. The real ones are tried in test/real/agents.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentEntry } from '../../src/runner/agent/entry.ts';
import { buildRunners } from '../../src/runner/registry.ts';
import type { Runner } from '../../src/runner/runner.ts';
import type { TaskFile } from '../../src/task/record.ts';
import { checkExecutor } from '../../src/worker/workspace/check-executor.ts';
import { Bench, failure, promptFolders, type Ran, success, taskOf } from '../contract/runner.ts';
import { bubblewrap, pathWith, pathWithout } from '../support/koubou/bubblewrap.ts';
import { type ScriptedServer, startScriptedServer, steps } from '../support/servers/scripted-server.ts';

const KEY = 'sk-of-the-server-4711';

describe('an agent CLI', function () {
  this.timeout(30_000);
  let bench: Bench;
  let root: string;
  let cwd: string;
  let home: string;
  let path: string;
  let server: ScriptedServer;

  beforeEach(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-agents-')));
    cwd = join(root, 'project');
    home = join(cwd, '.koubou');
    mkdirSync(join(home, 'results'), { recursive: true });
    mkdirSync(join(root, 'user'));
    writeFileSync(join(home, 'secret'), 'secret\n');
    writeFileSync(join(root, 'user', 'file'), 'mine\n');
    bench = new Bench(join(home, 'results'));
    server = await startScriptedServer([steps.text('ok')]);
    path = pathWith(join(root, 'bin'));
  });
  afterEach(async () => {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  });

  const needsBubblewrap = (test: Mocha.Context): void => {
    if (bubblewrap() === null) test.skip();
  };

  const runnerOf = (
    script: string,
    entry: Partial<AgentEntry> = {},
    sandbox: 'auto' | 'off' = 'auto',
  ): Runner => {
    const bin = join(root, 'bin', entry.bin ?? 'agent-cli');
    writeFileSync(bin, `#!/bin/sh\n${script}\n`);
    chmodSync(bin, 0o755);
    const runners = buildRunners(
      {
        endpoints: { here: { kind: 'ollama', url: server.url, max_concurrent: 1, api_key_env: 'THE_KEY' } },
        runners: {
          mine: {
            kind: 'agent',
            endpoint: 'here',
            model: 'm',
            bin: 'agent-cli',
            args: [],
            env: { BASE: '{server_url}', TOKEN: '{api_key}' },
            stdin: 'none',
            output: { stdout: true },
            success: {},
            stop_signal: 'SIGTERM',
            ...entry,
          },
          command: { kind: 'command' },
        },
        defaults: { template: 'auto' },
        security: { env_pass: [], allow_full_access: false, agent_sandbox: sandbox },
      },
      { PATH: path, HOME: join(root, 'user'), THE_KEY: KEY },
      promptFolders,
      home,
    );
    return runners.get('mine') as Runner;
  };

  const ran = (runner: Runner, fields: Partial<TaskFile> = {}): Promise<Ran> =>
    bench.run(runner, { cwd, ...fields });

  /** A request to what it was told is its server, with or without the key that it was told. */
  const ask = (way: string, key = '$TOKEN'): string => `${process.execPath} -e '${ASK}' '${way}' "${key}"`;

  for (const sandbox of ['auto', 'off'] as const) {
    describe(sandbox === 'auto' ? 'in the sandbox' : 'without one', () => {
      beforeEach(function () {
        if (sandbox === 'auto') needsBubblewrap(this);
      });

      it('is told neither the address nor the key of its server, and asks it all the same', async () => {
        const { output, outcome } = await ran(
          runnerOf(`env; cat /proc/self/environ; ${ask('/api/tags')}`, {}, sandbox),
        );
        assert.equal(success(outcome).address, '127.0.0.1');
        assert.ok(!output.includes(KEY), output);
        assert.ok(!output.includes(server.url), output);
        assert.match(output, /200 \{"models"/);
        assert.equal(server.requests.at(-1)?.headers['authorization'], `Bearer ${KEY}`);
      });

      it('gets through to what asks a model, and to nothing else', async () => {
        const others = [
          '/api/pull',
          '/api/delete',
          '/v1/../api/pull',
          '/v1/files',
          '/api/tags/../delete',
          '/',
        ];
        const { output } = await ran(
          runnerOf([...others.map((way) => ask(way)), ask('/api/tags', '')].join('\n'), {}, sandbox),
        );
        const statuses = output
          .trim()
          .split('\n')
          .map((line) => line.split(' ')[0]);
        assert.deepEqual(statuses.slice(0, 5), ['404', '404', '404', '404', '404'], output);
        assert.equal(statuses.at(-1), '404', 'without the key of the run');
      });
    });
  }

  it('writes into its folder and its state alone, and sees nothing of the home', async function () {
    needsBubblewrap(this);
    const script = `echo x > made; echo x > ${root}/user/file; echo x > ${home}/planted; cat ${home}/secret; echo done`;
    const { output } = await ran(runnerOf(script));
    assert.equal(output, 'done\n');
    assert.ok(existsSync(join(cwd, 'made')));
    assert.ok(!existsSync(join(home, 'planted')));
    assert.equal(readFileSync(join(root, 'user', 'file'), 'utf8'), 'mine\n');
    // Switched off, it does all of that.
    const off = await ran(runnerOf(script, { confine: 'off' }));
    assert.equal(off.output, 'secret\ndone\n');
    assert.equal(readFileSync(join(root, 'user', 'file'), 'utf8'), 'x\n');
  });

  it('gets nothing read for it by koubou, in place of its answer', async function () {
    needsBubblewrap(this);
    writeFileSync(join(home, 'secret.json'), '{"text":"secret"}');
    const swap = (name: string): string =>
      `rm -f $STATE/${name}; ln -s ${home}/secret.json $STATE/${name}; echo '{"text":"mine"}'`;
    const env = { STATE: '{state}' };
    const file = { args: ['{output_file}'], output: { file: true as const }, env };
    assert.doesNotMatch((await ran(runnerOf(swap('answer'), file))).output, /secret/);
    const printed = { output: { json: 'text' }, env };
    assert.equal((await ran(runnerOf(swap('stdout'), printed))).output, 'mine');
    // Without the sandbox it can be replaced, and the run fails for that.
    const off = await ran(runnerOf(swap('stdout'), { ...printed, confine: 'off' }));
    assert.doesNotMatch(off.output, /mine|secret/);
  });

  it('looks at the whole machine where it is asked there, and changes nothing', async function () {
    needsBubblewrap(this);
    const probe = `/koubou-test-${process.pid}`;
    const script = `echo x > ${probe}; ls / | grep -c etc; cat ${home}/secret; echo done`;
    try {
      assert.equal((await ran(runnerOf(script), { cwd: '/' })).output, '1\ndone\n');
      assert.ok(!existsSync(probe));
      const code = failure((await ran(runnerOf(script), { cwd: '/', type: 'code' })).outcome);
      assert.equal(code.error.code, 'not_allowed');
      assert.match((await runnerOf(script).check()).message, /; in a sandbox/);
    } finally {
      rmSync(probe, { force: true });
    }
  });

  it('sees no login of its own where it asks a server of yours', async function () {
    needsBubblewrap(this);
    const user = join(root, 'user');
    mkdirSync(join(user, '.claude', 'projects', 'p'), { recursive: true });
    const own = ['.claude/.credentials.json', '.claude.json', '.claude/projects/p/session.jsonl'];
    for (const name of own) writeFileSync(join(user, name), 'login-4711');
    const script = `cat ${own.map((name) => join(user, name)).join(' ')}; echo run`;
    // Whether its entry gives it files of its own elsewhere, or does not.
    for (const env of [{ BASE: '{server_url}' }, { BASE: '{server_url}', CLAUDE_CONFIG_DIR: '{state}' }]) {
      const { output } = await ran(runnerOf(script, { bin: 'claude', env }));
      assert.match(output, /run/);
      assert.doesNotMatch(output, /4711/);
    }
    const { output } = await ran(runnerOf(script, { bin: 'claude', env: {}, network: 'all' }));
    assert.match(output, /4711/, 'who asks with it needs it');
  });

  it('may write where its entry says', async function () {
    needsBubblewrap(this);
    const script = `echo x > ${root}/user/file; echo done`;
    await ran(runnerOf(script, { writable: ['~/file'] }));
    assert.equal(readFileSync(join(root, 'user', 'file'), 'utf8'), 'x\n');
  });

  it('reaches no other server, unless its entry says so', async function () {
    needsBubblewrap(this);
    const reach = `BASE=${server.url}; export BASE; ${ask('/api/version')}`;
    assert.match((await ran(runnerOf(reach))).output, /^no ECONNREFUSED/);
    assert.match((await ran(runnerOf(reach, { network: 'all' }))).output, /^200/);
    assert.match((await ran(runnerOf(reach, { env: {} }))).output, /^200/);
  });

  it('works as before where no bubblewrap does', async () => {
    path = `${join(root, 'bin')}:${pathWithout(join(root, 'without'))}`;
    rmSync(join(root, 'bin', 'bwrap'), { force: true });
    const { output } = await ran(runnerOf('echo x > made; echo done'));
    assert.equal(output, 'done\n');
  });

  const check = async (runner: Runner, fields: Partial<TaskFile>, staysLocal = false): Promise<string> => {
    const task = taskOf(cwd, fields);
    const place = { cwd, statePath: join(home, 'results', 's'), own: [], attached: [], staysLocal };
    const environment = { PATH: path, HOME: join(root, 'user') };
    try {
      return (await checkExecutor(runner, task, place, { home, keys: [], environment })).kind;
    } catch (error) {
      return String((error as { code?: string }).code);
    }
  };

  it('has the check of its work where it ran itself', async function () {
    needsBubblewrap(this);
    const runner = runnerOf('true');
    assert.equal(await check(runner, {}), 'bubblewrap');
    assert.equal(await check(runner, { options: { check_outside: true } }), 'local');
    assert.equal(await check(runner, { options: { check_outside: true } }, true), 'not_local');
    assert.equal(await check(runnerOf('true', { confine: 'off' }), {}), 'local');
  });

  describe('that delegates', () => {
    const shell = (script: string): Partial<TaskFile> => ({
      type: 'command',
      command: ['sh', '-c', script],
      confined: true,
    });
    const command = (): Runner => {
      const runners = buildRunners(
        {
          endpoints: {},
          runners: { command: { kind: 'command' } },
          defaults: { template: 'auto' },
          security: { env_pass: [], allow_full_access: false, agent_sandbox: 'off' },
        },
        { PATH: path, HOME: join(root, 'user') },
        promptFolders,
        home,
      );
      return runners.get('command') as Runner;
    };

    it('has its programs and checks in the sandbox, whatever the config says of others', async function () {
      needsBubblewrap(this);
      const script = `echo x > made; echo x > ${root}/user/file; cat ${home}/secret; echo done`;
      assert.equal((await ran(command(), shell(script))).output, 'done\n');
      assert.ok(existsSync(join(cwd, 'made')));
      assert.equal(readFileSync(join(root, 'user', 'file'), 'utf8'), 'mine\n');
      const off = runnerOf('true', { confine: 'off' });
      for (const runner of [command(), off])
        assert.equal(await check(runner, { confined: true }), 'bubblewrap');
      // Only a check that the config names comes to be so (admit-task.ts).
      assert.equal(await check(off, { confined: true, options: { check_outside: true } }), 'local');
      const outside = await ran(runnerOf(`cat ${home}/secret; echo done`, {}, 'off'), { confined: true });
      assert.equal(outside.output, 'done\n');
      // A person's program does as it says.
      assert.match((await ran(command(), { ...shell(script), confined: false })).output, /secret/);
    });

    it('is refused all that where no sandbox works', async () => {
      path = `${join(root, 'bin')}:${pathWithout(join(root, 'without'))}`;
      rmSync(join(root, 'bin', 'bwrap'), { force: true });
      const { error } = failure((await ran(command(), shell('echo x > made'))).outcome);
      assert.equal(error.code, 'not_allowed');
      assert.match(error.hint, /bubblewrap/);
      assert.equal(await check(command(), { confined: true }), 'not_allowed');
      const agent = failure((await ran(runnerOf('echo x > made'), { confined: true })).outcome);
      assert.equal(agent.error.code, 'not_allowed');
      assert.ok(!existsSync(join(cwd, 'made')));
    });
  });
});

const ASK = `
const [, way, key] = process.argv;
fetch(process.env.BASE + way, { headers: key === "" ? {} : { "x-api-key": key } }).then(
  async (response) => console.log(response.status, (await response.text()).slice(0, 40)),
  (error) => console.log("no", error.cause?.code),
);
`;
