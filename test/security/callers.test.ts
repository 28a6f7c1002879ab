/** Principles 10 and 11 of issue 9, and what principle 8 says of callers: an agent that calls koubou gets no shell of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isListedCheck, isListedProgram } from '../../src/access/listed-programs.ts';
import { GRANTABLE, may, type Request, type Verdict } from '../../src/access/may.ts';
import { principalOf } from '../../src/access/principal.ts';
import { Sources } from '../../src/actions/delegate/sources.ts';
import { projectOf, realOf } from '../../src/app/project.ts';
import { loadConfig } from '../../src/config/load.ts';
import { findHome } from '../../src/config/paths.ts';
import { daemonEnvironment } from '../../src/process/programs/daemon-environment.ts';
import { type SandboxFacts, sandboxIn } from '../../src/process/programs/sandbox.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { asCaller } from '../support/as-caller.ts';
import { beat, noRetries, worker } from '../support/builders.ts';
import { bubblewrap, pathWith, pathWithout } from '../support/koubou/bubblewrap.ts';
import { builtKoubou } from '../support/koubou/built.ts';
import { type Ended, koubou, startKoubou } from '../support/koubou/koubou.ts';
import { Project } from '../support/koubou/project.ts';
import { buildMutant } from '../support/mutants/source.ts';
import { startScriptedServer, steps } from '../support/servers/scripted-server.ts';
import { until } from '../support/until.ts';

const AGENT = { CLAUDECODE: '1' };

describe('the table of what callers may', () => {
  const rows: Record<Request, Verdict> = {
    read: 'allowed',
    reveal: 'allowed',
    delegate: 'allowed',
    retry: 'allowed',
    cancel: 'allowed',
    work: 'allowed',
    apply: 'allowed',
    program: 'confined',
    check: 'confined',
    agent: 'confined',
    check_outside: 'refused',
    full_access: 'refused',
    output_outside: 'refused',
    files_outside: 'refused',
    folder_outside: 'refused',
    other_home: 'refused',
    config: 'refused',
    init: 'refused',
    trust: 'refused',
    unchecked: 'refused',
  };
  for (const [request, verdict] of Object.entries(rows) as [Request, Verdict][]) {
    it(`has ${request}: ${verdict} for an agent, allowed for a person and for an agent that was given it`, () => {
      assert.equal(may('contributor', request), verdict);
      assert.equal(may('owner', request), 'allowed');
      if (verdict !== 'allowed') assert.equal(may('contributor', request, [request]), 'allowed');
      for (const other of GRANTABLE.filter((each) => each !== request)) {
        assert.equal(may('contributor', request, [other]), verdict, `with ${other}`);
      }
    });
  }

  it('lets nobody give to agents what only a person does', () => {
    assert.deepEqual(
      ['init', 'trust', 'unchecked'].filter((request) => GRANTABLE.includes(request as Request)),
      [],
    );
  });
});

describe('an agent is known', () => {
  const agents: [Record<string, string>, string][] = [
    [{ CLAUDECODE: '1' }, 'claude-code'],
    [{ CLAUDE_CODE_SESSION_ID: 'x' }, 'claude-code'],
    [{ CODEX_THREAD_ID: 'x' }, 'codex'],
    [{ CODEX_SANDBOX: 'seatbelt' }, 'codex'],
    [{ CODEX_SANDBOX_NETWORK_DISABLED: '1' }, 'codex'],
    [{ CODEX_SOMETHING_NEW: 'x' }, 'codex'],
    [{ GEMINI_CLI: '1' }, 'gemini-cli'],
    [{ CURSOR_AGENT: '1' }, 'cursor'],
    [{ AI_AGENT: 'devin@1' }, 'devin'],
    [{ AI_AGENT: '$(x)' }, 'agent'],
    [{ SANDBOX_RUNTIME: '1' }, 'agent'],
    [{ KOUBOU_CALLER: 'agent' }, 'agent'],
    [{ KOUBOU_CALLER: 'cron', CLAUDECODE: '1' }, 'claude-code'],
  ];
  for (const [variables, agent] of agents) {
    it(`by ${JSON.stringify(variables)}`, () => {
      const session = variables['CLAUDE_CODE_SESSION_ID'] ?? variables['CODEX_THREAD_ID'] ?? null;
      assert.deepEqual(principalOf(variables), {
        name: agent,
        role: 'contributor',
        agent,
        session,
        via: 'cli',
      });
    });
  }

  const persons: Record<string, string>[] = [
    {},
    { CLAUDECODE: '0', GEMINI_CLI: 'false', CODEX_THREAD_ID: '', AI_AGENT: ' ' },
    { CODEX_HOME: '/x', CODEX_API_KEY: 'x', CODEX_UNSAFE_ALLOW_NO_SANDBOX: '1' },
    { CLAUDE_CODE_USE_BEDROCK: '1', ANTHROPIC_API_KEY: 'x', CURSOR_TRACE_ID: 'x' },
    { KOUBOU_CALLER: 'cron' },
  ];
  for (const variables of persons) {
    it(`and not by ${JSON.stringify(variables)}`, () => {
      const person = { name: 'cli', role: 'owner', agent: null, session: null, via: 'cli' };
      assert.deepEqual(principalOf(variables), person);
    });
  }
});

describe('a program that the config names', () => {
  it('is known by its words alone', () => {
    const listed = ['npm test', 'make'];
    const programs: [string[], boolean][] = [
      [['npm', 'test'], true],
      [['npm', 'test', '--silent'], true],
      [['make', 'all'], true],
      [['npm', 'run', 'x'], false],
      [['npm'], false],
      [['npm test'], false],
      [['sh', '-c', 'npm test'], false],
      [['./npm', 'test'], false],
    ];
    for (const [words, is] of programs) assert.equal(isListedProgram(words, listed), is, words.join(' '));
    assert.equal(isListedProgram(['anything'], ['', ' ']), false);
  });

  it('is a check only where that is nothing but the program', () => {
    const checks: [string, boolean][] = [
      ['npm test', true],
      ['  npm   test ', true],
      ['npm test; touch x', false],
      ['npm test && x', false],
      ['npm test $(x)', false],
      ['npm test `x`', false],
      ['npm test\ntouch x', false],
      ['npm test > x', false],
      ['npm test *', false],
      ['A=1 npm test', false],
    ];
    for (const [check, is] of checks) assert.equal(isListedCheck(check, ['npm test']), is, check);
  });
});

describe('a call of an agent', function () {
  this.timeout(120_000);
  let root: string;
  let project: Project;
  let path: string;

  beforeEach(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-callers-')));
    project = await Project.make();
    writeFileSync(join(root, 'secret'), 'not for you\n');
    path = pathWithout(join(root, 'bin'));
  });
  afterEach(async () => {
    await project.remove();
    rmSync(root, { recursive: true, force: true });
  });

  const call = (environment: Record<string, string>, args: readonly string[], program?: string) =>
    project.runWith({ environment: { HOME: root, PATH: path, ...environment }, program }, ...args);
  const added = async () => (await project.queue.list({})).length;
  const codeOf = ({ stdout }: Ended): string => JSON.parse(stdout).error?.code ?? '';

  /** By name: the words, with what they are to be refused for. Each is one that a person may say. */
  const attacks: Record<string, (folder: string) => string[]> = {
    'a program': () => ['--type', 'command', '--', 'touch', 'x'],
    'a check': () => ['--check', 'touch x', 'hello'],
    'an output outside': (folder) => ['--output', join(folder, 'x'), 'hello'],
    'an output that goes up': () => ['--output', '../x', 'hello'],
    'a file outside': (folder) => ['--file', join(folder, 'secret'), 'hello'],
    'a prompt outside': (folder) => ['--prompt-file', join(folder, 'secret')],
    'a folder outside': (folder) => ['--cwd', folder, 'hello'],
    'an agent CLI': () => ['--type', 'code', '--runner', 'cli', 'hello'],
    'a Codex without its sandbox': () => ['--type', 'code', '--runner', 'open', 'hello'],
  };
  const RUNNERS = `
endpoints: { nowhere: { kind: ollama, url: 'http://127.0.0.1:1' } }
runners:
  ollama: { kind: ollama, endpoint: nowhere, model: tiny }
  cli: { kind: agent, bin: sh, args: [-c, 'true'] }
  open: { kind: codex, endpoint: nowhere, model: tiny, sandbox: danger-full-access }
routing: { default: { general: ollama, code: ollama, command: command } }
security: { allow_full_access: true }
`;

  for (const [name, words] of Object.entries(attacks)) {
    it(`gets no ${name}, and nothing is added; a person does`, async () => {
      writeFileSync(join(project.home, 'config', 'agent.yaml'), RUNNERS);
      const args = words(root);
      const refused = await call(AGENT, ['delegate', '--json', ...args]);
      assert.deepEqual([refused.code, codeOf(refused), await added()], [2, 'not_allowed', 0]);
      assert.match(JSON.parse(refused.stdout).error.hint, /koubou config callers\.agent\./);
      assert.equal((await call({}, ['delegate', ...args])).code, 0);
      assert.equal(await added(), 1);
    });
  }

  it('reads nothing of the home, where keys and other tasks lie', async () => {
    project.write('.koubou/config/.env', 'A=b\n');
    spawnSync('ln', ['-s', '.koubou/config', join(project.folder, 'conf')]);
    for (const file of ['.koubou/config/.env', 'conf/.env']) {
      const refused = await call(AGENT, ['delegate', '--json', '--file', file, 'hello']);
      assert.deepEqual([codeOf(refused), await added()], ['not_allowed', 0], file);
    }
    assert.equal((await call({}, ['delegate', '--file', '.koubou/config/.env', 'hello'])).code, 0);
  });

  it('reads and writes nothing of a home that has another name, be it this one or one of another project', async () => {
    const person = { HOME: root, XDG_STATE_HOME: join(root, 'state'), PATH: path };
    const folder = join(root, 'work');
    mkdirSync(join(folder, 'dotfiles'), { recursive: true });
    const typed = (environment: Record<string, string>, args: readonly string[], program?: string) =>
      koubou(args, { cwd: folder, environment: { ...person, ...environment }, program });
    for (const name of ['kb', 'dotfiles/koubou']) {
      assert.equal((await typed({}, ['init', '--home', join(folder, name)])).code, 0);
      writeFileSync(join(folder, name, 'config', '.env'), 'THE_KEY=9911223344\n');
    }
    writeFileSync(join(folder, 'mine.md'), 'mine');
    symlinkSync('work/dotfiles/koubou', join(root, '.koubou'));
    const agent = (home: string) => ({ ...AGENT, KOUBOU_HOME: join(folder, home) });
    const reads = (file: string) => ['delegate', '--json', '--file', file, 'hello'];
    for (const own of ['kb', 'dotfiles/koubou', '../.koubou']) {
      for (const name of ['kb', 'dotfiles/koubou']) {
        const refused = await typed(agent(own), reads(`${name}/config/.env`));
        assert.equal(codeOf(refused), 'not_allowed', `${own} ${name} ${refused.stdout}`);
      }
      assert.equal((await typed(agent(own), reads('mine.md'))).code, 0);
    }
    const writes = await typed(agent('kb'), ['delegate', '--json', '--output', 'dotfiles/koubou/x', 'hello']);
    assert.notEqual(writes.code, 0);
    const NOT_BY_ID = { file: 'text/home-name.ts', from: '.find(isHome)', to: '.find(() => false)' };
    const planted = await buildMutant(NOT_BY_ID, {
      file: 'text/home-name.ts',
      from: 'places.find((home) => isWithin(path.toLowerCase(), home.toLowerCase()))',
      to: 'places.find((home) => isWithin(path, home) && home === "")',
    });
    assert.equal((await typed(agent('kb'), reads('kb/config/.env'), planted)).code, 0);
    // Where koubou was not called since.
    renameSync(join(folder, 'dotfiles'), join(folder, 'files'));
    const config = 'files/koubou/config';
    const write = ['delegate', '--json', '--output', `${config}/agent.yaml`, 'hello'];
    for (const args of [reads(`${config}/.env`), reads(`files/../${config}/.env`), write]) {
      assert.equal(codeOf(await typed(agent('kb'), args)), 'not_allowed', args.join(' '));
      assert.equal((await typed(agent('kb'), args, await buildMutant(NOT_BY_ID))).code, 0);
    }
    // Nor does a person's own result replace what decides which programs run.
    const own = await koubou(write, { cwd: folder, home: join(folder, 'kb'), environment: person });
    assert.match(own.stdout + own.stderr, /koubou's own home/);
  });

  it('expects files of the project, by name and by pattern', async () => {
    for (const pattern of ['x', 'sub/**/*.md', './x', '[id]/x', join(project.folder, '*')]) {
      const added = await call(AGENT, ['delegate', '--expect', pattern, '--output', 'x', 'hello']);
      assert.equal(added.code, 0, `${pattern}: ${added.stderr}`);
    }
  });

  it('is refused in a batch, in --each and by a link that leads out, too', async () => {
    const line = JSON.stringify({ type: 'command', command: ['touch', 'x'] });
    project.write('batch', `{"prompt":"fine"}\n${line}\n`);
    project.write('a.md', 'a');
    spawnSync('ln', ['-s', root, join(project.folder, 'out')]);
    spawnSync('ln', ['-s', join(root, 'to-come'), join(project.folder, 'dangling')]);
    for (const args of [
      ['--batch', 'batch'],
      ['--each', '*.md', '--check', 'true', 'hello'],
      ['--each', join(root, '*'), 'hello'],
      ['--output', 'out/x', 'hello'],
      ['--output', 'dangling', 'hello'],
      ['--file', 'out/secret', 'hello'],
      ...[join(root, 'secret'), '../*', 'out/secret', 'out/*', '*/../../*', '.koubou/config/*'].map(
        (pattern) => ['--expect', pattern, '--output', 'x', 'hello'],
      ),
    ]) {
      const refused = await call(AGENT, ['delegate', '--json', ...args]);
      assert.deepEqual([refused.code, codeOf(refused), await added()], [2, 'not_allowed', 0], args.join(' '));
    }
  });

  it('learns nothing of a file outside by asking where a task with it would go, nor its name by a pattern', async () => {
    writeFileSync(join(root, 'kept-4711'), 'password: hunter2Xk9!qweR\n');
    spawnSync('ln', ['-s', root, join(project.folder, 'out')]);
    for (const file of [join(root, 'kept-4711'), 'out/kept-4711']) {
      const refused = await call(AGENT, ['route', '--json', '--file', file, 'hello']);
      assert.deepEqual([refused.code, codeOf(refused)], [2, 'not_allowed'], file);
      const shown = await call({}, ['route', '--json', '--file', file, 'hello']);
      assert.equal(JSON.parse(shown.stdout).route.local_only, true, 'a person is told what it holds');
    }
    project.write('mine', 'mine');
    assert.equal((await call(AGENT, ['route', '--file', 'mine', 'hello'])).code, 0);
    for (const pattern of [join(root, 'kept*'), join(root, 'none*'), 'out/kept*', '*/../../*']) {
      const refused = await call(AGENT, ['delegate', '--json', '--each', pattern, 'hello']);
      assert.deepEqual(
        [codeOf(refused), refused.stdout.includes('kept-4711')],
        ['not_allowed', false],
        pattern,
      );
    }
    assert.equal((await call(AGENT, ['delegate', '--each', 'min*', 'hello'])).code, 0);
  });

  it('applies no branch as it is now, which nobody checked', async () => {
    const { stdout } = await call({}, ['delegate', '--json', 'hello']);
    const apply = ['apply', JSON.parse(stdout).task_id, '--branch-as-it-is', '--json'];
    assert.equal(codeOf(await call(AGENT, apply)), 'not_allowed');
    assert.equal(codeOf(await call({}, apply)), 'conflict', 'a person is told that it has no worktree');
  });

  it('writes no result over a program that the config names by its place, and nor does a person', async () => {
    const tool = project.write('node_modules/tool/bin/tool', '#!/bin/sh\n');
    const config = join(project.home, 'config', 'agent.yaml');
    const before = readFileSync(config, 'utf8');
    const after = before.replace(/^runners:\s*\n/m, `$&  placed: { kind: agent, bin: ${tool} }\n`);
    assert.notEqual(after, before);
    writeFileSync(config, after);
    symlinkSync('tool/bin/tool', join(project.folder, 'node_modules', 'link'));
    for (const environment of [AGENT, {}]) {
      for (const output of [tool, 'node_modules/link', 'node_modules/tool/new.js']) {
        const { code, stdout } = await call(environment, ['delegate', '--json', '--output', output, 'hello']);
        assert.equal(code, 2, output);
        assert.match(JSON.parse(stdout).error.message, /run as a program/);
      }
    }
    assert.equal(await added(), 0);
  });

  it('learns no name outside by a pattern that goes up without saying so, not even whether there is one', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
    try {
      writeFileSync(join(outside, 'payroll-2026.txt'), 'x');
      writeFileSync(join(project.folder, 'mine.txt'), 'x');
      const asked = (up: string, name: string, program?: string) =>
        call(AGENT, ['delegate', '--json', '--each', `${up}/${basename(outside)}/${name}`, 'hello'], program);
      for (const up of ['[.][.]', '{.,}.', '.[.]', '{x,[.][.]}']) {
        const said: string[] = [];
        for (const name of ['payroll*', 'none*']) {
          const { code, stdout } = await asked(up, name);
          assert.notEqual(code, 0);
          said.push(JSON.parse(stdout).error.message.replaceAll(name, ''));
        }
        assert.equal(said[0], said[1], up);
        assert.doesNotMatch(said.join(), /payroll-2026/);
      }
      project.write('sub/mine.txt', 'x');
      const own = ['{m,[m]}ine*', join(project.folder, 'min*'), './sub/*', '**/mine*'];
      for (const each of own)
        assert.equal((await call(AGENT, ['delegate', '--each', each, 'hello'])).code, 0, each);
      const inSub = { cwd: join(project.folder, 'sub'), environment: { HOME: root, PATH: path, ...AGENT } };
      assert.equal((await project.runWith(inSub, 'delegate', '--each', '../min*', 'hello')).code, 0);
      const planted = await buildMutant({
        file: 'actions/delegate/delegate.ts',
        from: 'isBound ? (path: string) => project.has(realOf(path)) : undefined',
        to: 'isBound ? (path: string) => realOf(path) !== "" : undefined',
      });
      assert.match((await asked('[.][.]', 'payroll*', planted)).stdout, /payroll-2026/);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  it('is shown of the variables of runners that they are set', async () => {
    const place = join(project.home, 'config', 'agent.yaml');
    const before = readFileSync(place, 'utf8');
    try {
      writeFileSync(
        place,
        'version: 1\nrunners:\n  mine: { kind: agent, bin: sh, args: [], output: { stdout: true }, env: { TOKEN: ghp_1234567890 } }\n',
      );
      for (const words of [[], ['--json'], ['runners.mine.env.TOKEN']]) {
        const shown = await call(AGENT, ['config', ...words]);
        assert.equal(shown.code, 0, shown.stderr);
        assert.match(shown.stdout, /TOKEN[\s\S]*\(set\)/);
        assert.doesNotMatch(shown.stdout, /ghp_/);
        assert.match((await call({}, ['config', ...words])).stdout, /ghp_1234567890/);
      }
    } finally {
      writeFileSync(place, before);
    }
  });

  it('changes no config, makes and trusts no home, and uses no other', async () => {
    const other = await Project.make();
    try {
      const before = readFileSync(join(project.home, 'config', 'agent.yaml'), 'utf8');
      for (const args of [
        ['config', 'callers.agent.may', '[program]', '--json'],
        ['init', '--home', join(root, 'new'), '--json'],
        ['init', '--claude', '--json'],
        ['trust', '--yes', '--json'],
        ['list', '--home', other.home, '--json'],
        ['delegate', '--home', other.home, '--json', 'hello'],
      ]) {
        const refused = await call(AGENT, args);
        assert.deepEqual([refused.code, codeOf(refused)], [2, 'not_allowed'], args.join(' '));
      }
      const named = await call({ ...AGENT, KOUBOU_HOME: other.home }, ['list', '--json']);
      assert.equal(codeOf(named), 'not_allowed');
      assert.equal(readFileSync(join(project.home, 'config', 'agent.yaml'), 'utf8'), before);
      assert.equal(existsSync(join(root, 'new')) || existsSync(join(project.folder, '.claude')), false);
      // Its own by name is no other.
      assert.equal((await call(AGENT, ['list', '--home', project.home])).code, 0);
    } finally {
      await other.remove();
    }
  });

  it('uses no other home by a .git that it writes, only by one that the other project knows', async () => {
    const other = await Project.make();
    try {
      const folder = join(project.folder, 'sub');
      const own = join(folder, 'own');
      mkdirSync(own, { recursive: true });
      mkdirSync(join(other.folder, '.git', 'worktrees'), { recursive: true });
      const planted: [file: string, text: string][] = [
        [join(folder, '.git'), `gitdir: ${own}\n`],
        [join(own, 'commondir'), `${other.folder}/.git\n`],
        [join(own, 'gitdir'), `${folder}/.git\n`],
      ];
      for (const [file, text] of planted) writeFileSync(file, text);
      const environment = { HOME: root };
      assert.equal(findHome({ environment, cwd: folder }), project.home);
      // What the other project says itself, the same files lead to.
      const known = join(other.folder, '.git', 'worktrees', 'sub');
      renameSync(own, known);
      writeFileSync(join(folder, '.git'), `gitdir: ${known}\n`);
      assert.equal(findHome({ environment, cwd: folder }), other.home);
      // One of its own worktrees, which lies elsewhere, is no way into it either.
      writeFileSync(join(known, 'gitdir'), `${root}/.git\n`);
      assert.equal(findHome({ environment, cwd: folder }), project.home);
    } finally {
      await other.remove();
    }
  });

  it('uses no other home by a link that it makes, unless that home gives it to agents', async () => {
    const other = await Project.make();
    try {
      const config = join(other.home, 'config', 'agent.yaml');
      const give = (may: string) => writeFileSync(config, `callers: { agent: { may: [${may}] } }\n`);
      const cwd = join(project.folder, 'sub');
      mkdirSync(cwd);
      symlinkSync(other.home, join(cwd, '.koubou'));
      const inSub = (environment: Record<string, string>) =>
        project.runWith(
          { cwd, environment: { HOME: root, PATH: path, ...environment } },
          'delegate',
          '--json',
          '--type',
          'command',
          '--',
          'true',
        );
      give('program');
      const refused = await inSub(AGENT);
      assert.deepEqual([refused.code, codeOf(refused)], [2, 'not_allowed'], refused.stdout);
      assert.equal((await inSub({})).code, 0);
      give('program, other_home');
      assert.equal((await inSub(AGENT)).code, 0);
    } finally {
      await other.remove();
    }
  });

  it('has no other home examined, nor its servers asked, by its name or by a link', async () => {
    const other = await Project.make();
    const server = await startScriptedServer([steps.text('hello')]);
    try {
      const config = `endpoints: { theirs: { kind: openai, url: '${server.url}/v1' } }
runners: { m: { kind: openai, endpoint: theirs, model: m } }
routing: { default: { general: m } }
`;
      writeFileSync(join(other.home, 'config', 'agent.yaml'), config);
      const cwd = join(project.folder, 'sub');
      mkdirSync(cwd);
      symlinkSync(other.home, join(cwd, '.koubou'));
      const named = ['doctor', '--json', '--home', other.home];
      const linked = (program?: string) =>
        project.runWith(
          { cwd, environment: { HOME: root, PATH: path, ...AGENT }, program },
          'doctor',
          '--json',
        );
      for (const refused of [await call(AGENT, named), await linked()]) {
        assert.deepEqual([refused.code, codeOf(refused)], [2, 'not_allowed'], refused.stdout);
      }
      assert.equal(server.requests.length, 0);
      const planted = await buildMutant({
        file: 'app/open-home.ts',
        from: 'refuseOtherHome(request, home, caller);\n  return { home, config };',
        to: 'return { home, config };',
      });
      assert.ok((await linked(planted)).stdout.includes(server.url));
      assert.ok(server.requests.length > 0);
      server.requests.length = 0;
      // A config that cannot be read gives nothing to agents.
      writeFileSync(join(other.home, 'config', 'agent.yaml'), ': no yaml: [');
      assert.equal(codeOf(await call(AGENT, named)), 'not_allowed');
      // A person names any, and an agent has its own looked at.
      writeFileSync(join(other.home, 'config', 'agent.yaml'), config);
      assert.ok((await call({}, named)).stdout.includes(server.url));
      assert.equal(codeOf(await call(AGENT, ['doctor', '--json'])), '');
    } finally {
      await server.close();
      await other.remove();
    }
  });

  it('adds tasks for models, and puts their results into the project', async () => {
    project.write('a.md', 'a');
    const { code } = await call(AGENT, ['delegate', '--file', 'a.md', '--output', 'out/b.md', 'Translate.']);
    assert.equal(code, 0);
    assert.deepEqual(
      [(await project.only()).confined, (await project.only()).created_by],
      [true, 'claude-code'],
    );
  });

  it('has the programs run that the config names, with the rights of the user, and no other', async () => {
    const config = readFileSync(join(project.home, 'config', 'agent.yaml'), 'utf8');
    writeFileSync(
      join(project.home, 'config', 'agent.yaml'),
      `${config}callers: { agent: { commands: [echo ok] } }\n`,
    );
    assert.equal((await call(AGENT, ['delegate', '--type', 'command', '--', 'echo', 'ok'])).code, 0);
    assert.equal((await project.only()).confined, undefined);
    // A check that it names has the rights of the user, and not whoever does the work.
    const { stdout } = await call(AGENT, ['delegate', '--check', 'echo ok', 'hello']);
    const checked = await project.queue.get(stdout.trim());
    assert.deepEqual([checked?.confined, checked?.options.check_outside], [true, true]);
    const other = await call(AGENT, ['delegate', '--type', 'command', '--', 'echo', 'no']);
    assert.equal(other.code, 2);
    // Typed as it stands, the advice takes nothing away.
    if (!other.stderr.includes('in a sandbox')) assert.match(other.stderr, /commands '\[echo ok, echo no\]'/);
  });

  it('does not choose by its PATH what the program is that the config names', async () => {
    const config = readFileSync(join(project.home, 'config', 'agent.yaml'), 'utf8');
    writeFileSync(
      join(project.home, 'config', 'agent.yaml'),
      `${config}callers: { agent: { commands: [hello, make check] } }\n`,
    );
    const programs = (folder: string, says: string): string => {
      for (const name of ['hello', 'make']) {
        project.write(`${folder}/${name}`, `#!/bin/sh\necho ${says}\n`);
        chmodSync(join(project.folder, folder, name), 0o755);
      }
      return `${join(project.folder, folder)}:${path}`;
    };
    const [evil, good] = [programs('evil', 'evil'), programs('good', 'good')];
    const delegated = async (environment: Record<string, string>, ...words: string[]) => {
      const { stdout } = await call(environment, ['delegate', '--json', '--type', 'command', ...words]);
      return JSON.parse(stdout);
    };
    const ofAgent = await delegated({ ...AGENT, PATH: evil }, '--', 'hello');
    const withCheck = await delegated({ ...AGENT, PATH: evil }, '--check', 'make check', '--', 'hello');
    assert.deepEqual([ofAgent.environment, withCheck.environment], [undefined, undefined]);
    await call({ PATH: good }, ['work', '--drain']);
    for (const { result, status } of await project.records()) {
      assert.deepEqual([status, result?.output], ['completed', 'good\n']);
    }
    // A person's own is the one that they would get in their shell: what the guard above keeps from an agent.
    await delegated({ PATH: evil }, '--', 'hello');
    await call({ PATH: good }, ['work', '--drain']);
    assert.equal((await project.records())[2]?.result?.output, 'evil\n');
  });

  it('does not have a failed program of a person run again', async () => {
    await call({}, ['delegate', '--type', 'command', '--', 'false']);
    await project.finish('', 'failure');
    const { task_id } = await project.only();
    const refused = await call(AGENT, ['retry', task_id, '--json']);
    assert.deepEqual([codeOf(refused), await project.queue.state(task_id)], ['not_allowed', 'failed']);
    assert.equal((await call({}, ['retry', task_id])).code, 0);
  });

  it('is not told by a retry what a task runs that must stay on this machine', async () => {
    const secret = 'echo a-word-that-stays';
    await call({}, ['delegate', '--local-only', '--type', 'command', '--', 'sh', '-c', secret]);
    await call({}, ['delegate', '--local-only', '--check', secret, 'hello']);
    const [program, checked] = await project.records();
    for (const task of [program, checked]) {
      await project.finish('', 'failure');
      const refused = await call(AGENT, ['retry', task?.task_id ?? '', '--json']);
      assert.equal(codeOf(refused), 'not_allowed');
      assert.doesNotMatch(`${refused.stdout}${refused.stderr}`, /a-word-that-stays/);
    }
    const planted = await buildMutant({
      file: 'actions/callers/admit-task.ts',
      from: 'about: task.task_id,',
      to: "about: task.command.join(' '),",
    });
    const told = await call(AGENT, ['retry', program?.task_id ?? ''], planted);
    assert.match(told.stderr, /a-word-that-stays/, 'without the guard it would');
  });

  it('has no task run again of which a person has to look at what it left', async () => {
    await call(AGENT, ['delegate', 'hello']);
    const { task_id } = await project.only();
    await project.finish('', 'failure', 'home_in_changes');
    const refused = await call(AGENT, ['retry', task_id, '--json']);
    assert.deepEqual([codeOf(refused), await project.queue.state(task_id)], ['not_allowed', 'failed']);
    assert.equal((await call({}, ['retry', task_id])).code, 0);
  });

  it('does not have a program of a person run again by the task that it failed with', async () => {
    await call({}, ['delegate', 'hello']);
    const { task_id: parent } = await project.only();
    await call({}, ['delegate', '--after', parent, '--type', 'command', '--', 'true']);
    await project.finish('', 'failure');
    await project.queue.sweep(() => noRetries);
    const states = async () => (await project.records()).map(({ status }) => status);
    assert.deepEqual(await states(), ['failed', 'failed']);
    const refused = await call(AGENT, ['retry', parent, '--json']);
    assert.deepEqual([codeOf(refused), await states()], ['not_allowed', ['failed', 'failed']]);
    const planted = await buildMutant({
      file: 'actions/tasks/retry.ts',
      from: "caller.principal.role === 'owner' ? [] :",
      to: "caller.principal.role !== '' ? [] :",
    });
    assert.equal((await call(AGENT, ['retry', parent], planted)).code, 0);
    assert.deepEqual(await states(), ['pending', 'pending'], 'without the guard it would');
  });

  it('does not have a task of a person run again that an agent CLI outside of a sandbox may come to do', async () => {
    const file = join(project.home, 'config', 'agent.yaml');
    const config = RUNNERS.replace(
      'runners:\n',
      'runners:\n  big: { kind: ollama, endpoint: nowhere, model: big }\n',
    );
    const withSteps = (steps: string): void =>
      writeFileSync(file, config.replace('routing: {', `routing: { escalate: [${steps}],`));
    withSteps('ollama, cli');
    await call({}, ['delegate', 'hello']);
    await project.finish('', 'failure');
    const { task_id } = await project.only();
    const refused = await call(AGENT, ['retry', task_id, '--json']);
    assert.deepEqual([codeOf(refused), await project.queue.state(task_id)], ['not_allowed', 'failed']);
    withSteps('ollama, big');
    assert.equal((await call(AGENT, ['retry', task_id])).code, 0);
  });

  it('is known where it took its mark away for the call', async () => {
    const program = await builtKoubou();
    const words = `env -u CLAUDECODE ${process.execPath} ${program} delegate --type command -- true; true`;
    const options = {
      cwd: project.folder,
      env: { PATH: path, HOME: root, XDG_STATE_HOME: process.env['XDG_STATE_HOME'] },
    };
    spawnSync('setsid', ['-w', 'sh', '-c', words], options);
    const asPerson = await added();
    spawnSync('setsid', ['-w', 'sh', '-c', words], { ...options, env: { ...options.env, ...AGENT } });
    assert.deepEqual([asPerson, await added()], [1, 1]);
  });

  it('sends prompts nowhere by its own variables', async () => {
    const shown = async (environment: Record<string, string>) =>
      JSON.parse((await call(environment, ['config', 'endpoints.nowhere.url', '--json'])).stdout).config[0]
        .value;
    const evil = { OLLAMA_HOST: 'http://127.0.0.1:6' };
    assert.equal(await shown(evil), 'http://127.0.0.1:6');
    assert.equal(await shown({ ...evil, ...AGENT }), 'http://127.0.0.1:1');
  });

  it('puts no key of its own in the place of one that config/.env has', async () => {
    const { home } = project;
    project.write('.koubou/config/.env', 'MY_KEY=mine\nEMPTY=\n');
    const keyOf = async (environment: Record<string, string>, name = 'MY_KEY') =>
      (await loadConfig({ home, environment })).variable(name);
    const evil = { MY_KEY: 'evil', OTHER: 'other', EMPTY: 'filled' };
    assert.equal(await keyOf({ ...evil, ...AGENT }), 'mine');
    assert.equal(await keyOf({ ...evil, ...AGENT }, 'OTHER'), 'other');
    assert.equal(await keyOf({ ...evil, ...AGENT }, 'EMPTY'), 'filled');
    assert.equal(await keyOf(evil), 'evil', 'a person’s environment goes over it');
  });

  it('chooses by its own variables neither the runner nor the model of what others ask', async () => {
    const file = join(project.home, 'config', 'agent.yaml');
    const text = readFileSync(file, 'utf8')
      .replace('endpoints: {', "endpoints: { there: { kind: openai, url: 'http://127.0.0.1:1/v1' },")
      .replace('runners:', 'runners:\n  remote: { kind: openai, endpoint: there, model: tiny }');
    writeFileSync(file, text);
    const shown = async (environment: Record<string, string>, key: string) =>
      JSON.parse((await call(environment, ['config', key, '--json'])).stdout).config[0].value;
    for (const [key, name, evil, own] of [
      ['routing.default.general', 'DEFAULT_AGENT', 'remote', 'ollama'],
      ['runners.remote.model', 'LMSTUDIO_MODEL', 'other', 'tiny'],
    ] as const) {
      assert.deepEqual(
        [await shown({ [name]: evil }, key), await shown({ [name]: evil, ...AGENT }, key)],
        [evil, own],
      );
    }
  });

  it('has programs run in a sandbox where one works: they write in the project alone', async function () {
    if (bubblewrap() === null) this.skip();
    path = pathWith(join(root, 'with'));
    const script = `echo in > inside; echo out > ${join(root, 'outside')}; cat ${project.home}/config/agent.yaml`;
    const { code } = await call(AGENT, ['delegate', '--type', 'command', '--', 'sh', '-c', script]);
    assert.deepEqual([code, (await project.only()).confined], [0, true]);
    await call({}, ['work', '--drain']);
    const { result } = await project.only();
    assert.deepEqual(
      [existsSync(join(project.folder, 'inside')), existsSync(join(root, 'outside')), result?.output ?? ''],
      [true, false, ''],
    );
  });

  describe('about a task that must stay', () => {
    const SECRET = 'hunter22-7f3a';
    const commands = (id: string) =>
      [
        ['list'],
        ['list', '--json'],
        ['status'],
        ['status', '--json'],
        ['status', id],
        ['status', id, '--json'],
        ['status', id, '--full', '--json'],
        ['result', id],
        ['result', id, '--json'],
        ['result', id, '--format', 'md'],
        ['result', id, '--format', 'jsonl'],
        ['logs', id],
        ['logs', id, '--json'],
        ['wait', id],
        ['wait', id, '--json'],
        ['diff', id],
      ] as const;

    it('sees nothing of one that a rule keeps, also where the rules are not read: in a home that is only looked at', async () => {
      const rule = 'rules: [{ if: { label: { team: hr } }, then: { local_only: true } }]';
      const config = RUNNERS.replace('routing: {', `routing: { ${rule},`);
      writeFileSync(join(project.home, 'config', 'agent.yaml'), config);
      await call({}, ['delegate', '--label', 'team=hr', `The word is ${SECRET}.`]);
      const { id } = await project.finish(`It is ${SECRET}.`, 'success');
      const unsigned = { XDG_STATE_HOME: join(root, 'state of nobody') };
      for (const args of commands(id).filter(([name]) => name !== 'wait')) {
        for (const state of [{}, unsigned]) {
          const { stdout, stderr } = await call({ ...AGENT, ...state }, args);
          assert.doesNotMatch(stdout + stderr, new RegExp(SECRET), args.join(' '));
        }
      }
      const shown = async (...words: string[]): Promise<string> =>
        (await call({ ...AGENT, ...unsigned }, ['result', id, ...words])).stdout;
      assert.match(await shown('--reveal'), new RegExp(SECRET));
      assert.match((await call(unsigned, ['result', id])).stdout, new RegExp(SECRET), 'a person sees it');
    });

    for (const how of ['success', 'failure'] as const) {
      it(`sees nothing of one that ended with ${how}, unless it says --reveal; a person sees it`, async () => {
        await call({}, ['delegate', '--local-only', `The word is ${SECRET}.`]);
        const claim = await project.finish(`It is ${SECRET}.`, how);
        writeFileSync(claim.scratch.logPath, `log ${SECRET}`);
        writeFileSync(claim.scratch.patchPath, `patch ${SECRET}`);
        for (const args of commands(claim.id)) {
          const { stdout, stderr } = await call(AGENT, args);
          assert.doesNotMatch(stdout + stderr, new RegExp(SECRET), args.join(' '));
        }
        for (const args of commands(claim.id).filter(([name, id]) => id === claim.id && name !== 'wait')) {
          if (how === 'failure' && args[0] === 'result') continue;
          assert.match((await call(AGENT, [...args, '--reveal'])).stdout, new RegExp(SECRET), args.join(' '));
          assert.match((await call({}, args)).stdout, new RegExp(SECRET), args.join(' '));
        }
        const hidden = JSON.parse((await call(AGENT, ['status', claim.id, '--json'])).stdout);
        assert.deepEqual([hidden.withheld, hidden.task_id, hidden.result.output], [true, claim.id, null]);
      });
    }

    it('is told nothing of it by a daemon that it runs itself', async () => {
      await call({}, [
        'delegate',
        '--local-only',
        '--retries',
        '0',
        '--check',
        `echo ${SECRET}; false`,
        SECRET,
      ]);
      const server = await startScriptedServer([steps.text(SECRET)]);
      try {
        const config = join(project.home, 'config', 'agent.yaml');
        writeFileSync(config, readFileSync(config, 'utf8').replace('http://127.0.0.1:1', server.url));
        const { stdout, stderr } = await call(AGENT, ['work', '--drain']);
        assert.match(stdout, /check_failed/);
        assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
      } finally {
        await server.close();
      }
    });

    it('sees nothing of one that the daemon alone found to hold a secret, nor of what waits for it', async () => {
      const server = await startScriptedServer([steps.text(SECRET), steps.text(SECRET)]);
      try {
        const config = join(project.home, 'config', 'agent.yaml');
        const text = readFileSync(config, 'utf8').replace('http://127.0.0.1:1', server.url);
        writeFileSync(config, text);
        const shown = async (program?: string): Promise<string> => {
          const add = async (...words: string[]): Promise<string> => {
            const { code, stdout, stderr } = await call({}, ['delegate', '--retries', '0', ...words]);
            assert.equal(code, 0, stderr);
            return stdout.trim();
          };
          project.write('notes.txt', 'nothing\n');
          const id = await add('--file', 'notes.txt', 'Sum up.');
          project.write('notes.txt', 'DB_PASSWORD=kd83jd92hunter\n');
          const next = await add('--after', id, '--in', '1h', `Mind ${SECRET}.`);
          await call({}, ['work', '--drain'], program);
          const seen = await call(AGENT, ['status', id, '--json']);
          assert.equal(JSON.parse(seen.stdout).status, 'completed', seen.stdout);
          const others = [await call(AGENT, ['result', id]), await call(AGENT, ['status', next])];
          return [seen, ...others].map(({ stdout }) => stdout).join('\n');
        };
        assert.doesNotMatch(await shown(), new RegExp(`${SECRET}|Sum up`));
        const fault = {
          file: 'worker/attempt/one-try.ts',
          from: 'if (local.mustStayLocal) await this.#parts.markHeld();',
          to: '',
        };
        assert.match(await shown(await buildMutant(fault)), new RegExp(SECRET), 'without its mark it would');
      } finally {
        await server.close();
      }
    });

    it('is not told it as the reason why an endpoint is down', async () => {
      await call({}, ['delegate', '--local-only', `The word is ${SECRET}.`]);
      const server = createServer((request, response) => {
        if (request.method === 'GET') return void response.end('{"version":"0.14.0","models":[]}');
        response.writeHead(503).end(`{"error":"cannot do: The word is ${SECRET}."}`);
      }).listen(0, '127.0.0.1');
      await until(() => server.listening);
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const config = join(project.home, 'config', 'agent.yaml');
      const text = readFileSync(config, 'utf8').replace('kind: ollama, url', 'kind: openai, url');
      writeFileSync(
        config,
        text
          .replace('http://127.0.0.1:1', `${url}/v1`)
          .replace('ollama: { kind: ollama', 'ollama: { kind: openai'),
      );
      const reasonOf = async (program?: string): Promise<string> => {
        const options = { cwd: project.folder, environment: { HOME: root, PATH: path }, program };
        const { child, ended } = await startKoubou(['work'], options);
        try {
          let down: string[] = [];
          await until(async () => {
            down = (await project.queue.workers()).flatMap((each) => Object.values(each.down));
            return down.length > 0;
          });
          return down.join();
        } finally {
          child.kill('SIGKILL');
          await ended;
        }
      };
      try {
        const reason = await reasonOf();
        assert.doesNotMatch(reason, new RegExp(SECRET));
        assert.match(reason, /^endpoint_busy, as the log of task_/);
        const fault = {
          file: 'worker/attempt/attempt.ts',
          from: 'return stays ?',
          to: 'return code === message ?',
        };
        await call({}, ['delegate', '--local-only', `The word is ${SECRET}.`]);
        assert.match(await reasonOf(await buildMutant(fault)), new RegExp(SECRET));
      } finally {
        server.close();
        server.closeAllConnections();
      }
    });

    it('takes no empty output for a result', async () => {
      await call({}, ['delegate', '--local-only', SECRET]);
      const { id } = await project.finish(SECRET);
      const { code, stdout, stderr } = await call(AGENT, ['result', id]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /--reveal/);
    });
  });

  describe('that starts a daemon', () => {
    it('leaves the tokens of its session behind, and not the keys that the config names', async () => {
      writeFileSync(
        join(project.home, 'config', 'agent.yaml'),
        'endpoints: { a: { kind: openai, url: http://127.0.0.1:1, api_key_env: MY_KEY } }\n',
      );
      const session = {
        ...AGENT,
        CLAUDE_CODE_MESSAGING_TOKEN: 'token-1',
        SSH_AUTH_SOCK: '/x',
        GITHUB_TOKEN: 'token-2',
        MY_KEY: 'key',
        NODE_V8_COVERAGE: project.folder,
      };
      const environmentOf = async (environment: Record<string, string>): Promise<string> => {
        const { stdout } = await call(environment, ['work', '--detach', '--json']);
        const { pid } = JSON.parse(stdout);
        const text = readFileSync(`/proc/${pid}/environ`, 'utf8');
        process.kill(pid, 'SIGKILL');
        await until(async () => (await project.queue.workers()).length === 0);
        return text;
      };
      if (process.platform !== 'linux') return;
      const ofAgent = await environmentOf(session);
      assert.doesNotMatch(ofAgent, /CLAUDE|token-|SSH_AUTH_SOCK|COVERAGE/);
      assert.match(ofAgent, /MY_KEY=key/);
      const { CLAUDECODE: _, ...ofPerson } = session;
      assert.match(await environmentOf(ofPerson), /token-2/);
      project.write('.koubou/config/.env', 'MY_KEY=mine\n');
      assert.doesNotMatch(await environmentOf(session), /MY_KEY/);
    });

    it('keeps what a daemon needs', () => {
      const needed = { PATH: '/bin', HOME: '/h', XDG_STATE_HOME: '/s', LC_ALL: 'C', MAX_WORKERS: '2' };
      const dropped = {
        CODEX_THREAD_ID: 'x',
        GEMINI_CLI: '1',
        NODE_OPTIONS: '-r x',
        XDG_CACHE_HOME: '/c',
        XDG_RUNTIME_DIR: '/r',
        OLLAMA_HOST: 'x',
        A_KEY: 'x',
      };
      assert.deepEqual(daemonEnvironment({ ...needed, ...dropped }, []), needed);
      assert.deepEqual(daemonEnvironment(dropped, ['A_KEY']), { A_KEY: 'x' });
    });

    for (const [name, under] of [
      ['bubblewrap', (bwrap: string) => [bwrap, '--unshare-pid', '--dev-bind', '/', '/', '--proc', '/proc']],
      ['unshare', () => ['unshare', '-pf', '--mount-proc']],
    ] as const) {
      it(`starts none in the process namespace of ${name}, and says what to do`, async function () {
        const wrapper = under(bubblewrap() ?? 'no-bwrap');
        const [tool = '', ...args] = wrapper;
        if (spawnSync(tool, [...args, 'true']).status !== 0) this.skip();
        await call({}, ['delegate', 'hello']);
        const { task_id } = await project.only();
        for (const words of [
          ['work', '--detach'],
          ['wait', task_id],
        ]) {
          const options = { environment: { ...AGENT, HOME: root, PATH: path }, under: wrapper };
          const { code, stdout } = await project.runWith(options, ...words, '--json');
          assert.deepEqual([code, JSON.parse(stdout).error.code], [1, 'runner_unavailable'], words.join(' '));
          assert.match(JSON.parse(stdout).error.hint, /outside of the sandbox/);
        }
        assert.deepEqual(
          [await project.queue.workers(), await project.queue.state(task_id)],
          [[], 'pending'],
        );
      });
    }
  });

  describe('would not be held where', () => {
    const found: [string, { file: string; from: string; to: string }, string[]][] = [
      [
        'the table let agents have programs',
        {
          file: 'access/may.ts',
          from: "your rights', 'executor', 'contributor'),\n  check:",
          to: "your rights', 'contributor'),\n  check:",
        },
        ['--type', 'command', '--', 'true'],
      ],
      [
        'no mark made an agent',
        { file: 'access/principal.ts', from: "['CLAUDECODE', 'claude-code'],", to: '' },
        ['--type', 'command', '--', 'true'],
      ],
      [
        'no path was outside of the project',
        { file: 'app/project.ts', from: 'const real = realOf(path);', to: 'return path !== "";' },
        ['--output', 'out/x', 'hello'],
      ],
    ];
    for (const [name, fault, args] of found) {
      it(`${name} (planted)`, async () => {
        spawnSync('ln', ['-s', root, join(project.folder, 'out')]);
        assert.equal((await call(AGENT, ['delegate', ...args])).code, 2);
        const planted = await buildMutant(fault);
        assert.equal((await call(AGENT, ['delegate', ...args], planted)).code, 0);
      });
    }

    it('records went out whole (planted)', async () => {
      await call({}, ['delegate', '--local-only', 'hunter22']);
      const fault = { file: 'app/withhold.ts', from: '!seesAll && (await isHeld(id))', to: 'false' };
      assert.doesNotMatch((await call(AGENT, ['list'])).stdout, /hunter22/);
      assert.match((await call(AGENT, ['list'], await buildMutant(fault))).stdout, /hunter22/);
    });
  });
});

describe('the project of an agent', () => {
  let root: string;
  let home: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-border-')));
    home = join(root, 'project', '.koubou');
    mkdirSync(home, { recursive: true });
    mkdirSync(join(root, 'other'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const projectIn = (cwd: string) => projectOf({ home, cwd, environment: { HOME: '/nowhere' } });

  it('is not widened by a .git in a folder above that all may write to, but by one in a folder of its own', () => {
    const has = (): boolean => projectIn(join(root, 'project')).has(join(root, 'other', 'letter'));
    assert.equal(has(), false);
    mkdirSync(join(root, '.git'));
    chmodSync(root, 0o1777);
    assert.equal(has(), false);
    chmodSync(root, 0o775);
    assert.equal(has(), true, 'a repository around the home is part of it');
  });

  it('holds the work tree that it stands in, and those of no other tasks', () => {
    const [mine, other] = ['task_a', 'task_b'].map((task) => join(home, 'worktrees', task)) as [
      string,
      string,
    ];
    mkdirSync(join(mine, 'sub'), { recursive: true });
    mkdirSync(other);
    const inside = projectIn(join(mine, 'sub'));
    assert.deepEqual([inside.has(join(mine, 'x')), inside.has(join(other, 'x'))], [true, false]);
    assert.equal(inside.has(join(root, 'project', 'x')), true);
    assert.equal(inside.has(join(mine, '.koubou', 'x')), false);
    const beside = projectIn(join(root, 'project'));
    assert.deepEqual([beside.has(join(mine, 'x')), beside.has(join(root, 'project', 'x'))], [false, true]);
  });
});

describe('a sandbox of an agent', () => {
  const machine: SandboxFacts = {
    init: { name: 'systemd', session: 1 },
    depth: 1,
    isOutermost: true,
    isCutOff: false,
  };
  const inside = { ...machine, isOutermost: false };
  const cases: [string, Record<string, string>, SandboxFacts | undefined, boolean][] = [
    ['a machine', {}, machine, false],
    ['no /proc', {}, undefined, false],
    [
      'a machine whose first process has no session',
      {},
      { ...machine, init: { name: 'x', session: 0 } },
      false,
    ],
    ['Docker with a shell', {}, { ...inside, init: { name: 'bash', session: 1 } }, false],
    ['Docker with koubou alone', {}, { ...inside, init: { name: 'node', session: 1 } }, false],
    ['Docker with tini', {}, { ...inside, init: { name: 'tini', session: 1 } }, false],
    ['WSL', {}, { ...inside, init: { name: 'init(Ubuntu)', session: 0 } }, false],
    ['a namespace whose first process cannot be seen', {}, { ...inside, init: null }, false],
    ['variables that say no', { SANDBOX_RUNTIME: '0', CODEX_SANDBOX: '' }, machine, false],
    ['bubblewrap', {}, { ...inside, init: { name: 'bwrap', session: 0 } }, true],
    ['bubblewrap in a container', {}, { ...inside, init: { name: 'bwrap', session: 1 } }, true],
    ['unshare', {}, { ...inside, init: { name: 'sh', session: 0 } }, true],
    ['a namespace below that of /proc', {}, { ...inside, depth: 2 }, true],
    ['a network of its own with nothing in it', {}, { ...machine, isCutOff: true }, true],
    ["Claude Code's", { SANDBOX_RUNTIME: '1' }, machine, true],
    ["Codex's", { CODEX_SANDBOX_NETWORK_DISABLED: '1' }, machine, true],
    ["Codex's on macOS", { CODEX_SANDBOX: 'seatbelt' }, undefined, true],
  ];
  for (const [name, variables, facts, is] of cases) {
    it(`${is ? 'is' : 'is not'} ${name}`, () => {
      assert.equal(sandboxIn(variables, () => facts) !== undefined, is);
    });
  }
});

describe('a worker that is not heard', function () {
  this.timeout(60_000);
  let project: Project;

  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  /** One in a process namespace that is gone, that was heard so many seconds ago and has a task in hand. */
  const silentFor = async (seconds: number, beatSeconds?: number): Promise<string> => {
    await project.run('delegate', 'hello');
    const member = await project.queue.join(worker({ ...(beatSeconds && { beat_seconds: beatSeconds }) }));
    await member.claim(() => ({ take: true, permits: [] }));
    await member.renew(beat());
    const files = join(project.home, 'run', member.workerId);
    const about = JSON.parse(readFileSync(`${files}.json`, 'utf8'));
    writeFileSync(`${files}.json`, JSON.stringify({ ...about, pidNamespace: 'pid:[1]' }));
    const said = JSON.parse(readFileSync(`${files}.beat`, 'utf8'));
    const at = new Date(Date.parse(said.at) - seconds * 1000).toISOString();
    writeFileSync(
      `${files}.beat`,
      JSON.stringify({ ...said, at, steady_ms: said.steady_ms - seconds * 1000 }),
    );
    return member.workerId;
  };
  const json = async (...args: string[]) => JSON.parse((await project.run(...args, '--json')).stdout);

  it('is silent after 10 s, never busy, and its task does not run', async () => {
    await silentFor(11);
    const board = await json('status');
    assert.deepEqual([board.workers[0].status, board.running[0].waiting], ['silent', 'worker']);
    const { stdout } = await project.run('status');
    assert.match(stdout, /0 running, 1 with a worker that is not heard from/);
    assert.doesNotMatch(stdout, /busy/);
    assert.match((await project.run('list')).stdout, /silent/);
    assert.match((await project.run('workers')).stdout, /silent/);
    assert.match((await project.run('status', board.running[0].task_id)).stdout, /silent/);
  });

  it('is busy before that, and where its beats are further apart', async () => {
    await silentFor(5);
    assert.equal((await json('workers')).workers[0].status, 'busy');
  });

  it('is not silent between beats that are far apart', async () => {
    await silentFor(40, 30);
    assert.equal((await json('workers')).workers[0].status, 'busy');
  });

  it('is not said to have been stopped', async () => {
    const id = await silentFor(70);
    assert.deepEqual(await json('stop'), { stopped: [], finishing: [], elsewhere: [id], silent: [id] });
    assert.match((await project.run('stop')).stdout, /was not stopped: it is silent/);
  });

  it('is not said to run what was cancelled', async function () {
    // It would wait for 10 s, twice.
    this.timeout(15_000);
    await silentFor(70);
    const { running } = await json('status');
    const [{ task_id }] = running;
    const { stdout } = await project.run('cancel', task_id);
    assert.match(stdout, /asked; its worker is not heard from/);
    assert.doesNotMatch(stdout, /still runs/);
    assert.deepEqual(await json('cancel', task_id), {
      results: [{ task_id, result: 'asked', silent: true }],
    });
  });

  it('is not waited for: another one is started', async () => {
    await silentFor(70);
    const { stderr } = await project.run('delegate', 'again');
    assert.match(stderr, /No worker is running/);
  });
});

describe('a file that an agent names', () => {
  let folder: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-named-')));
    writeFileSync(join(folder, 'mine'), 'mine');
    writeFileSync(join(folder, 'secret'), 'hunter2');
    symlinkSync('mine', join(folder, 'link'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The link is turned round as soon as it was judged. */
  const read = (place: (path: string) => string | undefined): Promise<string> =>
    new Sources({
      app: { cwd: folder, queue: {} as Queue, caller: asCaller('contributor') },
      stdin: {},
      admitFile: (path) => {
        const judged = place(path);
        rmSync(path);
        symlinkSync('secret', path);
        return judged;
      },
    }).text('link', 'The prompt');

  it('is read where it lay when it was judged, or not at all', async () => {
    await assert.rejects(read(realOf), /The prompt link cannot be read .*Nothing was added/);
    assert.equal(await read(() => undefined), 'hunter2', 'without the place another file is read');
  });
});
