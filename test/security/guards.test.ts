/**
 * What stays as it is in a sandbox, and what is hidden there, is so by mounts. A mount holds where it is seen and as long
 * as the file under it is there: here programs try to see it no more, and files are replaced from outside meanwhile.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { bubblewrapArguments, removeMade } from '../../src/executor/bubblewrap/bubblewrap.ts';
import { HeldPlaces } from '../../src/executor/bubblewrap/held-places.ts';
import { systemCallFilter } from '../../src/executor/bubblewrap/seccomp.ts';
import { confinedExecutor, confinementOf } from '../../src/executor/confine.ts';
import { Guards } from '../../src/executor/guarded/guards.ts';
import { heldAt } from '../../src/executor/guarded/put-back.ts';
import type { ProgramEnd, RunningProgram } from '../../src/process/programs/start-program.ts';
import { stopTree } from '../../src/process/programs/stop-tree.ts';
import { bubblewrap, needBubblewrap, pathWith } from '../support/koubou/bubblewrap.ts';
import { leaseFor } from '../support/lease.ts';
import { asOtherUser } from '../support/other-user.ts';
import { until } from '../support/until.ts';

const MARKER = `guards-${process.pid}/task.r1`;

/** Without the mounts of the sandbox around it, it takes the place of the git folder that they guard. */
const LEAVES_MOUNTS = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result != 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
work = os.open('.', os.O_RDONLY)
os.makedirs('/tmp/new/old')
must(libc.unshare(0x10000000 | 0x20000))
must(libc.mount(b'/tmp/new', b'/tmp/new', None, 4096 | 16384, None))
os.chdir('/tmp/new')
must(libc.pivot_root(b'.', b'old'))
must(libc.umount2(b'/old', 2))
os.rename('.git', 'g', src_dir_fd=work, dst_dir_fd=work)
os.mkdir('.git', dir_fd=work)
os.write(os.open('.git/config', os.O_WRONLY | os.O_CREAT, dir_fd=work), b'[core] fsmonitor = evil')
print('replaced')
`;

describe('what a sandbox guards and hides', function () {
  this.timeout(30_000);
  let root: string;
  let user: string;
  let cwd: string;
  let statePath: string;
  let path: string;
  const started: RunningProgram[] = [];

  needBubblewrap();
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(placeOfTests(), 'koubou-guards-')));
    user = join(root, 'user');
    cwd = join(user, 'project');
    statePath = join(root, 'state');
    for (const folder of [cwd, statePath]) mkdirSync(folder, { recursive: true });
    path = pathWith(join(root, 'bin'));
    execFileSync('git', ['init', '--quiet', cwd]);
  });
  afterEach(async () => {
    for (const program of started.splice(0)) await stopTree({ ...program, marker: MARKER, graceMs: 0 });
    rmSync(root, { recursive: true, force: true });
  });

  const environment = (): Record<string, string> => ({ PATH: path, HOME: user });
  const place = () => ({ cwd, statePath, own: [], attached: [], staysLocal: true });
  const options = () => ({
    home: null,
    keys: [],
    environment: environment(),
    network: 'none' as const,
    writes: 'folder' as const,
  });
  const out = (): string => join(root, 'out');
  const said = (): string => readFileSync(out(), 'utf8');
  const config = (): string => readFileSync(join(cwd, '.git', 'config'), 'utf8');

  const start = async (
    script: string,
    naming: Record<string, string> = {},
    { attached = [], home = null }: { attached?: string[]; home?: string | null } = {},
  ): Promise<RunningProgram> => {
    const executor = await confinedExecutor({ ...place(), attached }, { ...options(), home, naming });
    const program = await executor.start({
      command: 'sh',
      args: ['-c', script],
      cwd,
      environment: environment(),
      stdin: 'closed',
      stdoutPath: out(),
      stderrPath: out(),
      lease: leaseFor({ marker: MARKER }),
    });
    started.push(program);
    return program;
  };
  const run = async (script: string): Promise<ProgramEnd> => (await start(script)).ended;
  const write = (file: string, text = 'secret\n'): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  /** As programs do that write settings. */
  const replace = (file: string, text: string): void => {
    writeFileSync(`${file}.lock`, text);
    renameSync(`${file}.lock`, file);
  };

  it('stays behind its mounts: no program makes a namespace in which they can be taken away', async () => {
    const before = config();
    const arguments_ = await bubblewrapArguments(
      await confinementOf(place(), options()),
      cwd,
      new HeldPlaces({ byDescriptor: false }),
    );
    const filter = arguments_.indexOf('--seccomp');
    const open = arguments_.toSpliced(filter, 2);
    const attack = ['python3', '-c', LEAVES_MOUNTS];
    const without = spawnSync(bubblewrap() ?? '', [...open, '--', ...attack], {
      encoding: 'utf8',
      env: environment(),
    });
    assert.match(without.stdout, /^replaced$/m, `the test would not notice it: ${without.stderr}`);
    rmSync(join(cwd, '.git'), { recursive: true });
    renameSync(join(cwd, 'g'), join(cwd, '.git'));
    write(join(cwd, 'attack.py'), LEAVES_MOUNTS);
    await run('python3 attack.py');
    assert.match(said(), /Operation not permitted/);
    assert.equal(config(), before);
  });

  it('is kept by a filter that forbids each call by which a namespace is made or entered, or a key of the session read', async () => {
    write(join(cwd, 'calls.py'), CALLS);
    await run('python3 calls.py');
    assert.deepEqual(said().trim().split('\n'), [
      'unshare EPERM',
      'clone EPERM',
      'clone3 ENOSYS',
      'setns EPERM',
      'keyctl ENOSYS',
    ]);
    for (const arch of ['x64', 'arm64', 'riscv64', 'loong64']) assert.ok(systemCallFilter(arch), arch);
    assert.equal(systemCallFilter('mips'), undefined);
  });

  it('is kept by a filter that makes sockets of those kinds alone that a network namespace parts', async () => {
    const each = `
