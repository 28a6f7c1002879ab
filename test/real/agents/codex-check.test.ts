/** A check of Codex's work, in the real Codex's sandbox: it runs what the model wrote. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KoubouError } from '../../../src/errors.ts';
import type { Executor } from '../../../src/executor/executor.ts';
import { processTable } from '../../../src/process/programs/process-table.ts';
import type { ProgramEnd } from '../../../src/process/programs/start-program.ts';
import { taskOf } from '../../contract/runner.ts';
import { until } from '../../support/until.ts';
import { KINDS, NEWER, pathOf } from './bubblewrap-kinds.ts';
import { codexRunner, homeIn, put, runOf } from './codex-probe.ts';
import { agentsInstalled } from './install.ts';
import { leaseFor } from '../../support/lease.ts';

for (const kind of KINDS) describe(`a check of the work of the real Codex with ${kind}`, function () {
  this.timeout(60_000);
  let root: string;
  let home: string;
  let cwd: string;
  let state: string;
  let output: string;
  let log: string;
  let path: string;

  before(function () {
    if (!agentsInstalled()) this.skip();
  });
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-codex-check-')));
    cwd = join(root, 'work');
    home = homeIn(cwd);
    const { statePath, outputPath } = runOf(home, cwd);
    state = statePath;
    output = outputPath;
    writeFileSync(output, 'the candidate\n');
    log = join(root, 'log');
    path = pathOf(kind, join(root, 'path'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const executor = (over: { sandbox?: 'read-only' | 'workspace-write'; cwd?: string; own?: string[]; attached?: string[] } = {}): Promise<Executor> => {
    const place = { cwd: over.cwd ?? cwd, statePath: state, own: over.own ?? [output], attached: over.attached ?? [], staysLocal: false };
    const runner = codexRunner('http://127.0.0.1:9', { home, cwd, path, ...(over.sandbox && { sandbox: over.sandbox }) });
    return runner.executorFor(taskOf(cwd, { type: 'code' }), place);
  };

  const start = (there: Executor, command: string, at = cwd) =>
    there.start({
      command: 'sh',
      args: ['-c', command],
      cwd: at,
      environment: { PATH: path, HOME: home, KOUBOU_OUTPUT: there.mapPath(output) },
      stdin: { file: output },
      stdoutPath: log,
      stderrPath: log,
      lease: leaseFor({ marker: `codex-check-${process.pid}` }),
    });

  const check = async (there: Executor, command: string, at = cwd): Promise<{ end: ProgramEnd; said: string }> => {
    const end = await (await start(there, command, at)).ended;
    return { end, said: readFileSync(log, 'utf8') };
  };

  it('reads the candidate as a file and on standard input, and writes to the folder alone', async () => {
    const there = await executor();
    assert.equal(there.kind, 'codex');
    const { end, said } = await check(
      there,
      `cat; cat "$KOUBOU_OUTPUT"; echo made >made; mktemp; echo x >${root}/outside; echo x >"$KOUBOU_OUTPUT"; exit 7`,
    );
    assert.deepEqual(end, { exitCode: 7, signal: null });
    assert.match(said, /^the candidate\nthe candidate\n.*\/check\/tmp\/tmp\./);
    assert.equal(existsSync(join(root, 'outside')), false);
    assert.equal(readFileSync(output, 'utf8'), 'the candidate\n');
    assert.deepEqual(readdirSync(cwd).sort(), ['.koubou', 'made']);
    assert.deepEqual(readdirSync(state), []);
  });

  it('passes where the command does', async () => {
    for (const newer of [false, true]) {
      if (newer) path = pathOf(NEWER, join(root, 'newer'));
      assert.deepEqual((await check(await executor(), 'true')).end, { exitCode: 0, signal: null });
    }
  });

  it('sees neither the home nor a server', async () => {
    put(join(home, 'config', '.env'), 'secret-4711');
    const connect = `${process.execPath} -e 'require("net").connect(1,"127.0.0.1").on("error",e=>console.log(e.code))'`;
    const { said } = await check(await executor(), `cat ${home}/config/.env; ls ${home}; ${connect}; echo run`);
    assert.doesNotMatch(said, /secret-4711|ECONNREFUSED/);
    assert.match(said, /EPERM[^]*run/);
  });

  it('reads an attached file of the home that it was given, and no other', async () => {
    const given = join(home, 'results', 'given.txt');
    put(given, 'given');
    symlinkSync(given, join(root, 'link'));
    const there = await executor({ own: [output, join(root, 'link')], attached: [given, join(cwd, 'plain')] });
    assert.equal(there.mapPath(join(cwd, 'plain')), join(cwd, 'plain'));
    const { said } = await check(there, `cat ${there.mapPath(given)} ${there.mapPath(join(root, 'link'))}; cat ${given}`);
    assert.match(said, /^givengiven[^]*(No such file|Permission denied)/);
  });

  it('reads nothing of the home by an attached file that became a link', async () => {
    put(join(home, 'config', '.env'), 'secret-4711');
    symlinkSync(join(home, 'config', '.env'), join(cwd, 'notes.txt'));
    symlinkSync(join(home, 'config'), join(cwd, 'd'));
    const there = await executor({ attached: [join(cwd, 'notes.txt'), join(cwd, 'd', '.env')] });
    const { said } = await check(there, 'cat notes.txt d/.env; echo run');
    assert.doesNotMatch(said, /secret-4711/);
    assert.match(said, /run/);
  });

  it('is kept from what lies in odd folders, in each other, and behind links called as settings', async () => {
    const held = ['~/x/.mcp.json', '$HOME/.mcp.json', 'a b/.mcp.json', ':root/.mcp.json', '.claude/hooks/run.sh', 'shared/settings.json'];
    for (const name of held) put(join(cwd, name), 'mine');
    put(join(cwd, '.gitmodules'), '[submodule "mod"]\n\tpath = .claude/hooks/mod\n\turl = ./mod\n');
    mkdirSync(join(cwd, '.claude', 'hooks', 'mod'));
    symlinkSync('../shared/settings.json', join(cwd, '.claude', 'settings.json'));
    put(join(home, 'config', '.env'), 'secret-4711');
    mkdirSync(join(cwd, 'x'));
    symlinkSync(home, join(cwd, 'x', '.claude'));
    put(join(home, '.bashrc'), 'mine');
    const write = held.map((name) => `echo theirs > '${name}'`).join('; ');
    const { said } = await check(await executor(), `${write}; echo theirs > "$HOME/.bashrc"; cat x/.claude/config/.env; echo run`);
    for (const name of held) assert.equal(readFileSync(join(cwd, name), 'utf8'), 'mine', name);
    assert.equal(readFileSync(join(home, '.bashrc'), 'utf8'), 'mine');
    assert.doesNotMatch(said, /secret-4711/);
    assert.match(said, /run/);
  });

  it('is refused where Codex would read a path as another one', async () => {
    for (const letter of ['\t', '\n', '\r']) {
      const folder = join(cwd, `a${letter}b`);
      put(join(folder, '.mcp.json'), 'mine');
      await assert.rejects(start(await executor(), 'true'), (error) => error instanceof KoubouError && error.code === 'usage');
      rmSync(folder, { recursive: true });
    }
  });

  it('ends where what it is kept from is replaced, and it is what it was', async () => {
    put(join(cwd, '.mcp.json'), 'mine');
    put(join(cwd, 'conf', 'settings.json'), 'mine');
    symlinkSync('conf', join(cwd, '.claude'));
    const running = await start(await executor(), 'touch ready; while :; do echo theirs > .mcp.json && exit; done 2>/dev/null');
    await until(() => existsSync(join(cwd, 'ready')), 'the check');
    put(join(cwd, '.mcp.json.lock'), 'saved');
    renameSync(join(cwd, '.mcp.json.lock'), join(cwd, '.mcp.json'));
    const { broken } = await running.ended;
    assert.equal(broken?.code, 'guard_lost');
    assert.equal(readFileSync(join(cwd, '.mcp.json'), 'utf8'), 'mine', String(broken.hint));
    const { end } = await check(await executor(), 'rm .claude; mkdir .claude; echo theirs > .claude/settings.json; sleep 60');
    assert.equal(end.broken?.code, 'guard_lost');
    assert.equal(readlinkSync(join(cwd, '.claude')), 'conf');
    assert.equal(readFileSync(join(cwd, '.claude', 'settings.json'), 'utf8'), 'mine');
  });

  it('writes no setting of the kernel, whoever the worker is', async () => {
    const pattern = '/proc/sys/kernel/core_pattern';
    const before = readFileSync(pattern, 'utf8');
    const { said } = await check(await executor(), `cat ${pattern} > ${pattern} && echo written; echo run`);
    assert.doesNotMatch(said, /written/);
    assert.match(said, /run/);
    assert.equal(readFileSync(pattern, 'utf8'), before);
  });

  it('fails in words where the sandbox is read-only and it writes', async () => {
    const { end, said } = await check(await executor({ sandbox: 'read-only' }), 'cat "$KOUBOU_OUTPUT"; echo x >made');
    assert.notEqual(end.exitCode, 0);
    assert.match(said, /the candidate[^]*Read-only file system/);
    assert.equal(existsSync(join(cwd, 'made')), false);
  });

  it('sees the whole of a worktree, and may read but not write it where the sandbox is read-only', async () => {
    const top = join(home, 'worktrees', 'task_a');
    const sub = join(top, 'sub');
    put(join(top, 'top.txt'), 'top ');
    put(join(home, 'worktrees', 'task_b', 'other.txt'), 'other ');
    mkdirSync(sub);
    const looks = 'cat ../top.txt; cat ../../task_b/other.txt; ls ../../../config; echo a >a; true';
    const { said } = await check(await executor({ cwd: sub }), looks, sub);
    assert.match(said, /^top /);
    assert.doesNotMatch(said, /other /);
    assert.ok(existsSync(join(sub, 'a')));
    rmSync(join(sub, 'a'));
    rmSync(log);
    const less = await check(await executor({ cwd: sub, sandbox: 'read-only' }), looks, sub);
    assert.match(less.said, /^top /);
    assert.doesNotMatch(less.said, /other /);
    assert.equal(existsSync(join(sub, 'a')), false);
    assert.deepEqual(readdirSync(top).sort(), ['sub', 'top.txt']);
  });

  it('leaves no process, when it ends and when it is stopped', async () => {
    const seconds = `8${process.pid}`;
    const left = (): unknown[] => processTable().filter(({ pid }) => commandOf(pid).includes(`sleep\0${seconds}`));
    const fork = `setsid env -i sleep ${seconds} >/dev/null 2>&1 & touch started`;
    const there = await executor();
    assert.equal((await check(there, fork)).end.exitCode, 0);
    assert.deepEqual(left(), []);
    rmSync(join(cwd, 'started'));
    const running = await start(there, `${fork}; trap '' TERM; sleep ${seconds}; sleep ${seconds}`);
    await until(() => existsSync(join(cwd, 'started')), 'the check');
    await until(() => left().length > 0, 'what it started in the background');
    await there.stop({ ...running, marker: `codex-check-${process.pid}`, graceMs: 200 });
    await running.ended;
    assert.deepEqual(left(), []);
    assert.deepEqual(readdirSync(cwd).sort(), ['.koubou', 'started']);
    assert.deepEqual(readdirSync(state), []);
  });

  it('leaves nothing where it cannot be started, and is refused in the home', async () => {
    const there = await executor();
    await assert.rejects(start(there, 'true', join(home, 'config')), KoubouError);
    assert.deepEqual(readdirSync(state), []);
    rmSync(output);
    await assert.rejects(start(there, 'true'));
    assert.deepEqual(readdirSync(state), []);
    assert.deepEqual(readdirSync(cwd), ['.koubou']);
  });
});

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};
