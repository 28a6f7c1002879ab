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
import { findBubblewrap } from '../../src/executor/bubblewrap/find-bubblewrap.ts';
import { type ConfineOptions, confinedExecutor } from '../../src/executor/confine.ts';
import type { Executor } from '../../src/executor/executor.ts';
import { localExecutor } from '../../src/executor/local.ts';
import { systemHome } from '../../src/names/user-homes.ts';
import { startTimeOf } from '../../src/process/liveness.ts';
import type { RunningProgram } from '../../src/process/programs/start-program.ts';
import { stopTree } from '../../src/process/programs/stop-tree.ts';
import { needBubblewrap, pathWith, pathWithout } from '../support/koubou/bubblewrap.ts';
import { leaseFor } from '../support/lease.ts';
import { until } from '../support/until.ts';

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
      { cwd: folder, statePath, own: [], attached: [], staysLocal: true },
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

  const commitFirst = (): void => {
    write(join(cwd, 'Makefile'), 'all:\n');
    git('add', 'Makefile');
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'first');
  };
  /** Everything that lies there: kinds, names, rights and contents. */
  const fingerprint = (folder: string): string =>
    execFileSync(
      'sh',
      ['-c', "find . -printf '%p %y %m %l\\n' | sort; find . -type f -exec sha256sum {} + | sort"],
      { cwd: folder, encoding: 'utf8' },
    );

  /** What the user's next git would run, follow or believe. */
  const PLANTS = [
    'echo x > .git/hooks/post-checkout',
    'git config core.fsmonitor /bin/evil',
    'mkdir -p .git/info && echo "* filter=x" > .git/info/attributes',
    'echo ../evil > .git/commondir',
    'mkdir -p .git/rebase-merge; echo exec evil > .git/rebase-merge/git-rebase-todo',
    'mkdir -p .git/sequencer; echo x > .git/sequencer/opts',
    'rm -rf .git/hooks; mkdir -p .git/hooks; echo x > .git/hooks/pre-commit',
    'mv .git g; mkdir .git; cp -r g/* .git; echo x > .git/hooks/pre-push',
    'mkdir -p .git/remotes; echo "URL: http://evil.example/x" > .git/remotes/origin',
    'mkdir -p .git/branches; echo "http://evil.example/x" > .git/branches/origin',
    'rm -f .git/logs/HEAD; ln -s /tmp/x .git/logs/HEAD',
    'rm -f .git/index; mkfifo .git/index',
    'git update-index --assume-unchanged Makefile',
    'echo x > x; git add x; git commit -qm work',
    'git update-ref refs/replace/$(git rev-parse HEAD^{tree}) $(git rev-parse HEAD:Makefile)',
    'git rev-parse HEAD > .git/shallow',
    'git rev-parse HEAD > .git/MERGE_HEAD',
    'git rev-parse HEAD > .git/BISECT_START',
    'echo ref: refs/heads/evil > .git/HEAD',
    'echo evil | git hash-object -w --stdin',
    'rm -f .git/objects/??/*; git gc -q',
    'touch .git/index.lock',
    'mkdir -p .git/lfs .git/worktrees/evil; echo x > .git/worktrees/evil/gitdir',
  ];

  it('looks with git, and changes nothing of what git runs, follows or believes', async () => {
    commitFirst();
    const folder = join(cwd, '.git');
    const before = fingerprint(folder);
    write(join(cwd, 'Makefile'), 'all: x\n');
    const look = 'git status --short; git diff --stat; git log --format=%s; git show HEAD:Makefile';
    assert.match(await run(await confined(), look), /^ M Makefile\n.*Makefile \| 2.*\nfirst\nall:\n$/s);
    for (const plant of PLANTS) {
      await run(await confined(), plant);
      assert.equal(fingerprint(folder), before, plant);
      execFileSync('cp', ['-a', folder, join(root, 'kept')]);
      await run(localExecutor, plant);
      assert.notEqual(fingerprint(folder), before, `the test would not notice it: ${plant}`);
      for (const each of [folder, join(cwd, 'g')]) rmSync(each, { recursive: true, force: true });
      renameSync(join(root, 'kept'), folder);
    }
  }).timeout(120_000);

  for (const [what, make] of [
    ['a linked work tree', (tree: string) => git('worktree', 'add', '-q', '-b', 'one', tree)],
    ['a linked work tree without a branch', (tree: string) => git('worktree', 'add', '-q', '--detach', tree)],
    [
      'a submodule',
      (tree: string) => {
        const top = join(root, 'top');
        execFileSync('git', ['init', '-q', top]);
        const allow = ['-c', 'protocol.file.allow=always'];
        execFileSync('git', [...allow, '-C', top, 'submodule', '--quiet', 'add', cwd, 'tree']);
        renameSync(top, dirname(tree));
      },
    ],
    [
      'a work tree with its git folder elsewhere',
      (tree: string) => git('clone', '-q', `--separate-git-dir=${join(user, 'elsewhere.git')}`, cwd, tree),
    ],
  ] as const) {
    it(`does so in ${what}, wherever its git folder lies`, async () => {
      commitFirst();
      const tree = join(root, 'other', 'tree');
      make(tree);
      const common = realpathSync(
        git('-C', tree, 'rev-parse', '--path-format=absolute', '--git-common-dir').trim(),
      );
      const before = [fingerprint(common), readFileSync(join(tree, '.git'), 'utf8')];
      const now = () => [fingerprint(common), readFileSync(join(tree, '.git'), 'utf8')];
      assert.match(await run(await confined({}, tree), 'git log --format=%s', tree), /^first$/m);
      const plants = [
        'echo x > x; git add x; git commit -qm work',
        'git config a.b c',
        `echo x > ${common}/hooks/pre-commit`,
        'git tag evil',
        'echo evil | git hash-object -w --stdin',
        `echo 'gitdir: ${cwd}/evil' > e; mv -f e .git`,
      ];
      for (const plant of plants) {
        await run(await confined({}, tree), plant, tree);
        assert.deepEqual(now(), before, plant);
      }
      await run(localExecutor, plants[0] ?? '', tree);
      assert.notDeepEqual(now(), before, 'the test would not notice it');
    });
  }

  it('looks into the git folder of its work tree alone where others lie in /tmp', async () => {
    const [top, tree] = [join(root, 'elsewhere'), join(root, 'tree')];
    git('init', '-q', top);
    const name = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    git('-C', top, ...name, 'commit', '-q', '--allow-empty', '-m', 'first');
    write(join(top, 'notes.txt'));
    git('-C', top, 'worktree', 'add', '-q', '--detach', tree);
    const said = await run(await confined({}, tree), `git log --format=%s; cat ${top}/notes.txt`, tree);
    assert.match(said, /^first$/m);
    assert.doesNotMatch(said, /^secret/m, 'its files are not its git folder');
  });

  it('is in the way of no git of the user', async () => {
    commitFirst();
    const executor = await confined();
    const ended = run(
      executor,
      ': > here; until test -e go; do sleep 0.02; done; git log --format=%s -1; git config a.b c',
    );
    await until(() => existsSync(join(cwd, 'here')));
    git('config', 'user.name', 'a');
    git('config', 'user.email', 'a@b');
    git('commit', '-q', '--allow-empty', '-m', 'second');
    git('gc', '-q');
    write(join(cwd, 'go'));
    assert.match(await ended, /^second$/m);
    assert.equal(git('config', 'user.name'), 'a\n');
    assert.throws(() => git('config', 'a.b'));
  });

  it('changes no settings that an agent obeys, nor those of other version control', async () => {
    for (const name of ['.claude/settings.json', '.mcp.json', '.codex/config.toml', '.hg/hgrc']) {
      write(join(cwd, name), 'mine\n');
      await holds(
        () =>
          `echo evil > ${name}; mv ${dirname(name)} moved 2>/dev/null; mkdir -p ${dirname(name)}; echo evil > ${name}`,
        () => readFileSync(join(cwd, name), 'utf8') === 'evil\n',
      );
    }
  });

  it('is not started where .git is a link, which it could replace', async () => {
    renameSync(join(cwd, '.git'), join(root, 'elsewhere'));
    symlinkSync(join(root, 'elsewhere'), join(cwd, '.git'));
    await assert.rejects(confined(), { code: 'not_allowed', message: /\.git is a link/ });
    mkdirSync(join(cwd, 'below'));
    assert.equal(await run(await confined({}, join(cwd, 'below')), 'echo ran', join(cwd, 'below')), 'ran\n');
  });

  it('writes to no folder above that all may write to, whatever lies in it', async () => {
    const [open, work] = [join(user, 'open'), join(user, 'open', 'work')];
    mkdirSync(join(open, '.git'), { recursive: true });
    mkdirSync(work);
    const write = 'echo x > ../x; echo y > y';
    await run(await confined({ writes: 'project' }, work), write, work);
    assert.ok(existsSync(join(open, 'x')), 'the test would not notice it');
    rmSync(join(open, 'x'));
    chmodSync(open, 0o1777);
    await run(await confined({ writes: 'project' }, work), write, work);
    assert.deepEqual([existsSync(join(open, 'x')), existsSync(join(work, 'y'))], [false, true]);
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
        PLACE: JSON.stringify({ cwd, statePath, own: [], attached: [], staysLocal: true }),
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
