import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startTimeOf } from '../../src/process/liveness.ts';
import { builtKoubou } from '../support/koubou/built.ts';
import { Daemons } from '../support/koubou/daemon.ts';
import { startKoubou } from '../support/koubou/koubou.ts';
import { until } from '../support/until.ts';

describe('code tasks of real daemons', () => {
  let daemons: Daemons;
  let folder: string;

  before(async function () {
    this.timeout(60_000);
    await builtKoubou();
  });

  beforeEach(async () => {
    daemons = await Daemons.make();
    folder = join(dirname(daemons.home.home), 'project');
    mkdirSync(folder);
  });

  afterEach(() => daemons.remove());

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const repository = (): void => {
    git('init', '-q');
    writeFileSync(join(folder, 'a.txt'), 'a\n');
    git('add', '-A');
    git('commit', '-qm', 'first');
  };
  /** The runner of programs stands for an agent. */
  const code = (script: string, options = {}): Promise<string> =>
    daemons.add({
      type: 'code',
      command: ['sh', '-c', `${script}; echo done`],
      cwd: folder,
      options: { runner: 'command', retries: 0, ...options },
    });
  const json = async (...args: string[]) => {
    const { stdout, stderr, code: exit } = await daemons.koubou([...args, '--json'], { cwd: folder });
    return { exit, said: JSON.parse(stdout || stderr) };
  };

  it('never overlap in one folder, whichever daemon has them', async () => {
    const ids = [];
    for (let number = 0; number < 6; number += 1) {
      ids.push(await code(`mkdir alone && echo ${number} > ${number}.txt && sleep 0.1 && rmdir alone`));
    }
    await Promise.all([1, 2].map(() => daemons.koubou(['work', '--drain', '--workers', '3'])));
    for (const id of ids) {
      const record = await daemons.ended(id);
      assert.equal(record.status, 'completed', record.result?.error?.message);
      assert.equal(record.attempts[0]?.evidence, '1 file changed');
    }
  });

  it('are shown, applied and discarded by commands', async () => {
    repository();
    const [wanted, unwanted] = [
      await code('echo b >> a.txt', { worktree: true }),
      await code('echo c >> a.txt', { worktree: true }),
    ];
    await daemons.koubou(['work', '--drain']);
    const board = (await json('status')).said;
    assert.deepEqual(
      board.worktrees.map(({ task_id, state, repository: of }: Record<string, string>) => [
        task_id,
        state,
        of,
      ]),
      [
        [wanted, 'open', folder],
        [unwanted, 'open', folder],
      ],
    );
    assert.match((await daemons.koubou(['status'])).stdout, /Worktrees\nID +STATE +OF\n.* open .*project\n/);
    const patch = (await daemons.koubou(['diff', wanted])).stdout;
    assert.match(patch, /^diff --git a\/a\.txt b\/a\.txt\n[^]*\+b\n$/);
    assert.equal((await json('diff', wanted)).said.patch, patch);

    assert.equal((await daemons.koubou(['apply', wanted], { cwd: folder })).stdout, 'a.txt\n');
    assert.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'a\nb\n');
    const dirty = await daemons.koubou(['apply', unwanted], { cwd: folder });
    assert.equal(dirty.code, 1);
    assert.equal(dirty.stdout, 'a.txt\n');
    assert.match(dirty.stderr, /changes of your own; nothing was changed/);
    git('commit', '-qam', 'took it');
    const conflict = await json('apply', unwanted);
    assert.equal(conflict.exit, 1);
    assert.equal(conflict.said.result, 'conflict');
    assert.equal((await json('discard', unwanted)).said.result, 'discarded');
    assert.equal((await json('discard', unwanted)).exit, 2);
    assert.deepEqual((await json('status')).said.worktrees, []);
    assert.equal((await daemons.koubou(['apply'])).code, 2, 'it names no task');
    assert.equal((await daemons.koubou(['diff', 'task_20200101_000000_000000_aaaa'])).code, 3);
  });

  it('begin again in a clean worktree when the daemon was killed', async () => {
    repository();
    const started = daemons.home.path('started');
    const id = await code(
      `if test -e '${started}'; then test ! -e half.txt && echo new > new.txt; else echo half > half.txt; echo $$ > '${started}'; exec sleep 300; fi`,
      { worktree: true },
    );
    const daemon = await daemons.start();
    await daemons.said('started');
    daemon.kill('SIGKILL');
    await daemon.ended;
    await daemons.koubou(['work', '--drain']);
    const record = await daemons.record(id);
    assert.equal(record.status, 'completed', record.result?.error?.message);
    assert.deepEqual(
      record.attempts.map(({ error }) => error?.code ?? null),
      ['worker_lost', null],
    );
    assert.equal((await daemons.koubou(['apply', id], { cwd: folder })).stdout, 'new.txt\n');
    assert.equal(existsSync(join(folder, 'half.txt')), false);
    assert.equal(git('worktree', 'list').trim().split('\n').length, 1);
  });

  it('begin again where the daemon was killed while git made the branch', async function () {
    if (process.platform !== 'linux') this.skip();
    repository();
    // Outside of the project, where koubou would not take it for git.
    const bin = mkdtempSync(join(tmpdir(), 'koubou-git-'));
    // What a git leaves that is killed there; this one outlives its daemon.
    const half = `#!/bin/sh
case "$*" in *" update-ref "*)
  mkdir -p .git/refs/heads/koubou
  for each; do case $each in refs/heads/*) touch .git/$each.lock; esac; done
  echo $$ > '${daemons.home.path('git-pid')}'
  exec sleep 300
esac
PATH="\${PATH#*:}" exec git "$@"
`;
    writeFileSync(join(bin, 'git'), half, { mode: 0o755 });
    const id = await code('echo new > new.txt', { worktree: true });
    const daemon = await daemons.start([], { environment: { PATH: `${bin}:${process.env['PATH']}` } });
    const stuck = Number(await daemons.said('git-pid'));
    daemon.kill('SIGKILL');
    await daemon.ended;
    await daemons.koubou(['work', '--drain']);
    const record = await daemons.record(id);
    assert.equal(record.status, 'completed', record.result?.error?.message);
    assert.equal(record.attempts[0]?.error?.code, 'worker_lost');
    assert.equal(startTimeOf(stuck), null);
    assert.equal((await daemons.koubou(['apply', id], { cwd: folder })).stdout, 'new.txt\n');
    assert.equal(git('worktree', 'list').trim().split('\n').length, 1);
    assert.equal(git('status', '--porcelain'), '?? new.txt\n');
    rmSync(bin, { recursive: true });
  });

  it('are applied whole in the end when the one who applies is killed', async () => {
    repository();
    const id = await code('for n in $(seq 400); do echo $n > $n.txt; done', { worktree: true });
    await daemons.koubou(['work', '--drain']);
    const { child, ended } = await startKoubou(['apply', id], { home: daemons.home.home, cwd: folder });
    await until(() => existsSync(join(folder, '.git', 'index.lock')), 'the merge');
    child.kill('SIGKILL');
    await ended;
    await until(async () => (await daemons.koubou(['apply', id], { cwd: folder })).code === 0, 'another try');
    assert.equal(readdirSync(folder).filter((name) => /^\d+\.txt$/.test(name)).length, 400);
    assert.deepEqual(
      readdirSync(join(folder, '.git')).filter((name) => name.startsWith('index.')),
      [],
    );
  });

  it('end with no_evidence when nothing was done, with the home in the folder', async () => {
    const id = await daemons.add({
      type: 'code',
      command: ['sh', '-c', 'echo I did it all'],
      cwd: dirname(daemons.home.home),
      options: { runner: 'command', retries: 0 },
    });
    await daemons.koubou(['work', '--drain']);
    assert.equal((await daemons.record(id)).result?.error?.code, 'no_evidence');
  });

  describe('with --worktree are not added', () => {
    const refused = async (...flags: string[]): Promise<string> => {
      const { code: exit, stderr } = await daemons.koubou(['delegate', '--worktree', ...flags, 'Do it.'], {
        cwd: folder,
      });
      assert.equal(exit, 2, stderr);
      assert.match(stderr, /Nothing was added/);
      assert.equal((await daemons.queue.counts()).pending, 0);
      return stderr;
    };

    it('where there is no repository, or nothing was committed', async () => {
      assert.match(await refused('--type', 'code', '--runner', 'command'), /needs a git repository/);
      git('init', '-q');
      assert.match(await refused('--type', 'code', '--runner', 'command'), /has none/);
      rmSync(join(folder, '.git'), { recursive: true });
    });

    it('to a runner that gives text, and not as another type', async () => {
      repository();
      assert.match(await refused(), /for tasks of type code/);
      daemons.configure(
        'endpoints: { e: { kind: ollama, url: http://127.0.0.1:9 } }\nrunners: { text: { kind: ollama, endpoint: e, model: m } }',
      );
      assert.match(await refused('--type', 'code', '--runner', 'text'), /gives text/);
    });

    it('and are where it can be had', async () => {
      repository();
      const flags = ['--worktree', '--type', 'code', '--runner', 'command'];
      const { stdout } = await daemons.koubou(['delegate', ...flags, 'Do it.'], { cwd: folder });
      assert.equal((await daemons.record(stdout.trim())).options.worktree, true);
    });
  });
});
