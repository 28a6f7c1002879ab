/**
 * Principle 5 of issue 9: what a model wrote runs where the model ran, with no more rights. Each attack is tried twice: in
 * the sandbox, and without one, where it has to succeed; else it would prove nothing.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { type ConfineOptions, confinedExecutor } from '../../src/executor/confine.ts';
import type { Executor } from '../../src/executor/executor.ts';
import { findBubblewrap } from '../../src/executor/find-bubblewrap.ts';
import { localExecutor } from '../../src/executor/local.ts';
import { systemHome } from '../../src/process/key-folders.ts';
import { startTimeOf } from '../../src/process/liveness.ts';
import type { RunningProgram } from '../../src/process/spawn.ts';
import { stopTree } from '../../src/process/stop-tree.ts';
import { needBubblewrap, pathWith, pathWithout } from '../helpers/bubblewrap.ts';
import { until } from '../helpers/until.ts';
import { leaseFor } from '../support/lease.ts';

describe('a program of a model in the sandbox', function () {
  this.timeout(30_000);
  let root: string;
  let user: string;
  let cwd: string;
  let home: string;
  let statePath: string;
  let path: string;
  let server: Server;
  const started: RunningProgram[] = [];

  needBubblewrap();

  const write = (file: string, text = 'secret\n'): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };

  beforeEach(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-sandbox-')));
    user = join(root, 'user');
    cwd = join(user, 'project');
    home = join(cwd, '.koubou');
    statePath = join(home, 'results', 'run-1.state');
    mkdirSync(statePath, { recursive: true });
    for (const file of [
      '.ssh/id',
      '.config/gh/hosts.yml',
      '.npmrc',
      '.local/state/koubou/key',
      'notes.txt',
    ]) {
      write(join(user, file));
    }
    for (const file of ['config/.env', 'pending/task.json']) write(join(home, file));
    write(join(user, '.koubou', 'config', '.env'));
    git('init', '--quiet');
    path = pathWith(join(root, 'bin'));
    server = createServer((_, response) => response.end('reached')).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const program of started.splice(0)) await stopTree({ ...program, marker: MARKER, graceMs: 0 });
    server.closeAllConnections();
    server.close();
    rmSync(root, { recursive: true, force: true });
  });

  const MARKER = `sandbox-${process.pid}/task.r1`;
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', cwd, ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });

  const environment = (): Record<string, string> => ({
    PATH: path,
    HOME: user,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b.c',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b.c',
  });

  const confined = (over: Partial<ConfineOptions> = {}, folder = cwd): Promise<Executor> =>
    confinedExecutor(
      { cwd: folder, statePath, readable: [], staysLocal: true },
      {
        home,
        keys: [join(user, '.local', 'state', 'koubou')],
        environment: environment(),
        network: 'none',
        writes: 'folder',
        ...over,
      },
    );

  /** What the script printed, on both its outputs. */
  const run = async (executor: Executor, script: string, folder = cwd): Promise<string> => {
    const out = join(root, `out-${started.length}`);
    const program = await executor.start({
      command: 'sh',
      args: ['-c', script],
      cwd: folder,
      environment: environment(),
      stdin: 'closed',
      stdoutPath: out,
      stderrPath: out,
      lease: leaseFor({ marker: MARKER }),
    });
    started.push(program);
    await program.ended;
    return readFileSync(out, 'utf8');
  };

  /** The attack succeeds outside and not in the sandbox; both times in a place as it was. */
  const holds = async (script: () => string, succeeded: (said: string) => boolean): Promise<void> => {
    const said = await run(await confined(), script());
    assert.ok(!succeeded(said), `it succeeded: ${said}`);
    const outside = await run(localExecutor, script());
    assert.ok(succeeded(outside), `the test would not notice it: ${outside}`);
  };

  it('writes into its folder, and nowhere else', async () => {
    await run(await confined(), `echo hello > made; echo x > ${statePath}/x`);
    assert.equal(readFileSync(join(cwd, 'made'), 'utf8'), 'hello\n');
    for (const place of [join(user, 'notes.txt'), join(user, 'new'), join(home, 'pending', 'mine.json')]) {
      await holds(
        () => `echo planted > ${place}`,
        () => existsSync(place) && readFileSync(place, 'utf8') === 'planted\n',
      );
    }
  });

  it("has a home folder of its own for what programs keep, over the user's", async () => {
    const said = await run(
      await confined(),
      'cat ~/notes.txt; mkdir -p ~/.cache/x ~/.tool && echo y > ~/.tool/y && cat ~/.tool/y',
    );
    assert.equal(said, 'secret\ny\n');
    assert.ok(!existsSync(join(user, '.tool')));
  });

  it('reads neither keys nor logins nor koubou', async () => {
    for (const file of [
      '.ssh/id',
      '.config/gh/hosts.yml',
      '.npmrc',
      '.local/state/koubou/key',
      '.koubou/config/.env',
    ]) {
      await holds(
        () => `cat ${join(user, file)}`,
        (said) => said === 'secret\n',
      );
    }
    for (const file of ['config/.env', 'pending/task.json']) {
      await holds(
        () => `cat .koubou/${file}`,
        (said) => said === 'secret\n',
      );
    }
  });

  it('is not started where the user has more homes than it could hide', async () => {
    const others = (count: number): void => {
      for (let nth = 0; nth < count; nth += 1) {
        const path = join(user, `other-${nth}`, '.koubou');
        write(join(path, 'config', '.env'), 'secret\n');
        write(join(user, '.local/state/koubou/homes', `${nth}`), JSON.stringify({ path }));
      }
    };
    others(300);
    const said = await run(await confined(), `cat ${user}/other-*/.koubou/config/.env | grep -c secret`);
    assert.match(said, /^0$/m);
    others(1001);
    await assert.rejects(confined(), /1001 homes of koubou are yours/);
  });

  it('sees no other home of the user, wherever that lies, and changes none', async () => {
    const others = [join(cwd, 'packages', 'one', '.koubou'), join(user, 'elsewhere', '.koubou')];
    for (const [nth, path] of others.entries()) {
      write(join(path, 'config', '.env'));
      write(join(user, '.local/state/koubou/homes', `${nth}`), JSON.stringify({ path, dev: '1', ino: '1' }));
    }
    const script = others
      .map((path) => `cat ${path}/config/.env; echo evil > ${path}/config/agent.yaml`)
      .join('; ');
    assert.doesNotMatch(await run(await confined(), script), /secret/);
    for (const path of others) assert.ok(!existsSync(join(path, 'config', 'agent.yaml')), path);
    assert.match(await run(localExecutor, script), /secret\nsecret/);
  });

  it('gets at them by no link, no path of a process, no rename', async () => {
    symlinkSync(user, join(cwd, 'link'));
    for (const way of ['link/.ssh/id', `/proc/self/root${user}/.ssh/id`]) {
      await holds(
        () => `cat ${way}`,
        (said) => said === 'secret\n',
      );
    }
    const said = await run(
      await confined(),
      `cat /proc/1/root${user}/.ssh/id /proc/1/cwd/config/.env; mv .koubou k && cat k/config/.env; umount ${user}/.ssh ${home}; cat .koubou/config/.env`,
    );
    assert.doesNotMatch(said, /secret/);
    assert.ok(existsSync(home));
  });

  it('takes no mount away and changes nothing of the machine, as root neither', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const same = 'v=$(cat /proc/sys/vm/swappiness); echo $v > /proc/sys/vm/swappiness && echo written';
    await holds(
      () => same,
      (said) => said === 'written\n',
    );
    const said = await run(
      await confined(),
      `umount -l .koubou; cat .koubou/config/.env; mount -o remount,rw,bind / && echo remounted; mount -t tmpfs x ${user} && echo mounted; unshare -Urm umount -l ${home} && echo unmounted; mknod disk b 8 0 && echo made; nsenter -t 1 -a true && echo entered`,
    );
    assert.doesNotMatch(said, /^(secret|remounted|mounted|unmounted|made|entered)$/m);
  });

  it('works in files of others, as root does', async function () {
    if (process.getuid?.() !== 0) this.skip();
    write(join(cwd, 'theirs'));
    chmodSync(join(cwd, 'theirs'), 0o600);
    chownSync(join(cwd, 'theirs'), 12345, 12345);
    chownSync(cwd, 12345, 12345);
    assert.equal(
      await run(await confined(), 'echo more >> theirs && cat theirs && echo x > new && cat new'),
      'secret\nmore\nx\n',
    );
  });

  it('commits, and leaves nothing that the next git would run', async () => {
    const said = await run(
      await confined(),
      'echo x > x; git add x && git commit -qm work && git log --format=%s',
    );
    assert.equal(said, 'work\n', said);
    const plants: [string, string][] = [
      ['echo x > .git/hooks/post-checkout', join(cwd, '.git/hooks/post-checkout')],
      ['git config core.fsmonitor /bin/evil', join(cwd, '.git/config')],
      ['mkdir -p .git/info && echo "* filter=x" > .git/info/attributes', join(cwd, '.git/info/attributes')],
      ['echo ../evil > .git/commondir', join(cwd, '.git/commondir')],
      [
        'mkdir -p .git/rebase-merge; echo exec evil > .git/rebase-merge/git-rebase-todo',
        join(cwd, '.git/rebase-merge/git-rebase-todo'),
      ],
      [
        'rm -rf .git/hooks; mkdir -p .git/hooks; echo x > .git/hooks/pre-commit',
        join(cwd, '.git/hooks/pre-commit'),
      ],
      [
        'mv .git g; mkdir .git; cp -r g/* .git; echo x > .git/hooks/pre-push',
        join(cwd, '.git/hooks/pre-push'),
      ],
    ];
    for (const [script, file] of plants) {
      const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
      await holds(
        () => script,
        () => (existsSync(file) ? readFileSync(file, 'utf8') : null) !== before,
      );
      rmSync(join(cwd, '.git'), { recursive: true });
      git('init', '--quiet');
    }
  });

  it('names no server that the next git would push to', async () => {
    const url = (): string => {
      try {
        return git('ls-remote', '--get-url', 'origin').trim();
      } catch {
        return 'origin';
      }
    };
    const plants = [
      'mkdir -p .git/remotes; echo "URL: http://evil.example/x" > .git/remotes/origin',
      'mkdir -p .git/branches; echo "http://evil.example/x" > .git/branches/origin',
    ];
    for (const plant of plants) {
      await run(await confined(), plant);
      assert.equal(url(), 'origin', plant);
      await run(localExecutor, plant);
      assert.equal(url(), 'http://evil.example/x', 'the test would not notice it');
      await run(localExecutor, 'rm -rf .git/remotes .git/branches');
    }
  });

  it('adds no command to a rebase that the user has begun', async () => {
    const todo = join(cwd, '.git/rebase-merge/git-rebase-todo');
    write(todo, 'pick 1\n');
    await holds(
      () =>
        'mv .git/rebase-merge .git/r; mkdir -p .git/rebase-merge; echo exec evil >> .git/rebase-merge/git-rebase-todo',
      () => /evil/.test(readFileSync(todo, 'utf8')),
    );
  });

  it('leads no git elsewhere while it runs, nor when its worker is killed meanwhile', async () => {
    const common = join(cwd, '.git', 'commondir');
    const [mark, go] = [join(root, 'mark'), join(cwd, 'go')];
    write(join(cwd, 'evil.sh'), `#!/bin/sh\n: > ${mark}\n`);
    chmodSync(join(cwd, 'evil.sh'), 0o755);
    /** What the user's git says while the program, which has done its part, still runs. */
    const meanwhile = async (executor: Executor): Promise<string> => {
      const ready = join(cwd, 'ready');
      const ended = run(
        executor,
        `cp -r .git evil; git config -f evil/config core.fsmonitor "$PWD/evil.sh"; rm -f .git/commondir; echo ../evil > c; mv -f c .git/commondir; : > ready; until test -e go; do sleep 0.02; done`,
      );
      await until(() => existsSync(ready));
      const said = git('status', '--porcelain', '--untracked-files=no') + readFileSync(common, 'utf8');
      write(go);
      await ended;
      for (const path of [ready, go, join(cwd, 'evil')]) rmSync(path, { recursive: true, force: true });
      return said;
    };
    // As one that was killed has left it.
    for (const left of [null, '.\n']) {
      if (left !== null) writeFileSync(common, left);
      assert.equal(await meanwhile(await confined()), '.\n');
      assert.ok(!existsSync(mark));
      assert.ok(!existsSync(common));
    }
    // Another program in the same folder, which ended before.
    const executor = await confined();
    const both = await confined();
    const short = async (): Promise<string> => run(both, 'until test -e other; do sleep 0.02; done');
    const other = short();
    await until(() => existsSync(common));
    const long = run(
      executor,
      ': > here; until test -e go; do sleep 0.02; done; echo ../evil > c; mv -f c .git/commondir; : > ready; until test -e end; do sleep 0.02; done',
    );
    await until(() => existsSync(join(cwd, 'here')));
    write(join(cwd, 'other'));
    await other;
    write(join(cwd, 'go'));
    await until(() => existsSync(join(cwd, 'ready')));
    assert.equal(readFileSync(common, 'utf8'), '.\n');
    write(join(cwd, 'end'));
    await long;
    assert.ok(!existsSync(common));
    for (const name of ['go', 'ready']) rmSync(join(cwd, name));
    assert.equal(await meanwhile(localExecutor), '../evil\n');
    assert.ok(existsSync(mark), 'the test would not notice it');
  });

  it('commits in a linked work tree on its branch alone', async () => {
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'first');
    const tree = join(home, 'worktrees', 'one');
    git('worktree', 'add', '-q', '-b', 'koubou/one', tree);
    const executor = await confined({}, tree);
    assert.equal(
      await run(executor, 'echo x > x; git add x && git commit -qm work && git log -1 --format=%s', tree),
      'work\n',
    );
    const main = git('rev-parse', 'HEAD');
    await run(
      executor,
      'git update-ref refs/heads/main HEAD; git update-ref refs/heads/master HEAD; git tag evil',
      tree,
    );
    await run(
      executor,
      `echo x > ${cwd}/.git/hooks/pre-commit; echo 'gitdir: ${cwd}' > .git; git config a.b c`,
      tree,
    );
    assert.equal(git('rev-parse', 'HEAD'), main);
    assert.equal(git('tag'), '');
    assert.ok(!existsSync(join(cwd, '.git/hooks/pre-commit')));
    assert.match(readFileSync(join(tree, '.git'), 'utf8'), /worktrees\/one/);
    assert.doesNotMatch(readFileSync(join(cwd, '.git/config'), 'utf8'), /b = c/);
    assert.equal(git('-C', tree, 'log', '-1', '--format=%s'), 'work\n');
  });

  it('makes no settings of a linked work tree, where git reads such of each', async () => {
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'first');
    git('config', 'extensions.worktreeConfig', 'true');
    const tree = join(root, 'tree');
    git('worktree', 'add', '-q', '-b', 'one', tree);
    const settings = join(cwd, '.git', 'worktrees', 'tree', 'config.worktree');
    rmSync(settings, { force: true });
    const executor = await confined({}, tree);
    const script = `echo '[a]b = c' > ${settings}; rm -f ${settings}; echo x > x; git add x && git commit -qm work && git log -1 --format=%s`;
    assert.match(await run(executor, script, tree), /^work$/m);
    assert.equal(readFileSync(settings, 'utf8'), '');
  });

  it('commits in a work tree of a repository that lies in /tmp, outside of its home folder', async () => {
    const top = join(root, 'elsewhere');
    const tree = join(root, 'tree');
    git('init', '-q', top);
    git(
      '-C',
      top,
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@b',
      'commit',
      '-q',
      '--allow-empty',
      '-m',
      'first',
    );
    write(join(top, 'notes.txt'));
    git('-C', top, 'worktree', 'add', '-q', '--detach', tree);
    const executor = await confined({}, tree);
    const commit = 'echo x > x; git add x && git commit -qm work && git log -1 --format=%s';
    assert.equal(await run(executor, commit, tree), 'work\n');
    assert.equal(git('-C', tree, 'log', '-1', '--format=%s'), 'work\n');
    const attack = `echo x > ${top}/.git/hooks/pre-commit; git config a.b c; git branch evil; cat ${top}/notes.txt`;
    assert.doesNotMatch(await run(executor, attack, tree), /^secret/m, 'its files are not its git folder');
    const done = (): boolean[] => [
      existsSync(join(top, '.git/hooks/pre-commit')),
      /b = c/.test(readFileSync(join(top, '.git/config'), 'utf8')),
      git('-C', top, 'branch', '--list', 'evil') !== '',
    ];
    assert.deepEqual(done(), [false, false, false]);
    await run(localExecutor, attack, tree);
    assert.deepEqual(done(), [true, true, true]);
  });

  it('replaces and takes away nothing that the repository of its work tree has packed', async () => {
    write(join(cwd, 'Makefile'), 'all:\n');
    git('add', 'Makefile');
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'first');
    git('gc', '-q');
    const tree = join(root, 'tree');
    git('worktree', 'add', '-q', '--detach', tree);
    const id = git('rev-parse', 'HEAD:Makefile').trim();
    const loose = `${id.slice(0, 2)}/${id.slice(2)}`;
    // Another object under the name of this one, beside the packs; then the packs away.
    const script = `o=$(git rev-parse --git-common-dir)/objects
      n=$(echo evil | git hash-object -w --stdin); d=$(echo $n | cut -c1-2); f=$(echo $n | cut -c3-)
      mkdir -p $o/${loose.slice(0, 2)}; cp -f $o/$d/$f $o/${loose}
      mv $o/pack $o/p; rm -rf $o/p; rm -f $o/pack/*
      echo work > x; git add x; git commit -qm work && echo done`;
    const makefile = (): string => {
      rmSync(join(cwd, 'Makefile'));
      try {
        git('checkout', 'HEAD', '--', 'Makefile');
        return readFileSync(join(cwd, 'Makefile'), 'utf8');
      } catch {
        return 'gone';
      }
    };
    assert.match(await run(await confined({}, tree), script, tree), /^done$/m);
    assert.equal(makefile(), 'all:\n');
    await run(localExecutor, script, tree);
    assert.notEqual(makefile(), 'all:\n', 'the test would not notice it');
  });

  it('changes no branch at all in a work tree where none is checked out, as those of tasks are', async () => {
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'first');
    git('branch', 'koubou/two');
    const tree = join(home, 'worktrees', 'one');
    git('worktree', 'add', '-q', '--detach', tree);
    git('branch', 'koubou/one');
    const all = git('for-each-ref');
    const executor = await confined({}, tree);
    const said = await run(
      executor,
      'echo x > x; git add x && git commit -qm work && git log -1 --format=%s',
      tree,
    );
    assert.equal(said, 'work\n');
    const heads = join(cwd, '.git/refs/heads');
    const attack = `for name in one two; do rm -f ${heads}/koubou/$name; echo 'ref: refs/heads/x' > ${heads}/koubou/$name; done; git branch -f koubou/two HEAD; git tag x`;
    await run(executor, attack, tree);
    assert.equal(git('for-each-ref'), all);
    await run(localExecutor, attack, tree);
    assert.notEqual(git('for-each-ref'), all);
  });

  it('leaves no link or pipe in a git folder, through which the next git would write elsewhere', async () => {
    const victim = join(user, 'profile');
    const plant =
      'mkdir -p .git/logs/refs/heads; for name in COMMIT_EDITMSG MERGE_MSG logs/HEAD logs/refs/heads/x; do rm -f .git/$name; ln -s ' +
      `${victim} .git/$name; done; rm -rf .git/objects/aa; ln -s ${user} .git/objects/aa; rm -f .git/index; mkfifo .git/index`;
    const odd = (): string =>
      execFileSync('find', ['.git', '!', '-type', 'f', '!', '-type', 'd'], { cwd, encoding: 'utf8' });
    symlinkSync('HEAD', join(cwd, '.git/MINE'));
    await run(await confined(), plant);
    assert.equal(odd(), '.git/MINE\n');
    await run(localExecutor, plant);
    assert.equal(odd().split('\n').length, 8);
    rmSync(join(cwd, '.git/index'));
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'evil');
    assert.match(readFileSync(victim, 'utf8'), /evil/);
  });

  it('writes nowhere by a link that the repository brings in the place of a part of its git folder', async () => {
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'first');
    const victim = join(user, 'victim');
    mkdirSync(victim);
    const tree = join(user, 'tree');
    git('worktree', 'add', '-q', '-b', 'work', tree);
    const attack = `echo evil > ${victim}/profile`;
    const parts = ['reftable', 'logs', 'refs/heads', 'objects/pack'];
    for (const part of parts) {
      const path = join(cwd, '.git', part);
      const isThere = existsSync(path);
      if (isThere) renameSync(path, `${path}.kept`);
      symlinkSync(victim, path);
      await run(await confined({}, tree), attack, tree);
      assert.deepEqual(readdirSync(victim), [], part);
      rmSync(path);
      if (isThere) renameSync(`${path}.kept`, path);
    }
    // Without such a link it commits there, and where the link is the folder of its own, it writes.
    await run(await confined({}, tree), 'echo x > x; git add x; git commit -qm work', tree);
    assert.equal(git('-C', tree, 'log', '-1', '--format=%s'), 'work\n');
    await run(await confined({ writable: [victim] }, tree), attack, tree);
    assert.deepEqual(readdirSync(victim), ['profile']);
  });

  it('takes no folder for its git folder because a file of the repository says so', async () => {
    const other = join(user, 'other');
    execFileSync('git', ['init', '--quiet', other]);
    rmSync(join(cwd, '.git'), { recursive: true });
    writeFileSync(join(cwd, '.git'), `gitdir: ${other}/.git\n`);
    await run(await confined(), `echo planted > ${other}/.git/HEAD; echo planted > ${other}/.git/objects/x`);
    assert.match(readFileSync(join(other, '.git', 'HEAD'), 'utf8'), /^ref: /);
    assert.ok(!existsSync(join(other, '.git', 'objects', 'x')));
  });

  const REACH = (port: number, host = '127.0.0.1'): string =>
    `${process.execPath} -e 'fetch("http://${host}:${port}/").then((r) => r.text()).then(console.log, () => console.log("no"))'`;

  it('has no network', async () => {
    const { port } = server.address() as AddressInfo;
    await holds(
      () => REACH(port),
      (said) => said === 'reached\n',
    );
  });

  it('reaches koubou at its port, where it is given one, and nothing else', async () => {
    const { port } = server.address() as AddressInfo;
    const folder = mkdtempSync('/tmp/koubou-test-');
    const relay = createServer((_, response) => response.end('relay')).listen(join(folder, 'relay'));
    try {
      await once(relay, 'listening');
      const executor = await confined({ network: { relaySocket: join(folder, 'relay'), port: 4711 } });
      assert.equal(await run(executor, `${REACH(4711)}; ${REACH(port)}; exit 3`), 'relay\nno\n');
      assert.equal((await started.at(-1)?.ended)?.exitCode, 3);
    } finally {
      relay.closeAllConnections();
      relay.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('talks to no socket of the session, wherever it lies', async () => {
    const socket = join(user, 'agent.sock');
    const agent = createServer((_, response) => response.end('signed')).listen(socket);
    try {
      await once(agent, 'listening');
      const ask = `${process.execPath} -e 'require("node:http").get({ socketPath: ${JSON.stringify(socket)} }, (r) => r.pipe(process.stdout)).on("error", () => console.log("no"))'`;
      await holds(
        () => ask,
        (said) => said === 'signed',
      );
      const said = await run(await confined({ network: 'all' }), `${ask}; ls /run /tmp`);
      assert.doesNotMatch(said, /signed|docker|dbus|user/);
    } finally {
      agent.closeAllConnections();
      agent.close();
    }
  });

  it('sees, stops and traces no process outside', async () => {
    const victim = await localExecutor.start({
      command: 'sleep',
      args: ['600'],
      cwd,
      environment: environment(),
      stdin: 'closed',
      stdoutPath: '/dev/null',
      stderrPath: '/dev/null',
      lease: leaseFor({ marker: MARKER }),
    });
    started.push(victim);
    const said = await run(await confined(), `kill -9 ${victim.pid}; kill -9 -1; ls /proc/${victim.pid}`);
    assert.doesNotMatch(said, /environ/);
    assert.equal(startTimeOf(victim.pid), victim.startTime);
    await run(localExecutor, `kill -9 ${victim.pid}`);
    await until(() => startTimeOf(victim.pid) === null);
  });

  it('leaves nothing that goes on when it ended', async () => {
    const beat = join(cwd, 'beat');
    const leaves = (begin: string): string =>
      `(setsid env -i sh -c '${begin}; while :; do echo x >> ${beat}; sleep 0.02; done' > /dev/null 2>&1 &); sleep 0.2`;
    await run(await confined(), leaves('true'));
    const size = readFileSync(beat).length;
    assert.ok(size > 0);
    assert.equal(Number(await run(localExecutor, `sleep 0.3; wc -c < ${beat}`)), size);
    // Without the sandbox it goes on.
    const pidFile = join(root, 'pid');
    await run(localExecutor, leaves(`echo $$ > ${pidFile}`));
    const then = readFileSync(beat).length;
    await until(() => readFileSync(beat).length > then);
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  });

  it('ends with the one who started it, whatever killed that', async () => {
    const beat = join(cwd, 'beat');
    const owner = await localExecutor.start({
      command: process.execPath,
      args: ['--input-type=module', '-e', OWNER],
      cwd: root,
      environment: {
        ...environment(),
        CONFINE: new URL('../../src/executor/confine.ts', import.meta.url).href,
        PLACE: JSON.stringify({ cwd, statePath, readable: [], staysLocal: true }),
        OPTIONS: JSON.stringify({
          home,
          keys: [],
          environment: environment(),
          network: 'none',
          writes: 'folder',
        }),
        SCRIPT: `while :; do echo x >> ${beat}; sleep 0.02; done`,
      },
      stdin: 'closed',
      stdoutPath: join(root, 'owner'),
      stderrPath: join(root, 'owner'),
      lease: null,
    });
    started.push(owner);
    await until(
      () => existsSync(beat) && readFileSync(beat).length > 4,
      readFileSync(join(root, 'owner'), 'utf8'),
    );
    process.kill(owner.pid, 'SIGKILL');
    await owner.ended;
    const gone = (): number => readFileSync(beat).length;
    let before = -1;
    await until(async () => {
      const now = gone();
      const same = now === before;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return same && gone() === now;
    });
  });

  it('is asked before it is killed', async () => {
    const executor = await confined();
    const out = join(root, 'asked');
    const program = await executor.start({
      command: 'sh',
      args: ['-c', 'trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.02; done'],
      cwd,
      environment: environment(),
      stdin: 'closed',
      stdoutPath: out,
      stderrPath: out,
      lease: leaseFor({ marker: MARKER }),
    });
    started.push(program);
    await until(() => readFileSync(out, 'utf8').includes('ready'));
    assert.deepEqual(await executor.stop({ ...program, marker: MARKER }), { killed: [], left: [] });
    assert.match(readFileSync(out, 'utf8'), /^ready\n(Terminated\n)?bye\n$/);
    assert.equal((await program.ended).exitCode, 7);
  });

  it('works in folders with odd names', async () => {
    const odd = join(user, 'a\nb  "c" \'d\' --bind / é');
    mkdirSync(join(odd, '.koubou'), { recursive: true });
    write(join(odd, '.koubou', 'secret'));
    const executor = await confined({ home: join(odd, '.koubou') }, odd);
    assert.match(await run(executor, 'echo x > made && cat made; cat .koubou/secret', odd), /^x\ncat: /);
    assert.ok(existsSync(join(odd, 'made')));
  });

  const refused = (folder: string, over: Partial<ConfineOptions> = {}): Promise<void> =>
    assert.rejects(confined(over, folder), (error) => {
      assert.ok(error instanceof KoubouError);
      assert.equal(error.code, 'not_allowed');
      assert.match(error.hint, /\S/);
      return true;
    });

  it('gets neither the machine nor the home folder nor keys nor koubou to work in', async () => {
    symlinkSync(join(user, '.ssh'), join(cwd, 'keys'));
    const folders = [
      '/',
      systemHome(),
      dirname(systemHome()),
      join(user, '.ssh'),
      join(cwd, 'keys'),
      home,
      statePath,
    ];
    for (const folder of folders.filter((each) => existsSync(each))) await refused(folder);
  });

  it('is refused where no bubblewrap works, with words that cure it', async () => {
    path = pathWithout(join(root, 'without'));
    await refused(cwd);
  });

  it('is in no bubblewrap of the project', async () => {
    const planted = join(cwd, 'bin');
    write(join(planted, 'bwrap'), '#!/bin/sh\nexit 0\n');
    execFileSync('chmod', ['+x', join(planted, 'bwrap')]);
    path = `${planted}:${pathWithout(join(root, 'without'))}`;
    await refused(cwd);
    assert.deepEqual(await findBubblewrap(path), { program: join(planted, 'bwrap') });
  });
});

const OWNER = `
const { confinedExecutor } = await import(process.env.CONFINE);
const options = JSON.parse(process.env.OPTIONS);
const place = JSON.parse(process.env.PLACE);
const executor = await confinedExecutor(place, options);
await executor.start({ command: 'sh', args: ['-c', process.env.SCRIPT], cwd: place.cwd, environment: options.environment,
  stdin: 'closed', stdoutPath: '/dev/null', stderrPath: '/dev/null', lease: null });
setInterval(() => undefined, 1000);
`;
