import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { refuseWorktree } from '../../src/actions/delegate/refuse-worktree.ts';
import { git } from '../../src/git/git.ts';
import { removeOddEntries } from '../../src/git/repository/odd-entries.ts';
import { allowedSettings } from '../../src/git/settings.ts';
import { Evidence } from '../../src/verify/changes/evidence.ts';
import { unblockWorktrees } from '../../src/worktree/repair/unblock.ts';
import { newTask } from '../support/builders.ts';
import { put, Repository, shell } from '../support/git/repository.ts';
import { sealOf } from '../support/state.ts';
import { until } from '../support/until.ts';
import { type Kit, TRAPS } from './git-traps.ts';

describe('git, as koubou runs it', function () {
  this.timeout(120_000);
  let kit: Kit;
  let repository: Repository;
  let folder: string;
  let marker: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ folder } = repository);
    const outside = await realpath(await mkdtemp(join(tmpdir(), 'koubou-outside-')));
    marker = join(outside, 'marker');
    const trap = join(outside, 'trap');
    writeFileSync(trap, `#!/bin/sh\necho "$0 $*" >>'${marker}'\ntest -t 0 || cat\n`);
    chmodSync(trap, 0o755);
    kit = { repository, folder, outside, trap };
  });
  afterEach(async () => {
    await repository.remove();
    await rm(kit.outside, { recursive: true, force: true });
  });

  const environment = (): Record<string, string> => ({
    PATH: [join(folder, 'node_modules/.bin'), join(folder, 'bin'), 'bin', process.env['PATH'] ?? ''].join(
      ':',
    ),
    HOME: kit.outside,
  });

  /** Every way in which koubou comes to call git. */
  const everything = async (mayFail: boolean): Promise<void> => {
    const failing = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!mayFail) throw error;
      }
    };
    const wish = newTask({ type: 'code', cwd: folder, options: { worktree: true } });
    await failing(() => refuseWorktree([wish], () => Promise.resolve(environment())));
    await failing(async () => {
      const evidence = await Evidence.begin({
        folder,
        home: repository.rig.home.home,
        worktrees: join(repository.rig.home.home, 'worktrees'),
        excluded: [],
        environment: environment(),
        patchPath: join(kit.outside, 'run.patch'),
        apart: join(kit.outside, 'apart'),
        worktree: null,
      });
      put('shared.txt', 'changed\n')(folder);
      put('fresh.txt', 'fresh\n')(folder);
      const { names } = await evidence.changes();
      assert.deepEqual(
        names.filter((name) => !name.endsWith('/a')),
        ['fresh.txt', 'shared.txt'],
      );
      assert.deepEqual((await evidence.movedSince()).changed, []);
      await evidence.close();
    });
    put('shared.txt', 'line\n'.repeat(50))(folder);
    rmSync(join(folder, 'fresh.txt'), { force: true });
    const act = (cwd: string): void => {
      put('shared.txt', `${'line\n'.repeat(50)}last\n`)(cwd);
      put('added.txt', 'added\n')(cwd);
    };
    const options = { retries: 0, worktree: true, check: 'true' };
    const { status, result, task_id } = await repository.ran(
      act,
      { options },
      { environment: environment() },
    );
    if (!mayFail) assert.equal(status, 'completed', result?.error?.message);
    await failing(() => repository.apply(task_id));
    await failing(() => repository.discard(task_id));
  };

  /** What a plain git does there, until it fell for the trap: some of them make it wait for an answer. */
  const fired = async (command: string): Promise<void> => {
    const child = spawn('sh', ['-c', command], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: kit.outside, GIT_TERMINAL_PROMPT: '0', ...AUTHOR },
      stdio: 'ignore',
      detached: true,
    });
    const ended = once(child, 'close');
    await until(() => existsSync(marker) || child.exitCode !== null);
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // It has ended.
    }
    await ended;
  };

  describe('runs nothing of a repository:', () => {
    for (const { name, plant, fire, breaks = false } of TRAPS) {
      it(`${name}, which a plain git falls for`, async () => {
        plant(kit);
        rmSync(marker, { force: true });
        await everything(breaks);
        const seen = existsSync(marker) ? readFileSync(marker, 'utf8') : '';
        assert.equal(seen, '', 'nothing ran');
        await fired(fire);
        assert.ok(existsSync(marker), 'the trap is one: a plain git ran it');
      });
    }
  });

  it('runs no filter of the user either, as the repository chooses when and on what', async () => {
    writeFileSync(
      join(kit.outside, '.gitconfig'),
      `[filter "mine"]\n\tclean = ${kit.trap}\n\tsmudge = ${kit.trap}\n\trequired = true\n`,
    );
    repository.write('.gitattributes', '* filter=mine\n');
    repository.commit('attributes');
    await everything(false);
    assert.equal(existsSync(marker), false);
    execFileSync('sh', ['-c', 'rm shared.txt; git checkout -q shared.txt'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: kit.outside },
    });
    assert.ok(existsSync(marker), 'a plain git ran it');
  });

  it('reads contents with its own settings alone: any other call is a fault', async () => {
    const place = { folder, environment: environment() };
    for (const command of ['status', 'diff', 'add', 'checkout', 'read-tree', 'merge-tree', 'fetch']) {
      await assert.rejects(git(place, [command]), { code: 'internal', message: /needs a git folder/ });
    }
  });

  it('has neither settings nor an index in the home, where an agent in a sandbox may change them meanwhile', async () => {
    const watch = join(kit.outside, 'watch');
    mkdirSync(watch);
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    const log = join(kit.outside, 'places');
    const tells = `printf '%s\\n' "$GIT_DIR" "$GIT_INDEX_FILE" >>'${log}'`;
    writeFileSync(join(watch, 'git'), `#!/bin/sh\n${tells}\nexec '${real}' "$@"\n`);
    chmodSync(join(watch, 'git'), 0o755);
    const variables = { PATH: `${watch}:${process.env['PATH'] ?? ''}`, HOME: kit.outside };
    const act = put('shared.txt', 'mine\n');
    const options = { retries: 0, worktree: true, check: 'true' };
    await repository.done(act, { options: { retries: 0 } }, { environment: variables });
    repository.git('checkout', '-q', 'shared.txt');
    const id = await repository.done(act, { options }, { environment: variables });
    await repository.apply(id, variables);
    const seen = new Set(readFileSync(log, 'utf8').split('\n'));
    const { home } = repository.rig.home;
    const apart = [...seen].filter((path) => path.startsWith(`${sealOf(home).apart}/`));
    assert.ok(apart.length >= 8, [...seen].join('\n'));
    assert.deepEqual(
      [...seen].filter((path) => path.startsWith(`${home}/`) || path.startsWith(`${realpathSync(home)}/`)),
      [],
    );
    assert.deepEqual(await readdir(sealOf(home).apart), []);
  });

  it('takes over what is harmless of the settings, and of that only what is well-formed', () => {
    const list = [
      'core.autocrlf\ninput',
      'core.eol\nCRLF',
      'core.filemode',
      'core.symlinks\nsh -c evil',
      'core.fsmonitor\nevil',
      'core.hookspath\nevil',
      'filter.evil.clean\nevil',
      'core.somethingnew\nevil',
      'extensions.objectformat\nsha256',
      'core.symlinks\nfalse',
      'core.symlinks\ntrue',
      '__proto__\nx',
    ];
    assert.deepEqual(Object.fromEntries(allowedSettings(`${list.join('\0')}\0`)), {
      'core.autocrlf': 'input',
      'core.eol': 'crlf',
      'core.filemode': 'true',
      'core.symlinks': 'true',
      'extensions.objectformat': 'sha256',
    });
  });

  describe('enters no other repository', () => {
    const plain = (cwd: string, options = {}): Promise<unknown> =>
      refuseWorktree([newTask({ type: 'code', cwd, options: { worktree: true, ...options } })], () =>
        Promise.resolve(environment()),
      );
    const other = (): string => {
      shell(
        kit.outside,
        'git init -q other && cd other && echo secret >secret && git add -A && git -c user.name=t -c user.email=t@t commit -qm x',
      );
      return join(kit.outside, 'other');
    };

    it('by a .git that leads to that of another folder', async () => {
      const sub = join(folder, 'sub');
      writeFileSync(join(sub, '.git'), `gitdir: ${other()}/.git\n`);
      await assert.rejects(plain(sub), { code: 'conflict', message: /leads to that of .*other/ });
      assert.match(shell(sub, 'git ls-files'), /secret/, 'a plain git enters it');
    });

    it('by a .git that is a link', async () => {
      const sub = join(folder, 'sub');
      shell(sub, `ln -s '${other()}/.git' .git`);
      await assert.rejects(plain(sub), { code: 'conflict', message: /leads to that of .*other/ });
    });

    it('by a .git that leads to a worktree of another folder', async () => {
      shell(other(), `git worktree add -q ../linked`);
      const sub = join(folder, 'sub');
      shell(sub, `cp ../../*/.git . 2>/dev/null; cp '${kit.outside}/linked/.git' .git`);
      await assert.rejects(plain(sub), { code: 'conflict', message: /leads to that of .*linked/ });
    });

    it('by a commondir that its .git brings', async () => {
      const sub = join(folder, 'sub');
      shell(
        sub,
        `mkdir .git; echo '${other()}/.git' >.git/commondir; echo 'ref: refs/heads/main' >.git/HEAD`,
      );
      const named = { code: 'conflict', message: /takes its branches and objects from .*other/ };
      await assert.rejects(plain(sub), named);
      shell(
        sub,
        'mkdir -p data; mv .git data/git; echo "gitdir: data/git" >.git; echo "$PWD/.git" >data/git/gitdir',
      );
      await assert.rejects(plain(sub), named);
      assert.match(
        shell(sub, 'git ls-tree --name-only $(git rev-list --all)'),
        /secret/,
        'a plain git enters it',
      );
    });

    it('by core.worktree', async () => {
      repository.git('config', 'core.worktree', kit.outside);
      await assert.rejects(plain(folder), { code: 'conflict' });
      repository.git('config', 'core.worktree', tmpdir());
      await assert.rejects(plain(folder), { code: 'conflict', message: /which is not where its \.git lies/ });
      assert.notEqual(shell(folder, 'git rev-parse --show-toplevel').trim(), folder, 'a plain git takes it');
    });

    it('by a bare repository among the files', async () => {
      const bare = join(folder, 'data');
      shell(
        folder,
        `git init -q --bare data && git -C data config core.bare false && git -C data config core.worktree '${folder}'`,
      );
      shell(bare, `git config core.fsmonitor '${kit.trap}'`);
      await assert.rejects(plain(bare), { code: 'conflict' });
      assert.equal(existsSync(marker), false);
    });

    it('by what an agent did to the git folder of its worktree', async () => {
      const elsewhere = other();
      const before = shell(elsewhere, 'git for-each-ref');
      const id = await repository.done((cwd) => {
        put('new.txt', 'new\n')(cwd);
        const own = readFileSync(join(cwd, '.git'), 'utf8').slice('gitdir: '.length).trim();
        writeFileSync(join(own, 'commondir'), `${elsewhere}/.git\n`);
        rmSync(join(cwd, '.git'));
        shell(cwd, `git init -q . && git config core.fsmonitor '${kit.trap}'`);
      });
      assert.equal(shell(elsewhere, 'git for-each-ref'), before);
      assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n');
      assert.equal((await repository.apply(id)).result, 'applied');
      await repository.discard(id);
      assert.equal(existsSync(marker), false);
    });

    it('but works in one whose git folder lies apart, in a linked work tree, and in a submodule', async () => {
      shell(kit.outside, 'git init -q --separate-git-dir=apart.git work');
      const commit = 'git -c user.name=t -c user.email=t@t commit -q --allow-empty -m x';
      shell(join(kit.outside, 'work'), commit);
      await plain(join(kit.outside, 'work'));
      shell(other(), 'git worktree add -q ../linked');
      await plain(join(kit.outside, 'linked'));
      shell(folder, `git -c protocol.file.allow=always submodule --quiet add '${other2(kit)}' module`);
      await plain(join(folder, 'module'));
    });
  });

  it('commits nothing of a folder that came in the place of the worktree', async () => {
    const other = join(kit.outside, 'private');
    mkdirSync(other);
    writeFileSync(join(other, 'secret'), 'secret');
    const { status, result, task_id } = await repository.ran((cwd) => {
      rmSync(cwd, { recursive: true });
      shell(kit.outside, `ln -s '${other}' '${cwd}'`);
    });
    assert.equal(status, 'failed');
    assert.match(result?.error?.message ?? '', /leads to .*private now/);
    assert.equal(repository.git('rev-parse', `koubou/${task_id}`), repository.git('rev-parse', 'main'));
    await repository.discard(task_id);
    assert.equal(existsSync(join(other, 'secret')), true);
  });

  it('appends to no file through a log that is a link', async () => {
    const victim = join(kit.outside, 'profile');
    writeFileSync(victim, 'mine\n');
    const id = await repository.done((cwd) => {
      put('new.txt', 'new\n')(cwd);
      const own = readFileSync(join(cwd, '.git'), 'utf8').slice('gitdir: '.length).trim();
      rmSync(join(own, 'logs/HEAD'), { force: true });
      shell(own, `mkdir -p logs && ln -s '${victim}' logs/HEAD`);
      const branch = `refs/heads/koubou/${basename(cwd)}`;
      rmSync(join(folder, '.git/logs', branch), { force: true });
      shell(folder, `mkdir -p '.git/logs/${dirname(branch)}' && ln -s '${victim}' '.git/logs/${branch}'`);
    });
    assert.equal(readFileSync(victim, 'utf8'), 'mine\n');
    assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n');
  });

  const ownFolder = (cwd: string): string =>
    readFileSync(join(cwd, '.git'), 'utf8').slice('gitdir: '.length).trim();

  it('writes through no link in the git folder of a worktree', async () => {
    const victims = join(kit.outside, 'victims');
    mkdirSync(victims);
    for (const name of ['index', 'HEAD', 'new']) writeFileSync(join(victims, name), 'mine\n');
    const plants = (own: string): string[] => [
      `rm -f '${own}/index' && ln -s '${victims}/index' '${own}/index'`,
      `rm -f '${own}/index' && ln -s '${victims}/made' '${own}/index'`,
      `rm -rf '${own}/logs' && ln -s '${victims}' '${own}/logs'`,
      `rm -f '${own}/HEAD' && ln -s '${victims}/HEAD' '${own}/HEAD'`,
    ];
    for (const nth of plants('').keys()) {
      const { result } = await repository.ran((cwd) => {
        put('new.txt', 'new\n')(cwd);
        shell(folder, plants(ownFolder(cwd))[nth] ?? '');
      });
      const what = `${plants('')[nth]}: ${result?.error?.message}`;
      assert.deepEqual((await readdir(victims)).sort(), ['HEAD', 'index', 'new'], what);
      for (const name of ['index', 'HEAD', 'new'])
        assert.equal(readFileSync(join(victims, name), 'utf8'), 'mine\n', what);
    }
    // A plain git would, so the test would notice it.
    shell(folder, `rm .git/index && ln -s '${victims}/made' .git/index && git reset -q`);
    assert.equal(existsSync(join(victims, 'made')), true);
  });

  it('moves no other branch, whatever an agent made of the one of its task', async () => {
    repository.git('branch', 'theirs');
    const before = repository.git('rev-parse', 'main', 'theirs');
    for (const name of ['main', 'theirs']) {
      const id = await repository.done((cwd) => {
        put('new.txt', 'new\n')(cwd);
        writeFileSync(join(folder, '.git/refs/heads/koubou', basename(cwd)), `ref: refs/heads/${name}\n`);
      });
      assert.equal(repository.git('rev-parse', 'main', 'theirs'), before);
      assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n');
    }
    // A plain git would, so the test would notice it.
    repository.git('symbolic-ref', 'refs/heads/mine', 'refs/heads/theirs');
    repository.git(
      'update-ref',
      'refs/heads/mine',
      repository.git('commit-tree', '-m', 'x', 'main^{tree}').trim(),
    );
    assert.notEqual(repository.git('rev-parse', 'main', 'theirs'), before);
  });

  it('begins a further attempt on no other branch, either', async () => {
    const before = repository.git('rev-parse', 'main');
    repository.git('commit', '-q', '--allow-empty', '-m', 'second');
    repository.git('checkout', '-q', '-b', 'work');
    repository.git('branch', '-f', 'main', before.trim());
    let tries = 0;
    const id = await repository.done(
      (cwd) => {
        tries += 1;
        if (tries > 1) put('new.txt', 'new\n')(cwd);
        else writeFileSync(join(folder, '.git/refs/heads/koubou', basename(cwd)), 'ref: refs/heads/main\n');
      },
      { options: { retries: 1, retry_delay: 0 } },
    );
    assert.equal(tries, 2);
    assert.equal(repository.git('rev-parse', 'main'), before);
    assert.equal(repository.git('diff', '--name-only', 'work', `koubou/${id}`), 'new.txt\n');
  });

  describe('takes no object for what its name says', () => {
    const GOOD = 'print("good")\n';
    /** As any program can write it that may write into the store. */
    const forge = (content: string, real: string, type = 'blob'): void => {
      const id = repository.gitWith(real, 'hash-object', '-t', type, '--literally', '--stdin').trim();
      const path = join(folder, '.git/objects', id.slice(0, 2), id.slice(2));
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      writeFileSync(path, deflateSync(`${type} ${content.length}\0${content}`));
    };

    it('that an agent put there for the one of its file: the run has failed, in a worktree and in a folder', async () => {
      for (const worktree of [true, false]) {
        const { status, result, task_id } = await repository.ran(
          (cwd) => {
            put(`calc-${worktree}.py`, GOOD)(cwd);
            forge('print("evil")\n', GOOD);
          },
          { options: { worktree } },
        );
        assert.equal(status, 'failed');
        assert.match(result?.error?.message ?? '', /not what (?:its name says|their names say)/);
        if (!worktree) continue;
        assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${task_id}`), '');
      }
      // A plain git would, so the test would notice it.
      forge('print("evil")\n', GOOD);
      assert.equal(
        repository.gitWith(GOOD, 'hash-object', '-w', '--stdin'),
        repository.gitWith(GOOD, 'hash-object', '--stdin'),
      );
      assert.match(
        repository.git('cat-file', 'blob', repository.gitWith(GOOD, 'hash-object', '--stdin').trim()),
        /evil/,
      );
    });

    it('that was changed after the run: apply refuses it, and the folder is as it was', async () => {
      const id = await repository.done(put('calc.py', GOOD));
      forge('print("evil")\n', GOOD);
      await assert.rejects(repository.apply(id), {
        code: 'output_changed',
        message: /not what its name says/,
      });
      assert.equal(existsSync(join(folder, 'calc.py')), false);
    });

    it('but takes every honest one, large, empty and many', async () => {
      const id = await repository.done((cwd) => {
        put('large.bin', 'x\n'.repeat(400_000))(cwd);
        put('empty', '')(cwd);
        for (let nth = 0; nth < 300; nth += 1) put(`f${nth}`, `${nth}\n`.repeat(nth))(cwd);
        shell(cwd, 'git add -A && git -c user.name=t -c user.email=t@t commit -qm mine');
      });
      assert.equal((await repository.apply(id)).result, 'applied');
    });
  });

  it('clears nothing behind a link that the repository brings in the place of a worktree or of its folder', async () => {
    const victim = join(kit.outside, 'victim');
    mkdirSync(join(victim, 'deep'), { recursive: true });
    shell(victim, 'ln -s nowhere link; mkfifo deep/pipe; ln -s nowhere deep/link');
    const all = (): string => shell(victim, 'find . | sort');
    const before = all();
    const worktrees = join(folder, '.git', 'worktrees');
    const task = 'task_20260101_000000_000000_abcd';
    mkdirSync(worktrees);
    shell(worktrees, `ln -s '${victim}' ${task}`);
    await unblockWorktrees(join(folder, '.git'));
    await repository.done(put('new.txt', 'new\n'));
    assert.equal(all(), before);
    // Deeper, where an agent may put one while a worktree is cleared, and above.
    shell(worktrees, `rm -f ${task}; mkdir -p ${task} && ln -s '${victim}' ${task}/logs`);
    await unblockWorktrees(join(folder, '.git'));
    assert.deepEqual(await readdir(join(worktrees, task)).catch(() => []), []);
    shell(
      folder,
      `rm -rf .git/worktrees && mkdir -p '${victim}/w/${task}' && ln -s x '${victim}/w/${task}/l'`,
    );
    shell(folder, `ln -s '${victim}/w' .git/worktrees`);
    await unblockWorktrees(join(folder, '.git'));
    assert.deepEqual(await readdir(join(victim, 'w', task)), ['l']);
    rmSync(join(victim, 'w'), { recursive: true });
    assert.equal(all(), before);
    // Who looks behind links finds them there.
    await removeOddEntries(victim);
    assert.notEqual(all(), before);
  });

  it('clears links and pipes in the git folder of a worktree whatever bytes their names have', async () => {
    const task = 'task_20260101_000000_000000_abcd';
    repository.git('worktree', 'add', '-q', '--detach', join(kit.outside, task));
    const own = join(folder, '.git', 'worktrees', task);
    const plant = `name=$(printf 'p\\377'); mkfifo refs/"$name"; mkdir logs/"$name"; ln -s x logs/"$name"/"$name"`;
    shell(own, `mkdir -p refs logs; ${plant}`);
    await unblockWorktrees(join(folder, '.git'));
    assert.equal(shell(own, 'find . ! -type f ! -type d'), '');
  });

  it('waits at no pipe that lies where an index was', async () => {
    const id = await repository.done((cwd) => {
      put('new.txt', 'new\n')(cwd);
      const index = join(ownFolder(cwd), 'index');
      shell(folder, `rm '${index}' && mkfifo '${index}' '${ownFolder(cwd)}/sharedindex.abc'`);
    });
    assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n');
    await repository.done(
      () => {
        put('fresh.txt', 'new\n')(folder);
        shell(folder, 'rm .git/index && mkfifo .git/index');
      },
      { options: { worktree: false } },
    );
  });

  it('waits at no pipe that an agent, whose worker was killed, left in the git folder of its worktree', async function () {
    this.timeout(30_000);
    const other = 'task_20260101_000000_000000_abcd';
    repository.git('worktree', 'add', '-q', '--detach', join(kit.outside, other));
    const head = join(folder, '.git', 'worktrees', other, 'HEAD');
    const leave = (): void => {
      rmSync(head, { force: true });
      execFileSync('mkfifo', [head]);
    };
    leave();
    const list = ['-C', folder, 'worktree', 'list'];
    assert.throws(() => execFileSync('git', list, { timeout: 1000, stdio: 'ignore' }), { code: 'ETIMEDOUT' });
    const id = await repository.done(put('new.txt', 'new\n'));
    leave();
    assert.deepEqual((await repository.apply(id)).files, ['new.txt']);
    leave();
    await repository.discard(id);
    assert.equal(repository.branches(), '');
  });

  describe('where the repository has', () => {
    const LFS = 'version https://git-lfs.github.com/spec/v1\n';

    /** As git-lfs leaves it: the file in the folder, and the pointer to it in git. */
    const largeFile = async (): Promise<{ content: string; pointer: string }> => {
      const content = 'picture '.repeat(1000);
      const { createHash } = await import('node:crypto');
      const pointer = `${LFS}oid sha256:${createHash('sha256').update(content).digest('hex')}\nsize ${content.length}\n`;
      repository.write('.gitattributes', '*.png filter=lfs diff=lfs merge=lfs -text\n');
      repository.write('a.png', pointer);
      repository.commit('pointers');
      for (const name of ['clean', 'smudge', 'process'])
        repository.git('config', `filter.lfs.${name}`, 'no-such-lfs');
      repository.git('config', 'filter.lfs.required', 'true');
      repository.write('a.png', content);
      return { content, pointer };
    };

    it('large files: pointers stay pointers in a worktree, and files that are theirs are no change', async () => {
      const { content, pointer } = await largeFile();
      const id = await repository.done((cwd) => {
        assert.equal(readFileSync(join(cwd, 'a.png'), 'utf8'), pointer);
        // As `git lfs pull` does it.
        put('a.png', content)(cwd);
        put('new.txt', 'new\n')(cwd);
      });
      assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n');
      assert.deepEqual((await repository.apply(id)).files, ['new.txt']);
      assert.equal(repository.read('a.png'), content);
    });

    it('large files: one that the run made comes over as it is, and its log says so', async () => {
      await largeFile();
      const id = await repository.done(put('a.png', 'another picture'));
      assert.match(await repository.logOf(id), /filter, and koubou runs none: a\.png/);
      const { result, files } = await repository.apply(id);
      assert.deepEqual([result, files], ['applied', ['a.png']]);
      assert.equal(repository.read('a.png'), 'another picture');
    });

    it('line ends of its own: what was not changed is no change', async () => {
      repository.write(
        '.gitattributes',
        '*.txt text eol=crlf\n*.u16 working-tree-encoding=UTF-16LE text\n*.id ident\n',
      );
      repository.write('dos.txt', 'a\r\nb\r\n');
      repository.write('wide.u16', Buffer.from('wide\n', 'utf16le'));
      repository.write('some.id', '$Id$\n');
      repository.commit('line ends');
      repository.git('config', 'core.autocrlf', 'true');
      const id = await repository.done((cwd) => {
        assert.equal(readFileSync(join(cwd, 'dos.txt'), 'utf8'), 'a\r\nb\r\n');
        assert.match(readFileSync(join(cwd, 'some.id'), 'utf8'), /\$Id: /);
        shell(cwd, 'touch *; sleep 0');
        put('new.txt', 'new\r\n')(cwd);
      });
      assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n');
    });

    it('a branch koubou: its own get another name, which is applied and removed as ever', async () => {
      repository.git('branch', 'koubou');
      const id = await repository.done(put('new.txt', 'new\n'));
      assert.equal(repository.git('diff', '--name-only', 'main', `koubou-${id}`), 'new.txt\n');
      assert.equal((await repository.apply(id)).branch, `koubou-${id}`);
      await repository.discard(id);
      assert.equal(repository.git('branch', '--list', 'koubou-*'), '');
    });

    it('objects by SHA-256, a history that is cut, or an index in two parts', async () => {
      for (const make of [
        `git init -q --object-format=sha256 -b main odd`,
        `git clone -q --depth 1 'file://${folder}' odd`,
        `git init -q -b main odd && git -C odd config core.splitIndex true`,
      ]) {
        const odd = join(kit.outside, 'odd');
        shell(kit.outside, make);
        writeFileSync(join(odd, 'a.txt'), 'a\n');
        shell(
          odd,
          'git add -A && git -c user.name=t -c user.email=t@t commit -qm x && git update-index --split-index',
        );
        const id = await repository.done(put('new.txt', 'new\n'), { cwd: odd });
        assert.deepEqual((await repository.apply(id)).files, ['new.txt'], make);
        assert.equal(readFileSync(join(odd, 'new.txt'), 'utf8'), 'new\n');
        await repository.discard(id);
        rmSync(odd, { recursive: true });
      }
    });

    it('left out most of its files: a worktree leaves them out too, and takes none for removed', async () => {
      repository.write('sub/b.txt', 'b\n');
      mkdirSync(join(folder, 'wide'));
      repository.write('wide/c.txt', 'c\n');
      repository.commit('more');
      repository.git('sparse-checkout', 'set', 'wide');
      assert.equal(existsSync(join(folder, 'sub')), false);
      const id = await repository.done((cwd) => {
        assert.equal(existsSync(join(cwd, 'sub')), false);
        put('new.txt', 'new\n')(cwd);
      });
      assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n');
      assert.equal((await repository.apply(id)).result, 'applied');
    });

    it('an owner whom git does not trust: that is said, and not overridden', async function () {
      if (process.getuid?.() !== 0) return this.skip();
      shell(folder, 'chown -R 12345:12345 .git .');
      const wish = newTask({ type: 'code', cwd: folder, options: { worktree: true } });
      await assert.rejects(
        refuseWorktree([wish], () => Promise.resolve(environment())),
        { code: 'conflict', message: /another owner.*dubious ownership/ },
      );
    });

    it('no files: a bare one is said to be none to work in', async () => {
      shell(kit.outside, 'git init -q --bare bare');
      const wish = newTask({ type: 'code', cwd: join(kit.outside, 'bare'), options: { worktree: true } });
      await assert.rejects(
        refuseWorktree([wish], () => Promise.resolve(environment())),
        { code: 'conflict', message: /work tree/ },
      );
    });
  });

  it('leaves nothing of its own git folders behind', async () => {
    const id = await repository.done(put('new.txt', 'new\n'));
    await repository.apply(id);
    assert.deepEqual(await readdir(join(folder, 'home', 'worktrees')), [`${id}.json`]);
    assert.doesNotMatch(await readFile(join(folder, '.git', 'config'), 'utf8'), /koubou/);
  });
});

const AUTHOR = {
  GIT_AUTHOR_NAME: 't',
  GIT_AUTHOR_EMAIL: 't@t',
  GIT_COMMITTER_NAME: 't',
  GIT_COMMITTER_EMAIL: 't@t',
};

const other2 = ({ outside }: Kit): string => {
  shell(
    outside,
    'git init -q third && git -C third -c user.name=t -c user.email=t@t commit -q --allow-empty -m x',
  );
  return join(outside, 'third');
};
