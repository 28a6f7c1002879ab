/**
 * What a program leaves that worked in the user's own repository: nothing that the user's next git runs or follows, and
 * nothing of the user's own is lost. Beside each promise stands the same attack by a program that no sandbox holds.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bubblewrapExecutor } from '../../src/executor/bubblewrap.ts';
import { confinementOf } from '../../src/executor/confine.ts';
import type { Executor } from '../../src/executor/executor.ts';
import type { Judged } from '../../src/executor/git-folder.ts';
import { LeftBehind } from '../../src/executor/left-behind.ts';
import { localExecutor } from '../../src/executor/local.ts';
import { nestedRepositories } from '../../src/executor/nested-repositories.ts';
import type { ProgramEnd } from '../../src/process/spawn.ts';
import { bubblewrap, needBubblewrap, pathWith } from '../helpers/bubblewrap.ts';
import { until } from '../helpers/until.ts';

describe('what a program left that worked in a plain repository', function () {
  this.timeout(60_000);
  let root: string;
  let cwd: string;
  let mark: string;
  let path: string;
  let runs = 0;

  needBubblewrap();

  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  };

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-left-')));
    cwd = join(root, 'user', 'project');
    mark = join(root, 'mark');
    path = pathWith(join(root, 'bin'));
    mkdirSync(cwd, { recursive: true });
    git('init', '-q', '-b', 'main');
    write('evil', `#!/bin/sh\n: > ${mark}\n`);
    chmodSync(join(cwd, 'evil'), 0o755);
    write('a.txt', 'one\n');
    write('sub/file', 'x\n');
    commit('one');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const environment = (): Record<string, string> => ({
    PATH: path,
    HOME: join(root, 'user'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b.c',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b.c',
  });

  /** Of the user, outside; what it says, also where it fails. */
  const shell = (script: string): string =>
    execFileSync('sh', ['-c', `{ ${script}\n} 2>&1; true`], { cwd, encoding: 'utf8', env: environment() });
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd, encoding: 'utf8', env: environment() });
  const commit = (message: string): void => {
    git('add', '-A');
    git('commit', '-q', '-m', message);
  };

  const confined = async (): Promise<Executor> =>
    bubblewrapExecutor(
      bubblewrap() ?? '',
      await confinementOf(
        { cwd, statePath: root, readable: [], staysLocal: true },
        { home: null, keys: [], environment: environment(), network: 'none', writes: 'folder' },
      ),
    );

  const ran = async (executor: Executor, script: string): Promise<ProgramEnd & { said: string }> => {
    runs += 1;
    const out = join(root, `out-${runs}`);
    const program = await executor.start({
      command: 'sh',
      args: ['-c', script],
      cwd,
      environment: environment(),
      stdin: 'closed',
      stdoutPath: out,
      stderrPath: out,
      lease: null,
    });
    return { ...(await program.ended), said: readFileSync(out, 'utf8') };
  };

  /** The folder in which things of a git folder were set aside. */
  const aside = (): string => {
    const names = readdirSync(join(cwd, '.git')).filter((name) => name.startsWith('koubou-aside-'));
    assert.equal(names.length, 1, names.join());
    return join(cwd, '.git', names[0] ?? '');
  };

  const STRATEGY =
    'mkdir -p git-merge-x .git/sequencer; cp evil git-merge-x/evil; printf "[options]\\n\\tstrategy = x/evil\\n" >> .git/sequencer/opts';

  /** A cherry-pick of several commits that stopped at a conflict. */
  const pick = (): string =>
    shell(`git checkout -q -b side; for n in 1 2; do echo $n > a.txt; git commit -q -a -m $n; done
      git checkout -q main; echo main > a.txt; git commit -q -a -m main; git cherry-pick main..side`);
  const goOn = (): string =>
    shell('git checkout -q --theirs a.txt; git add a.txt; git -c core.editor=true cherry-pick --continue');

  it('adds no program to a cherry-pick that the user has begun', async () => {
    pick();
    const { said } = await ran(await confined(), STRATEGY);
    assert.match(said, /Read-only/);
    goOn();
    assert.ok(!existsSync(mark));
    shell('git cherry-pick --abort; git reset -q --hard main');
    pick();
    await ran(localExecutor, STRATEGY);
    goOn();
    assert.ok(existsSync(mark), 'the test would not notice it');
  });

  it('is set aside where git would run or follow it, and the log says where it lies', async () => {
    const plant = `${STRATEGY}; mkdir .git/rebase-apply .git/rr-cache .git/rebase-merge; echo x > .git/rr-cache/x; echo 'exec evil' > .git/rebase-merge/git-rebase-todo; ln -s /tmp .git/refs/link`;
    const { notes = [], broken } = await ran(await confined(), plant);
    assert.equal(broken, undefined, 'it is told, and no more');
    const planted = ['rebase-apply', 'rebase-merge', 'rr-cache', 'sequencer'];
    for (const name of planted) assert.ok(!existsSync(join(cwd, '.git', name)), name);
    assert.deepEqual(readdirSync(aside()).sort(), ['4-refs%link', ...planted].sort());
    assert.ok(notes.join().includes(aside()), notes.join());
    assert.equal(git('status', '--porcelain', '--untracked-files=no'), '');
  });

  /** Links, pipes and sockets in `.git`, but for what was set aside. */
  const odd = (): string =>
    shell("find .git -name 'koubou-aside-*' -prune -o ! -type f ! -type d -print").trim();

  it('is set aside by a number where its path makes no name, and the log says which path it had', async () => {
    const long = `refs/heads/${'0'.repeat(200)}/${'1'.repeat(200)}`;
    const plant = `mkdir -p .git/${dirname(long)}; ln -s x .git/${long}; rm -f .git/logs/HEAD; ln -s ${mark} .git/logs/HEAD`;
    const { notes = [], broken } = await ran(await confined(), plant);
    assert.equal(broken, undefined);
    assert.equal(odd(), '');
    assert.ok(notes.join().includes(`${long} (as 1)`), notes.join());
    assert.deepEqual(readdirSync(aside()).sort(), ['0-logs%HEAD', '1']);
    shell('git commit -q --allow-empty -m two');
    assert.ok(!existsSync(mark));
    await ran(localExecutor, plant);
    shell('git commit -q --allow-empty -m three');
    assert.ok(existsSync(mark), 'the test would not notice it');
  });

  it('is set aside whatever bytes its name has, and that of the folder around it', async () => {
    const plant = `cd .git/refs/heads; name=$(printf 'p\\377'); mkfifo "$name"; mkdir "d$name"; ln -s ${mark} "d$name/$name"; mkfifo fsmonitor--daemon.ipc; cd ../..; ln -s x "$name"; ln -s x "$(printf '\\357\\277\\275')"`;
    const { broken } = await ran(await confined(), plant);
    assert.equal(broken, undefined);
    assert.equal(odd(), '');
    assert.equal(readdirSync(aside(), { encoding: 'buffer' }).length, 5);
    assert.equal(git('branch'), '* main\n');
    await ran(localExecutor, plant);
    assert.notEqual(odd(), '', 'the test would not notice it');
  });

  it('is set aside in and with folders that it closed', async function () {
    if (process.getuid?.() === 0) this.skip();
    const plant = `rm -f .git/logs/HEAD; ln -s ${mark} .git/logs/HEAD; chmod 0300 .git/logs; mkdir .git/rebase-apply; chmod 0500 .git/rebase-apply .git`;
    const { broken } = await ran(await confined(), plant);
    assert.equal(broken, undefined);
    assert.equal(odd(), '');
    assert.deepEqual(readdirSync(aside()).sort(), ['1-logs%HEAD', 'rebase-apply']);
  });

  it('is set aside whatever names were taken in advance', async () => {
    const { now } = Date;
    const time = now();
    Date.now = () => time;
    try {
      const plant = `cd .git; mkdir rebase-apply koubou-aside-${time}; for n in $(seq 20); do mkdir koubou-aside-${time}-$n; done; mkdir refs/link; ln -s x 1-refs%link%x; ln -s y refs/link/x
        cd ../sub; cp -r ../.git/refs ../.git/objects .; echo ref: refs/heads/main > HEAD; mkdir HEAD.koubou-aside-${time}`;
      const { notes = [], broken } = await ran(await confined(), plant);
      assert.match(String(broken?.message), /made a repository of a folder that was there/);
      assert.ok(!existsSync(join(cwd, 'sub/HEAD')));
      assert.ok(!existsSync(join(cwd, '.git/rebase-apply')));
      assert.equal(odd(), '');
      const folder = /It lies in (\S+);/.exec(notes.join())?.[1] ?? '';
      assert.equal(readdirSync(folder).length, 3, 'none was put over another one');
    } finally {
      Date.now = now;
    }
  });

  describe('and cannot be set aside', () => {
    let elsewhere: string;

    beforeEach(function () {
      if (!existsSync('/dev/shm') || statSync('/dev/shm').dev === statSync(root).dev) this.skip();
      // A part of the repository on another file system: nothing can be renamed from there.
      elsewhere = mkdtempSync('/dev/shm/koubou-part-');
    });
    afterEach(() => rmSync(elsewhere, { recursive: true, force: true }));

    const leftAfter = async (script: string): Promise<Judged> => {
      const gitFolders = [{ path: join(cwd, '.git'), parts: [elsewhere] }];
      const folders = [join(cwd, 'sub')];
      const left = await LeftBehind.before({ unwanted: [], standIns: [], gitFolders, folders });
      shell(script);
      return left.judge();
    };

    it('is removed where it is a link or a pipe, and the log says so', async () => {
      const { notes, broken } = await leftAfter(`ln -s x ${elsewhere}/link; mkfifo ${elsewhere}/pipe`);
      assert.equal(broken, undefined);
      assert.deepEqual(readdirSync(elsewhere), []);
      assert.match(notes.join(), /was removed, as it could not be set aside: \S+\/(?:link|pipe), /);
    });

    it('keeps nothing else there, and HEAD is put back: the run has failed, and what is left is named', async () => {
      const head = readFileSync(join(cwd, '.git/HEAD'), 'utf8');
      const { notes, broken } = await leftAfter(
        `mknod ${elsewhere}/device c 0 0; mkfifo ${elsewhere}/aaa ${elsewhere}/zzz; mkdir .git/rebase-apply; rm .git/HEAD
        cd sub; cp -r ../.git/refs ../.git/objects .; echo ref: refs/heads/main > HEAD`,
      );
      assert.equal(broken?.code, 'repository_lost');
      assert.ok(broken.message.includes(join(elsewhere, 'device')), broken.message);
      assert.deepEqual(readdirSync(elsewhere), ['device']);
      assert.deepEqual(readdirSync(aside()), ['rebase-apply']);
      assert.equal(readFileSync(join(cwd, '.git/HEAD'), 'utf8'), head);
      assert.ok(!existsSync(join(cwd, 'sub/HEAD')));
      // Only one can be the reason.
      assert.match(notes.join(), /without a HEAD that git can read.*made a repository of a folder/);
    });
  });

  it('leaves what commits, merges, tags and bisections need', async () => {
    const work = `git checkout -q -b other; echo x > x; git add x; git commit -q -m x; git checkout -q main; echo y > y; git add y; git commit -q -m y; git merge -q --no-edit other; git tag t; git pack-refs --all; git gc -q; git stash list; git bisect start -q HEAD HEAD~1; git log --format=%s -1`;
    const { notes, broken, said } = await ran(await confined(), work);
    assert.deepEqual([notes ?? [], broken], [[], undefined]);
    assert.match(said, /Merge branch|first bad/);
    assert.ok(existsSync(join(cwd, '.git', 'BISECT_START')));
    assert.deepEqual(
      (await ran(await confined(), 'echo z > z; git add z; git commit -q -m z')).notes ?? [],
      [],
    );
  });

  describe('a rebase that the user begins meanwhile', () => {
    const rebase = async (more: string): Promise<ProgramEnd> => {
      write('../editor', `#!/bin/sh\nsed -i '1s/pick/edit/' "$1"\n${more}\n`);
      chmodSync(join(cwd, '../editor'), 0o755);
      for (const n of [1, 2, 3]) {
        write(`f${n}`, 'x');
        commit(`c${n}`);
      }
      const program = ran(await confined(), ': > here; until test -e go; do sleep 0.02; done');
      await until(() => existsSync(join(cwd, 'here')));
      shell(`GIT_SEQUENCE_EDITOR=../editor git rebase -i HEAD~3`);
      assert.ok(existsSync(join(cwd, '.git', 'rebase-merge')));
      write('go', '');
      return program;
    };

    it('goes on', async () => {
      const { notes = [] } = await rebase('');
      assert.match(notes.join(), /rebase-merge came, and runs nothing/);
      assert.match(shell('git rebase --continue'), /Successfully rebased/);
      assert.equal(git('log', '--format=%s', '-1'), 'c3\n');
    });

    it('goes on once it is moved back, where it has a command in it', async () => {
      await rebase('echo exec true >> "$1"');
      assert.match(shell('git rebase --continue'), /[Nn]o rebase in progress/);
      shell(`mv ${aside()}/rebase-merge .git/`);
      assert.match(shell('git rebase --continue'), /Successfully rebased/);
    });
  });

  describe('without a HEAD', () => {
    const capture = `mv .git/HEAD HEAD; cp -r .git/refs .git/objects .; cp .git/index index; cp .git/config config
      git config -f config core.worktree .; git config -f config core.bare false; git config -f config core.fsmonitor "$PWD/evil"`;

    it('it gets its HEAD back, and is not taken for another one that lies in the work tree: the run has failed', async () => {
      const head = readFileSync(join(cwd, '.git/HEAD'), 'utf8');
      const { broken, notes = [] } = await ran(await confined(), capture);
      assert.equal(broken?.code, 'repository_lost');
      assert.match(notes.join(), /HEAD\.koubou-aside/);
      assert.equal(readFileSync(join(cwd, '.git/HEAD'), 'utf8'), head);
      git('status', '--porcelain');
      assert.ok(!existsSync(mark));
      await ran(localExecutor, `rm -r HEAD* refs objects index config; ${capture}`);
      shell('git status');
      assert.ok(existsSync(mark), 'the test would not notice it');
    });

    it('of its form it gets the one back that it had, whatever came in its place', async () => {
      const head = readFileSync(join(cwd, '.git/HEAD'), 'utf8');
      for (const plant of [
        'echo x > .git/HEAD',
        'rm .git/HEAD; mkdir .git/HEAD',
        'rm .git/HEAD; mkfifo .git/HEAD',
      ]) {
        const { broken } = await ran(await confined(), plant);
        assert.equal(broken?.code, 'repository_lost', plant);
        assert.equal(readFileSync(join(cwd, '.git/HEAD'), 'utf8'), head, plant);
        assert.equal(git('status', '--porcelain', '--untracked-files=no'), '');
        rmSync(aside(), { recursive: true });
      }
    });

    it('an index with names that git puts into none is set aside: no checkout writes by them', async () => {
      const evil = git('hash-object', '-w', 'evil').trim();
      // A name as long as the wanted one, which git takes, and the sum that it reads the index by.
      const forge = (wanted: string): string => {
        const stand = 'x'.repeat(wanted.length);
        return `git update-index --add --cacheinfo 100755,${evil},${stand}; node -e '
          const fs = require("fs"), path = ".git/index";
          const bytes = fs.readFileSync(path).subarray(0, -20);
          bytes.write(process.argv[2], bytes.indexOf(process.argv[1]));
          const sum = require("crypto").createHash("sha1").update(bytes).digest();
          fs.writeFileSync(path, Buffer.concat([bytes, sum]));' ${stand} ${wanted}`;
      };
      for (const name of ['.git/hooks/post-checkout', '../out-of-here']) {
        const { broken, notes = [] } = await ran(await confined(), forge(name));
        assert.equal(broken?.code, 'repository_lost', name);
        assert.ok(broken?.message.includes(name), broken?.message);
        assert.match(notes.join(), /: index\b/);
        shell('git reset -q; git checkout .');
        assert.ok(!existsSync(mark) && !existsSync(join(cwd, '..', 'out-of-here')), name);
        rmSync(aside(), { recursive: true });
      }
      await ran(localExecutor, forge('../out-of-here'));
      shell('git checkout .');
      assert.ok(existsSync(join(cwd, '..', 'out-of-here')), 'the test would not notice it');
    });

    it('a folder among packages, or whose name is no text, is made no repository', async () => {
      const odd = "$(printf 'd\\377')";
      shell(`mkdir -p node_modules/m ${odd}; echo x > node_modules/m/x; echo x > ${odd}/x`);
      for (const folder of ['node_modules/m', odd]) {
        const plant = `cd ${folder}; cp -r "$OLDPWD/.git/." . ; rm -f commondir; git config -f config core.worktree .; git config -f config core.fsmonitor "$OLDPWD/evil"; true`;
        const { broken } = await ran(await confined(), plant);
        assert.equal(broken?.code, 'repository_lost', folder);
        shell(`cd ${folder}; git status`);
        assert.ok(!existsSync(mark), folder);
      }
    });

    it('cannot be had by moving its objects or branches away', async () => {
      await ran(await confined(), 'mv .git/refs r; mv .git/objects o');
      for (const name of ['refs', 'objects']) assert.ok(existsSync(join(cwd, '.git', name)), name);
      await ran(localExecutor, 'rm -rf r o; mv .git/refs r');
      assert.ok(!existsSync(join(cwd, '.git', 'refs')), 'the test would not notice it');
    });
  });

  it('is no repository in a folder that was there, by which git there takes its settings', async () => {
    const plant = `cd sub; cp -r ../.git/. .; rm -f commondir; git config -f config core.worktree .; git config -f config core.bare false; git config -f config core.fsmonitor "$PWD/../evil"; true`;
    const { broken } = await ran(await confined(), plant);
    assert.equal(broken?.code, 'repository_lost');
    shell('cd sub; git status');
    assert.ok(!existsSync(mark));
    shell('git clean -qfdx sub');
    await ran(localExecutor, plant);
    shell('cd sub; git status');
    assert.ok(existsSync(mark), 'the test would not notice it');
    // One in a folder of its own is as the program was asked to make it.
    shell('git clean -qfdx sub');
    assert.equal((await ran(await confined(), 'git clone -q --bare . fixtures.git')).broken, undefined);
  });

  describe('in repositories below', () => {
    const evil = (name: string): string => `printf '[core]\\n\\tfsmonitor = x\\n' >> ${name}/.git/config`;

    it('is nothing in their settings, however many others lie there, and in packages neither', async () => {
      for (const name of ['libs/mine', 'node_modules/dep']) shell(`mkdir -p ${name}; git init -q ${name}`);
      await ran(await confined(), 'for i in $(seq 60); do mkdir -p a$i/.git; done');
      for (const name of ['libs/mine', 'node_modules/dep']) {
        const { said } = await ran(await confined(), evil(name));
        assert.match(said, /Read-only/, name);
        await ran(localExecutor, evil(name));
        assert.match(readFileSync(join(cwd, name, '.git/config'), 'utf8'), /fsmonitor/);
      }
    });

    it('is nothing at all where there are more than can be guarded: no program is started', async () => {
      shell('for i in $(seq 301); do mkdir -p b$i/.git; done');
      await assert.rejects(confined(), { code: 'not_allowed', message: /more than 300 repositories/ });
      assert.equal((await nestedRepositories(join(cwd, 'b1'), '')).guarded.length, 0);
    });

    it('is nothing below a name that is no UTF-8: the folder around it is read-only, or no program is started', async () => {
      const odd = "$(printf 'caf\\351')";
      shell(`mkdir -p libs/${odd}/empty libs/plain`);
      assert.doesNotMatch((await ran(await confined(), 'echo x >libs/plain/x')).said, /Read-only/);
      shell(`git init -q libs/${odd}/mine`);
      const { said } = await ran(await confined(), `cd libs/${odd}; ${evil('mine')}`);
      assert.match(said, /Read-only/);
      shell(`mv libs/${odd} .`);
      await assert.rejects(confined(), { code: 'not_allowed', message: /whose name is no UTF-8/ });
    });

    it('is nothing in a folder that koubou cannot look through', async function () {
      if (process.getuid?.() === 0) this.skip();
      shell('mkdir -p shut; git init -q shut/in; chmod 0 shut');
      const { said } = await ran(await confined(), `chmod 755 shut; ${evil('shut/in')}`);
      assert.match(said, /Read-only/);
      shell('chmod 755 shut');
    });
  });
});
