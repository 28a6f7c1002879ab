/**
 * What a sandbox is given, and what it hides: whatever an agent says by a PATH, by links that it turns round meanwhile and
 * by names of its own making. Beside each promise stands the same attack on what has no guard.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { bubblewrapExecutor } from '../../src/executor/bubblewrap/bubblewrap.ts';
import { HeldPlaces } from '../../src/executor/bubblewrap/held-places.ts';
import { type ConfineOptions, confinementOf } from '../../src/executor/confine.ts';
import type { Confinement, Executor } from '../../src/executor/executor.ts';
import { TOLD } from '../../src/executor/guarded/named-secrets.ts';
import { privateBelow } from '../../src/executor/guarded/private-places.ts';
import { placesToTell, secretPlaces } from '../../src/executor/guarded/secret-places.ts';
import { localExecutor } from '../../src/executor/local.ts';
import { agentExecutor } from '../../src/runner/agent/sandbox.ts';
import { bubblewrap, needBubblewrap, pathWith } from '../support/koubou/bubblewrap.ts';

describe('the places of a sandbox', function () {
  this.timeout(30_000);
  let root: string;
  let user: string;
  let cwd: string;
  let path: string;
  let runs = 0;

  needBubblewrap();

  const write = (file: string, text = 'secret\n'): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-places-')));
    user = join(root, 'user');
    cwd = join(user, 'project');
    mkdirSync(join(cwd, '.koubou', 'results', 'run-1.state'), { recursive: true });
    execFileSync('git', ['init', '--quiet', cwd]);
    path = pathWith(join(root, 'bin'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const environment = (): Record<string, string> => ({ PATH: path, HOME: user });
  const state = (): string => join(user, '.local', 'state', 'koubou');

  const confinement = (over: Partial<ConfineOptions> = {}, folder = cwd): Promise<Confinement> =>
    confinementOf(
      {
        cwd: folder,
        statePath: join(cwd, '.koubou', 'results', 'run-1.state'),
        own: [],
        attached: [],
        staysLocal: true,
      },
      {
        home: join(cwd, '.koubou'),
        keys: [state()],
        environment: environment(),
        network: 'none',
        writes: 'folder',
        ...over,
      },
    );

  /** What the script printed in there, on both its outputs. */
  const printed = async (executor: Executor, script: string, folder = cwd, over = {}): Promise<string> => {
    runs += 1;
    const out = join(root, `out-${runs}`);
    const program = await executor.start({
      command: 'sh',
      args: ['-c', script],
      cwd: folder,
      environment: environment(),
      stdin: 'closed',
      stdoutPath: out,
      stderrPath: out,
      lease: null,
      ...over,
    });
    await program.ended;
    return readFileSync(out, 'utf8');
  };
  const said = (places: Confinement, script: string, folder = cwd, over = {}): Promise<string> =>
    printed(bubblewrapExecutor(bubblewrap() ?? '', places), script, folder, over);

  it('open nothing that is hidden because the PATH names it, or what it lies in', async () => {
    const keys = [join(user, '.ssh', 'id'), join(state(), 'key'), join(cwd, '.koubou', 'config', '.env')];
    for (const key of keys) write(key);
    const look = `cat ${keys.join(' ')}`;
    const named = [...keys.map((key) => dirname(key)), user, join(user, '.local', 'state')];
    path = `${path}:${named.join(':')}`;
    const places = await confinement();
    assert.doesNotMatch(await said(places, look), /^secret$/m);
    const opened = { ...places, readable: [...places.readable, ...keys.map((key) => dirname(key))] };
    assert.match(await said(opened, look), /^secret\nsecret\nsecret$/m);
  });

  /** A linked work tree of the project's own making, which git's files of the sandbox are taken from. */
  const planted = (): { sub: string; objects: string; turn: () => void } => {
    const sub = join(cwd, 'sub');
    const folder = join(cwd, 'fake', 'worktrees', 'w');
    const objects = join(cwd, 'fake', 'objects');
    mkdirSync(objects, { recursive: true });
    write(join(sub, '.git'), `gitdir: ${folder}\n`);
    write(join(folder, 'gitdir'), `${join(sub, '.git')}\n`);
    write(join(folder, 'commondir'), '../..\n');
    write(join(folder, 'HEAD'), `${'0'.repeat(40)}\n`);
    const turn = (): void => {
      renameSync(objects, `${objects}.old`);
      symlinkSync('../..', objects);
    };
    return { sub, objects, turn };
  };
  const APPEND = 'echo evil >> ~/.bashrc';

  it('are what was judged: one that became a link meanwhile is given to no program', async () => {
    const { sub, objects, turn } = planted();
    write(join(user, '.bashrc'), 'mine\n');
    const places = await confinement({ writable: [objects] }, sub);
    assert.ok(places.writable.includes(objects));
    assert.doesNotMatch(await said(places, 'ls -l /proc/self/fd', sub), /project/, 'none is left open');
    const isRefused = (error: unknown): boolean =>
      error instanceof KoubouError && error.code === 'not_allowed' && error.message.includes(objects);
    await assert.rejects(said(places, APPEND, sub, { before: async () => turn() }), isRefused);
    await assert.rejects(said(places, APPEND, sub), isRefused);
    assert.equal(readFileSync(join(user, '.bashrc'), 'utf8'), 'mine\n');
    const followed = { ...places, writable: places.writable.map((each) => realpathSync(each)) };
    await said(followed, APPEND, sub);
    assert.equal(readFileSync(join(user, '.bashrc'), 'utf8'), 'mine\nevil\n');
  });

  it('are mounted by what was opened, whatever their names lead to when bubblewrap starts', async () => {
    const { objects, turn } = planted();
    write(join(user, '.bashrc'), 'mine\n');
    const given = await HeldPlaces.of(bubblewrap() ?? '');
    const byName = new HeldPlaces({ byDescriptor: false });
    const words = [given, byName].map((each) => each.mount('--bind', objects) ?? []);
    if (given.descriptors.length === 0) return;
    turn();
    const attempt = (mount: readonly string[]): void => {
      spawnSync(
        bubblewrap() ?? '',
        ['--ro-bind', '/', '/', '--dev', '/dev', ...mount, 'sh', '-c', `cd ${objects} && ${APPEND}`],
        {
          env: environment(),
          stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'ignore', ...given.descriptors],
        },
      );
    };
    attempt(words[0] ?? []);
    given.close();
    assert.equal(readFileSync(join(user, '.bashrc'), 'utf8'), 'mine\n');
    attempt(words[1] ?? []);
    assert.equal(readFileSync(join(user, '.bashrc'), 'utf8'), 'mine\nevil\n');
    assert.throws(() => byName.requireThere(), KoubouError);
  });

  it('are never the home, a key or another hidden one, whoever names them, but for a login that the config names', async () => {
    write(join(user, '.config', 'gh', 'hosts.yml'));
    write(join(user, '.ssh', 'id'));
    for (const folder of ['tools', '.cache/tool']) mkdirSync(join(user, folder), { recursive: true });
    symlinkSync('.ssh', join(user, 'keys'));
    symlinkSync(join(user, '.cache'), join(user, 'caches'));
    const judged = async (name: string): Promise<boolean> => {
      const places = await confinement({ writable: [join(user, name)] }).catch(() => undefined);
      return places?.writable.includes(realpathSync(join(user, name))) === true;
    };
    const names = ['', '..', 'keys', 'keys/id', 'project/.koubou', 'tools', 'caches/tool', '.config/gh'];
    const may = await Promise.all(names.map(judged));
    assert.deepEqual(may, [false, false, false, false, false, true, true, true]);
  });

  it('hide keys and logins also where a variable of the worker names their place', async () => {
    const at = (name: string): string => join(root, 'named', name);
    const files: Record<string, string> = {
      XDG_CONFIG_HOME: 'config/gh/hosts.yml',
      XDG_DATA_HOME: 'data/keyrings/login.keyring',
      GNUPGHOME: 'gpg/secring',
      CARGO_HOME: 'cargo/credentials.toml',
      KUBECONFIG: 'kube/one',
      npm_config_userconfig: 'npmrc',
      CODEX_HOME: 'codex/auth.json',
    };
    for (const file of Object.values(files)) write(at(file));
    for (const file of ['kube/two', 'cargo/config.toml']) write(at(file));
    const whole: Record<string, string> = {
      XDG_CONFIG_HOME: at('config'),
      XDG_DATA_HOME: at('data'),
      GNUPGHOME: `${at('gpg')}/`,
      CARGO_HOME: at('cargo'),
      KUBECONFIG: `${at('kube/one')}:${at('kube/two')}`,
      npm_config_userconfig: at('npmrc'),
      CODEX_HOME: at('codex'),
      // No places of keys, whatever names them.
      AWS_CONFIG_FILE: '/dev/null',
      AZURE_CONFIG_DIR: user,
      DOCKER_CONFIG: 'relative',
    };
    const look = `cat ${[...Object.values(files), 'kube/two'].map(at).join(' ')}; cat ${at('cargo/config.toml')}`;
    // That folder lies in /tmp, of which a program has its own.
    const shown = (places: Confinement): Confinement => ({
      ...places,
      readable: [...places.readable, join(root, 'named')],
    });
    const places = shown(await confinement());
    assert.equal((await said(places, look)).match(/^secret$/gm)?.length, 9, 'without them');
    // One that an agent starts is told by the command that starts it.
    for (const environment of [whole, { [TOLD]: placesToTell({ ...whole, HOME: user }) }]) {
      const { hidden } = secretPlaces({ HOME: user }, [], environment);
      assert.ok(!hidden.some((path) => [user, '/dev/null'].includes(path)));
      const seen = await said({ ...places, hidden: [...places.hidden, ...hidden] }, look);
      assert.equal(seen.match(/^secret$/gm)?.length, 1, seen);
    }
  });

  it('are a copy of the folder of an agent with a login of its own, but for that login', async () => {
    const files = [
      '.claude.json',
      ...['settings.json', 'local/claude', 'shell-snapshots/one.sh', '.credentials.json'].map(
        (name) => `.claude/${name}`,
      ),
    ];
    for (const file of files) write(join(user, file), 'mine\n');
    const attack = `cd; cat .claude.json .claude/settings.json .claude/local/claude; mkdir -p .claude/shell-snapshots .claude/new
      for file in ${files.join(' ')}; do rm -f $file; echo evil > $file; done; echo evil > .claude.json && cat .claude.json`;
    const after = async (writable: string[]): Promise<string[]> => {
      const executor = await agentExecutor(
        bubblewrap(),
        {
          cwd,
          statePath: join(cwd, '.koubou', 'results', 'run-1.state'),
          own: [],
          attached: [],
          staysLocal: false,
        },
        {
          entry: { bin: 'claude', args: [], env: {}, writable },
          confinement: { mode: 'auto', home: join(cwd, '.koubou'), keys: [state()] },
          environment: environment(),
          network: 'all',
          looks: false,
          writable: [],
          guarded: [],
        },
      );
      const seen = await printed(executor, attack);
      assert.match(seen, /^mine\nmine\nmine\n[^]*evil\n$/, 'it sees its own, and may write to the copy');
      return files.map((file) => readFileSync(join(user, file), 'utf8').trim());
    };
    assert.deepEqual(await after([]), ['mine', 'mine', 'mine', 'mine', 'evil']);
    assert.ok(!existsSync(join(user, '.claude', 'new')));
    assert.deepEqual(await after(['~/.claude', '~/.claude.json']), ['evil', 'evil', 'evil', 'evil', 'evil']);
  });

  it('hide keys that are links to files elsewhere in the home folder, as tools for dotfiles leave them', async () => {
    const places: [name: string, target: string][] = [
      ['.ssh/id_rsa', 'dotfiles/ssh/id_rsa'],
      // Beside what holds more than is looked through.
      ['.password-store/z', 'vault/z'],
      ['.aws/credentials', 'dotfiles/aws'],
      ['.kube/config', 'vault/kube'],
      ['.codex/auth.json', 'vault/codex.json'],
      ['.local/share/opencode/auth.json', 'vault/opencode.json'],
      ['project/.koubou/config/.env', 'vault/koubou.env'],
    ];
    for (const [name, target] of places) {
      write(join(user, target));
      mkdirSync(dirname(join(user, name)), { recursive: true });
      symlinkSync(join(user, target), join(user, name));
    }
    write(join(user, 'dotfiles', 'bashrc'), 'shown\n');
    // Keys where a variable has them, and a program of a project that is linked among settings.
    write(join(user, 'vault', 'hosts'));
    mkdirSync(join(user, 'cfg', 'gh'), { recursive: true });
    symlinkSync('../../vault/hosts', join(user, 'cfg', 'gh', 'hosts.yml'));
    write(join(user, 'src', 'docker-x'), 'program\n');
    mkdirSync(join(user, '.docker', 'cli-plugins'), { recursive: true });
    symlinkSync('../../src/docker-x', join(user, '.docker', 'cli-plugins', 'docker-x'));
    const byVariable = await confinement({ naming: { XDG_CONFIG_HOME: join(user, 'cfg') } });
    const both = `cat ${join(user, 'vault', 'hosts')} ${join(user, 'src', 'docker-x')}`;
    const shown = await said({ ...byVariable, readable: [...byVariable.readable, user] }, both);
    assert.doesNotMatch(shown, /^secret$/m);
    assert.match(shown, /program/);
    for (let nth = 0; nth < 400; nth += 1) write(join(user, '.password-store', 'a', String(nth), 'b'));
    const look = `cat ${[...places.map(([, target]) => target), 'dotfiles/bashrc'].map((name) => join(user, name)).join(' ')}`;
    // That folder lies in /tmp, of which a program has its own.
    const made = await confinement();
    const seen = await said({ ...made, readable: [...made.readable, user] }, look);
    assert.doesNotMatch(seen, /^secret$/m);
    assert.match(seen, /shown/);
    assert.equal((await printed(localExecutor, look)).match(/^secret$/gm)?.length, places.length);
    // A home folder that is reached by a link, as on systems that keep them below /var/home.
    symlinkSync(user, join(root, 'linked'));
    const byLink = await confinement({ environment: { ...environment(), HOME: join(root, 'linked') } });
    assert.doesNotMatch(await said({ ...byLink, readable: [...byLink.readable, user] }, look), /^secret$/m);
  });

  it('hide homes that were moved, below the work and around where they were, whatever they are called', async () => {
    // Of each the place where koubou saw it last, and the one where it lies now.
    const moves: [string, string][] = [
      ['project/sub/.koubou', 'project/renamed/.koubou'],
      ['far/away/.koubou', 'project/deep/down/kb'],
      ['far/packed/.koubou', 'project/node_modules/one/.koubou'],
      ['a/kb', 'a/kb-renamed'],
      ['b/other/.koubou', 'b/other-renamed/.koubou'],
      ['c/around/other/.koubou', 'c/around-renamed/other/.koubou'],
      ['d/inner/alone', 'd/alone'],
      ['e/inner/one/.koubou', 'e/one/.koubou'],
      ['f/kb', 'f/archive/kb'],
      ['g/other/.koubou', 'g/archive/other/.koubou'],
    ];
    for (const [nth, [was, is]] of moves.entries()) {
      const id = `${nth}`.padStart(32, '0');
      write(join(user, is, 'home.json'), JSON.stringify({ version: 1, id, mac: 'm' }));
      write(join(user, is, 'config', '.env'));
      write(join(state(), 'homes', id), JSON.stringify({ path: join(user, was), dev: '1', ino: '1' }));
    }
    // Somebody made another one where it was.
    mkdirSync(join(user, 'b/other/.koubou'), { recursive: true });
    const now = moves.map(([, is]) => join(user, is));
    const attack = now
      .map((home) => `cat ${home}/config/.env; echo evil > ${home}/config/agent.yaml`)
      .join('; ');
    // That folder lies in /tmp, of which a program has its own.
    const places = await confinement();
    const shown = { ...places, readable: [...places.readable, user] };
    assert.doesNotMatch(await said(shown, attack), /^secret$/m);
    assert.deepEqual(
      now.filter((home) => existsSync(join(home, 'config', 'agent.yaml'))),
      [],
    );
    const open = { ...shown, hidden: shown.hidden.filter((path) => !now.includes(path)) };
    assert.equal((await said(open, attack)).match(/^secret$/gm)?.length, moves.length);
    assert.ok(existsSync(join(user, 'project/deep/down/kb/config/agent.yaml')));
  });

  it('are none in a home that was moved, but for its work trees', async () => {
    const id = '0'.repeat(32);
    const home = join(user, 'moved', 'kb');
    write(join(home, 'home.json'), JSON.stringify({ version: 1, id, mac: 'm' }));
    write(join(state(), 'homes', id), JSON.stringify({ path: join(root, 'gone', 'far', 'away', 'kb') }));
    for (const name of ['config', 'worktrees/one']) mkdirSync(join(home, name), { recursive: true });
    const inHome = /it lies in koubou's own folder/;
    for (const name of ['.', 'config']) await assert.rejects(confinement({}, join(home, name)), inHome);
    assert.ok((await confinement({}, join(home, 'worktrees/one'))).writable.length > 0);
  });

  it('hide sockets that lie elsewhere than the table of the kernel says', async () => {
    const bound = ['srv', 'repo/.git', 'app/node_modules'].map((folder) => join(user, folder));
    const names = [...bound.map((folder) => join(folder, 'rel.sock')), join(user, '.ansible/cp/host')];
    for (const name of names) mkdirSync(dirname(name), { recursive: true });
    const passing = join(user, '.ansible', 'cp', 'host.passing');
    // As ssh does: bound under one name, and found by another.
    const script = `import socket, os
def listen(name):
    one = socket.socket(socket.AF_UNIX); one.bind(name); one.listen(); return one
all = []
for folder in ${JSON.stringify(bound)}:
    os.chdir(folder); all.append(listen('rel.sock'))
all.append(listen(${JSON.stringify(passing)}))
os.link(${JSON.stringify(passing)}, ${JSON.stringify(names.at(-1))}); os.unlink(${JSON.stringify(passing)})
print('ready', flush=True)
while True:
    for each in all:
        each.setblocking(False)
        try: each.accept()[0].send(b'served')
        except BlockingIOError: pass
`;
    const ask = `python3 -c 'import socket
for path in ${JSON.stringify(names)}:
    s = socket.socket(socket.AF_UNIX)
    try: s.connect(path); print(s.recv(9))
    except OSError: print("no")'`;
    const server = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(server.stdout, 'data');
      assert.equal(await said(await confinement(), ask), 'no\n'.repeat(names.length));
      assert.equal(await printed(localExecutor, ask), "b'served'\n".repeat(names.length));
    } finally {
      server.kill('SIGKILL');
    }
  });

  it('hide sockets of datagrams, and those whose names hold the end of a line', async () => {
    // Outside of what is looked through: only the kernel's table has them.
    const outside = mkdtempSync(join(root, 'var-'));
    mkdirSync(join(outside, 'new\nline'));
    const [datagram, odd] = [join(outside, 'ctl'), join(outside, 'new\nline', 'ctl')];
    const script = `import socket, sys
one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); one.bind(${JSON.stringify(datagram)})
two = socket.socket(socket.AF_UNIX); two.bind(${JSON.stringify(odd)}); two.listen()
print('ready', flush=True)
while True: one.recv(9)
`;
    const ask = `python3 -c 'import socket
one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
try: one.sendto(b"sent", ${JSON.stringify(datagram)}); print("sent")
except OSError: print("no")
two = socket.socket(socket.AF_UNIX)
try: two.connect(${JSON.stringify(odd)}); print("connected")
except OSError: print("no")'`;
    const server = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(server.stdout, 'data');
      assert.equal(await said(await confinement(), ask), 'no\nno\n');
      assert.equal(await printed(localExecutor, ask), 'sent\nconnected\n');
    } finally {
      server.kill('SIGKILL');
    }
  });

  it('hide pipes of the session, by which programs of the user take commands', async () => {
    const pipes = [
      'player/control',
      'repo/.git/control',
      'app/node_modules/control',
      'docs/caf\u00e9/control',
    ].map(
      // One of these names is no UTF-8.
      (name) => Buffer.from(join(user, name), 'latin1'),
    );
    const inShell = (pipe: Buffer): string =>
      `"$(printf '${pipe.toString('latin1').replaceAll('\u00e9', '\\351')}')"`;
    for (const pipe of pipes)
      execFileSync('sh', ['-c', `p=${inShell(pipe)}; mkdir -p "$(dirname "$p")"; mkfifo "$p"`]);
    // Opened for reading too, so that a writer need not wait.
    const held = pipes.map((pipe) => openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    const heard = (): string[] =>
      held.map((pipe) => {
        const bytes = Buffer.alloc(9);
        try {
          return bytes.toString('utf8', 0, readSync(pipe, bytes));
        } catch {
          return '';
        }
      });
    const write = pipes.map((pipe) => `echo do >${inShell(pipe)}`).join('; ');
    try {
      await said(await confinement(), write);
      assert.deepEqual(
        heard(),
        pipes.map(() => ''),
      );
      await printed(localExecutor, write);
      assert.deepEqual(
        heard(),
        pipes.map(() => 'do\n'),
      );
    } finally {
      for (const pipe of held) closeSync(pipe);
    }
  });

  it('hide from a worker that is root what others may not read of the machine', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const look = 'find /etc -xdev -type f ! -perm -004 -size +0c';
    if ((await printed(localExecutor, look)) === '') this.skip();
    assert.equal(await said(await confinement(), look), '');
    const top = join(root, 'etc');
    for (const name of ['a/open', 'a/shut', 'b/c/open', 'd/e']) write(join(top, name));
    chmodSync(join(top, 'a', 'shut'), 0o640);
    chmodSync(join(top, 'b', 'c'), 0o750);
    assert.deepEqual((await privateBelow([top])).sort(), [join(top, 'a', 'shut'), join(top, 'b', 'c')]);
  });

  it('show programs of the PATH also where they lie beside what is hidden, or in /tmp', async () => {
    const folders = [join(root, 'tools'), join(user, '.npm', '_npx', 'a'), join(user, '.opencode', 'bin')];
    for (const [nth, folder] of folders.entries()) {
      write(join(folder, `tool-${nth}`), '#!/bin/sh\necho "$0"\n');
      execFileSync('chmod', ['+x', join(folder, `tool-${nth}`)]);
    }
    write(join(user, '.opencode', 'auth'));
    path = `${path}:${folders.join(':')}`;
    const tools = folders.map((folder, nth) => `${folder}/tool-${nth}\n`).join('');
    const all = await said(await confinement(), `tool-0; tool-1; tool-2; cat ${user}/.opencode/auth`);
    assert.ok(all.startsWith(tools), all);
    assert.doesNotMatch(all, /^secret$/m);
  });
});