import socket, errno
for family in range(46):
    try:
        socket.socket(family, socket.SOCK_STREAM).close()
        print(family)
    except OSError as error:
        if error.errno in (errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EPERM, errno.EACCES, errno.EPROTOTYPE): print(family)
`;
    write(join(cwd, 'families.py'), each);
    const families = (text: string): number[] => text.trim().split('\n').map(Number);
    await run('python3 families.py');
    const inside = families(said());
    assert.ok(inside.includes(1) && inside.includes(2), said());
    for (const family of inside) assert.ok([1, 2, 10, 16].includes(family), String(family));
    const outside = families(execFileSync('python3', ['families.py'], { cwd, encoding: 'utf8' }));
    assert.ok(outside.length > inside.length, 'this machine has no others, so that nothing was shown');
  });

  it('leaves programs the threads and processes that they need', async () => {
    await run(
      `node -e 'new (require("worker_threads").Worker)("console.log(1)",{eval:true})' && sh -c 'echo 2' | cat`,
    );
    assert.equal(said(), '1\n2\n');
  });

  it('ends with the program where a guarded file is replaced, and it holds again what it held', async () => {
    // That of a linked work tree, which names its git folder.
    execFileSync('git', ['init', '--quiet', '--separate-git-dir', join(root, 'git'), cwd]);
    const guarded = join(cwd, '.git');
    const before = readFileSync(guarded, 'utf8');
    const program = await start('echo ready; while :; do echo x >> .git && echo written; done 2>/dev/null');
    await until(() => existsSync(out()) && said().includes('ready'));
    replace(guarded, 'gitdir: /elsewhere\n');
    const { broken } = await program.ended;
    assert.equal(broken?.code, 'guard_lost');
    assert.match(broken.message, /\.git: replaced while/);
    assert.equal(readFileSync(guarded, 'utf8'), before);
    const aside = readdirSync(cwd).find((name) => name.startsWith('.git.replaced-')) ?? '';
    assert.match(readFileSync(join(cwd, aside), 'utf8'), /^gitdir: \/elsewhere\n/);
  });

  it('ends with the program where a link to settings of an agent is replaced, and each leads again where it led', async () => {
    mkdirSync(join(cwd, 'conf', 'claude'), { recursive: true });
    writeFileSync(join(cwd, 'conf', 'claude', 'settings.json'), 'mine');
    writeFileSync(join(cwd, 'conf', 'mcp.json'), 'mine');
    symlinkSync('conf/claude', join(cwd, '.claude'));
    symlinkSync('conf/mcp.json', join(cwd, '.mcp.json'));
    const write = 'echo theirs > conf/claude/settings.json; echo theirs > conf/mcp.json';
    const replaced =
      'rm .mcp.json .claude; mkdir .claude; echo theirs > .claude/settings.json; echo theirs > .mcp.json';
    const { broken } = await run(`${write}; ${replaced}; sleep 60`);
    assert.equal(broken?.code, 'guard_lost');
    assert.equal(readlinkSync(join(cwd, '.claude')), 'conf/claude');
    assert.equal(readlinkSync(join(cwd, '.mcp.json')), 'conf/mcp.json');
    for (const name of ['.claude/settings.json', '.mcp.json'])
      assert.equal(readFileSync(join(cwd, name), 'utf8'), 'mine');
  });

  it('holds files that settings of an agent lead to by links, and packages that other projects share', async () => {
    const held = ['shared/settings.json', 'node_modules/.pnpm/a/index.js', 'deps/a/index.js'].map((name) =>
      join(cwd, name),
    );
    // As a monorepo leaves it for a folder of its own.
    mkdirSync(join(cwd, 'sub'));
    symlinkSync('../deps', join(cwd, 'sub', 'node_modules'));
    for (const path of [...held, join(cwd, '.claude', 'x'), join(user, 'store')]) {
      mkdirSync(dirname(path), { recursive: true });
      if (path !== held[1] && path !== held[2]) writeFileSync(path, 'mine');
    }
    symlinkSync('../shared/settings.json', join(cwd, '.claude', 'settings.json'));
    for (const each of held.slice(1)) linkSync(join(user, 'store'), each);
    await run(
      `for f in ${held.join(' ')}; do echo theirs > $f; done; echo x > shared/other; echo x > node_modules/.cache`,
    );
    for (const path of held) assert.equal(readFileSync(path, 'utf8'), 'mine');
    assert.equal(readFileSync(join(cwd, 'shared', 'other'), 'utf8'), 'x\n');
    assert.equal(readFileSync(join(cwd, 'node_modules', '.cache'), 'utf8'), 'x\n');
  });

  it('puts nothing back through a folder that was moved, and lets none be moved on the way to what is watched', async () => {
    mkdirSync(join(cwd, 'd'));
    mkdirSync(join(cwd, 'conf'));
    writeFileSync(join(cwd, 'conf', 'settings.json'), 'theirs');
    mkdirSync(join(cwd, '.claude'));
    symlinkSync('../d/.bashrc', join(cwd, '.claude', 'settings.json'));
    symlinkSync(join(cwd, 'conf', 'settings.json'), join(cwd, 'd', '.bashrc'));
    write(join(user, '.bashrc'), 'mine');
    const { exitCode } = await run(`mv d e && ln -s ${user} d`);
    assert.notEqual(exitCode, 0, 'the folder of the link can be moved');
    const guards = new Guards([join(cwd, 'd', '.bashrc')]);
    guards.watch(() => undefined);
    renameSync(join(cwd, 'd'), join(cwd, 'e'));
    symlinkSync(user, join(cwd, 'd'));
    await assert.rejects(guards.end(), { code: 'guard_lost' });
    assert.equal(readFileSync(join(user, '.bashrc'), 'utf8'), 'mine');
    assert.deepEqual(readdirSync(join(cwd, 'e')), ['.bashrc']);
  });

  it('puts back a file of any size with its mode, also where its folder was closed', async () => {
    const tool = join(cwd, 'tool');
    writeFileSync(tool, Buffer.alloc(5 * 1024 * 1024, 'x'), { mode: 0o750 });
    chmodSync(tool, 0o750);
    const guards = new Guards([tool]);
    guards.watch(() => undefined);
    replace(tool, 'theirs');
    chmodSync(cwd, 0o555);
    await assert.rejects(guards.end(), { code: 'guard_lost', hint: /What had been there is there again/ });
    assert.equal(readFileSync(tool).length, 5 * 1024 * 1024);
    assert.equal(statSync(tool).mode & 0o7777, 0o750);
  });

  it('keeps no daemon from anything else while a program writes to a watched folder without end', async () => {
    write(join(cwd, 'settings'));
    const guards = new Guards([join(cwd, 'settings')]);
    guards.watch(() => undefined);
    const loop =
      "const { writeFileSync, rmSync } = require('fs'); for (;;) { writeFileSync('x', ''); rmSync('x'); }";
    const churn = spawn(process.execPath, ['-e', loop], { cwd, timeout: 20_000 });
    try {
      await until(() => existsSync(join(cwd, 'x')));
      let ticks = 0;
      await until(() => {
        ticks += 1;
        return ticks > 20;
      });
      assert.equal(churn.exitCode ?? churn.signalCode, null, 'nothing was done until the program had ended');
    } finally {
      churn.kill('SIGKILL');
      await guards.end();
    }
  });

  it('puts back what was replaced in a folder that was closed in the same moment, and ends no daemon', function () {
    const script = `
      import { mkdtempSync, mkdirSync, writeFileSync, renameSync, chmodSync, readFileSync, rmSync } from 'node:fs';
      const alive = setInterval(() => undefined, 1000);
      const { Guards } = await import(process.argv[1]);
      for (const [what, replaces] of [['replaced', true], ['left', false]]) {
        const folder = mkdtempSync('/tmp/koubou-closed-');
        const file = folder + '/a/b/settings';
        mkdirSync(folder + '/a/b', { recursive: true });
        writeFileSync(file, 'mine');
        const guards = new Guards([file]);
        const lost = new Promise((resolve) => guards.watch(() => resolve('ended')));
        writeFileSync(folder + '/a/b/other', 'theirs');
        if (replaces) renameSync(folder + '/a/b/other', file);
        chmodSync(folder + '/a/b', 0);
        chmodSync(folder + '/a', 0);
        const seen = await lost;
        const error = await guards.end().then(() => undefined, (error) => error);
        console.log(what, seen, error?.code, readFileSync(file, 'utf8'));
        rmSync(folder, { recursive: true });
      }
      clearInterval(alive);`;
    const run = asOtherUser(script, 'executor/guarded/guards.ts');
    if (run === undefined) this.skip();
    assert.equal(run.stdout, 'replaced ended guard_lost mine\nleft ended guard_lost mine\n', run.stderr);
  });

  it('holds in memory no more of what is guarded than a daemon can spare', () => {
    const file = join(cwd, 'settings');
    write(file);
    const budget = { bytes: 10 };
    const held = heldAt(file, statSync(file), budget);
    assert.deepEqual([held, budget], [{ bytes: Buffer.from('secret\n') }, { bytes: 3 }]);
    const next = heldAt(file, statSync(file), budget) ?? { target: '' };
    if (!('descriptor' in next)) assert.fail('it is held in memory');
    closeSync(next.descriptor);
  });

  it('keeps of what is guarded only what was judged, not what came in its place meanwhile', () => {
    const [file, other, link] = ['settings', 'key', 'link'].map((name) => join(cwd, name)) as [
      string,
      string,
      string,
    ];
    write(file);
    symlinkSync('settings', link);
    const [facts, ofLink] = [statSync(file), lstatSync(link)];
    write(other);
    for (const exchange of [() => symlinkSync(other, file), () => linkSync(other, file)]) {
      rmSync(file);
      exchange();
      assert.equal(heldAt(file, facts, { bytes: 100 }), null);
    }
    rmSync(link);
    symlinkSync('key', join(cwd, 'new'));
    renameSync(join(cwd, 'new'), link);
    assert.equal(heldAt(link, ofLink, { bytes: 100 }), null);
  });

  it('shows no socket of a program of yours in the folder of the work', async () => {
    const socket = join(cwd, 'dev.sock');
    const server = createServer((connection) => connection.end('served')).listen(socket);
    await once(server, 'listening');
    try {
      await run(
        `node -e 'require("net").connect(${JSON.stringify(socket)}).on("data", (said) => console.log(String(said))).on("error", () => console.log("no"))'`,
      );
      assert.equal(said(), 'no\n');
    } finally {
      server.close();
    }
  });

  it('hides no file or folder of which another program says that it is a socket, in a namespace of its own', async () => {
    write(join(cwd, 'src', 'a'), 'seen\n');
    const path = join(cwd, 'src', 'a');
    const server = createServer().listen(path + '.sock');
    await once(server, 'listening');
    // The kernel's table goes on naming a socket by the place at which it was bound.
    renameSync(path, path + '.kept');
    renameSync(path + '.sock', path);
    renameSync(path, path + '.moved');
    renameSync(path + '.kept', path + '.sock');
    try {
      await run('cat src/a.sock');
      assert.equal(said(), 'seen\n');
    } finally {
      server.close();
    }
  });

  it('leaves nothing in the place of a socket that went as a sandbox started, and no file of yours is taken for that', async () => {
    const [made, mine, full] = ['made', 'mine', 'full'].map((name) => join(cwd, name)) as [
      string,
      string,
      string,
    ];
    for (const file of [made, mine]) writeFileSync(file, '');
    writeFileSync(full, 'x');
    for (const file of [made, full]) chmodSync(file, 0o444);
    await Promise.all([made, mine, full, join(cwd, 'none')].map(removeMade));
    assert.deepEqual(
      [made, mine, full].map((file) => existsSync(file)),
      [false, true, true],
    );
  });

  it('opens no folder on the way to what is held within something held', async () => {
    mkdirSync(join(cwd, '.claude', 'hooks', 'mod'), { recursive: true });
    writeFileSync(join(cwd, '.claude', 'hooks', 'run.sh'), 'mine');
    writeFileSync(join(cwd, '.gitmodules'), '[submodule "mod"]\n\tpath = .claude/hooks/mod\n\turl = ./mod\n');
    await run('echo theirs > .claude/hooks/run.sh; echo theirs > .claude/hooks/new.sh');
    assert.equal(readFileSync(join(cwd, '.claude', 'hooks', 'run.sh'), 'utf8'), 'mine');
    assert.equal(existsSync(join(cwd, '.claude', 'hooks', 'new.sh')), false);
  });

  it('shows of an attached file that became a link nothing that is hidden', async () => {
    const home = join(user, '.koubou');
    mkdirSync(join(home, 'config'), { recursive: true });
    writeFileSync(join(home, 'config', '.env'), 'KEY=4711');
    const attached = [join(cwd, 'notes.txt'), join(cwd, 'd', '.env')];
    symlinkSync(join(home, 'config', '.env'), attached[0] ?? '');
    symlinkSync(join(home, 'config'), join(cwd, 'd'));
    await (await start('cat notes.txt d/.env', {}, { attached, home })).ended;
    assert.doesNotMatch(said(), /4711/);
  });

  it('is not said to be lost where nothing was replaced', async () => {
    const end = await run('echo x > made; git status');
    assert.equal(end.exitCode, 0, said());
    assert.equal(end.broken, undefined);
  });

  it('holds while the user works there with git, which removes empty folders of its own', async () => {
    const program = await start('echo ready; until [ -e go ]; do sleep 0.01; done');
    await until(() => existsSync(out()) && said().includes('ready'));
    const name = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    const git = (...args: string[]) => execFileSync('git', ['-C', cwd, ...name, ...args], { stdio: 'pipe' });
    git('commit', '--quiet', '--allow-empty', '-m', 'x');
    git('gc', '--quiet');
    git('worktree', 'add', '--quiet', '--detach', join(root, 'tree'));
    git('worktree', 'remove', join(root, 'tree'));
    git('worktree', 'prune');
    const list = git('worktree', 'list').toString();
    assert.equal(list.trim().split('\n').length, 1, list);
    write(join(cwd, 'go'));
    const { broken, exitCode } = await program.ended;
    assert.deepEqual([broken, exitCode], [undefined, 0]);
  });

  it('hides files that are replaced, and those that come, while a program runs', async () => {
    write(join(user, '.config', 'git', 'credentials'));
    mkdirSync(join(user, '.cargo'));
    const files = [join(user, '.config/git/credentials'), join(user, '.cargo/credentials.toml')];
    const program = await start(
      `echo ready; until [ -e go ]; do sleep 0.01; done; cat ${files.join(' ')} | grep -c secret`,
    );
    await until(() => existsSync(out()) && said().includes('ready'));
    for (const file of files) replace(file, 'secret\n');
    write(join(cwd, 'go'));
    await program.ended;
    assert.match(said(), /^0$/m);
  });

  it('hides them as well where a variable names their place outside of the home folder', async () => {
    const at = (name: string): string => join(root, 'keys', name);
    for (const name of ['gh/hosts.yml', 'docker/config.json', 'real/vault']) write(at(name));
    write(at('notes'), 'shown\n');
    symlinkSync('real/vault', at('vault'));
    const naming = {
      KUBECONFIG: at('kubeconfig'),
      GH_CONFIG_DIR: at('gh'),
      DOCKER_CONFIG: at('docker'),
      VAULT_CONFIG_PATH: at('vault'),
    };
    const files = ['kubeconfig', 'gh/hosts.yml', 'docker/config.json', 'vault', 'real/vault'].map(at);
    const look = async (named: Record<string, string>): Promise<string> => {
      const before = [join(cwd, 'go'), join(cwd, 'ready'), out(), at('kubeconfig')];
      for (const file of before) rmSync(file, { force: true });
      const program = await start(
        `: >ready; until [ -e go ]; do sleep 0.01; done; cat ${files.join(' ')} ${at('notes')}`,
        named,
      );
      await until(() => existsSync(join(cwd, 'ready')));
      for (const name of ['kubeconfig', 'real/vault']) replace(at(name), 'secret\n');
      for (const name of ['gh', 'docker']) renameSync(at(name), at(`${name}.old`));
      write(at('gh/hosts.yml'));
      write(at('docker/config.json'));
      write(join(cwd, 'go'));
      await program.ended;
      for (const name of ['gh', 'docker']) rmSync(at(`${name}.old`), { recursive: true });
      return said().replaceAll(/^cat: .*\n/gm, '');
    };
    assert.equal(await look(naming), 'shown\n');
    assert.equal(await look({}), `${'secret\n'.repeat(files.length)}shown\n`);
  });

  it('hides what lies in a folder with more in it than can be mounted', async () => {
    for (const name of ['.ssh/id', '.netrc', '.config/gh/hosts.yml']) write(join(user, name));
    for (let nth = 0; nth < 600; nth += 1) writeFileSync(join(user, `file-${nth}`), '');
    await run('cat ~/.ssh/id ~/.netrc ~/.config/gh/hosts.yml; ls ~ | grep -c file-');
    assert.doesNotMatch(said(), /^secret$/m);
    assert.match(said(), /^600$/m, 'the folder was not the one that has too much in it');
  });
});

/**
 * Not below /tmp, where programs in the sandbox have a folder of their own, nor in this repository, where no own program is
 * looked for.
 */
const placeOfTests = (): string => dirname(dirname(dirname(import.meta.dirname)));

const CALLS = `
import ctypes, errno, os, platform
numbers = {'x86_64': (272, 56, 308, 250), 'aarch64': (97, 220, 268, 219)}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *words):
    result = libc.syscall(*[ctypes.c_long(word) for word in words])
    if result == 0 and name.startswith('clone'): os._exit(0)
    print(name, errno.errorcode.get(ctypes.get_errno(), result) if result < 0 else 'made')
unshare, clone, setns, keyctl = numbers
call('unshare', unshare, 0x10000000)
call('clone', clone, 0x10000000 | 17, 0, 0, 0, 0)
call('clone3', 435, 0, 0)
call('setns', setns, 0, 0)
call('keyctl', keyctl, 0, -3, 0)
`;
