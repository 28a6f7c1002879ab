import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorInfo } from '../../src/errors.ts';
import { full } from '../support/builders.ts';
import { put, Repository, shell } from '../support/git/repository.ts';
import { until } from '../support/until.ts';
import { failure, fence, replacing } from '../support/worker/rig.ts';

const MANY = full ? 20 : 8;

describe('a worktree of its own', () => {
  let repository: Repository;

  beforeEach(async () => {
    repository = await Repository.make();
  });
  afterEach(() => repository.remove());

  it('is where the run works, and its branch holds what it did; the folder is as it was', async () => {
    const { folder } = repository;
    const id = await repository.done((cwd) => {
      assert.notEqual(cwd, folder);
      put('new.txt', 'new\n')(cwd);
      put('ignored.log', 'x')(cwd);
    });
    assert.equal(repository.status(), '');
    assert.equal(
      repository.git('show', '--format=%an %s', '--name-only', `koubou/${id}`).trim(),
      'koubou Do it.\n\nnew.txt',
    );
    assert.match(await repository.patchOf(id), /\+\+\+ b\/new\.txt/);
    assert.equal((await repository.rig.record(id)).attempts[0]?.evidence, '1 file changed');
    assert.deepEqual(await repository.listed(), [id]);
    const applied = await repository.apply(id);
    assert.deepEqual([applied.result, applied.files, applied.worktree_kept], ['applied', ['new.txt'], false]);
    assert.equal(repository.read('new.txt'), 'new\n');
    assert.equal(repository.status(), '?? new.txt\n');
    assert.deepEqual(await repository.listed(), []);
    assert.equal((await repository.apply(id)).result, 'applied', 'a second time changes nothing');
    await repository.discard(id);
    assert.equal(repository.branches(), '');
  });

  /** As a git leaves it that is killed while it makes a worktree: every later `git worktree add` fails. */
  const leaveHalf = (name: string): string => {
    const folder = join(repository.folder, '.git', 'worktrees', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'gitdir'), '/nowhere/.git\n');
    writeFileSync(join(folder, 'commondir'), '');
    assert.throws(() => repository.git('worktree', 'list'), /failed to read .*commondir/);
    return folder;
  };

  it('is made where a git was killed in the middle of making that of another task', async () => {
    const half = leaveHalf('task_20260101_000000_000000_abcd');
    const id = await repository.done(put('new.txt', 'new\n'));
    assert.equal((await repository.rig.record(id)).status, 'completed');
    assert.equal(existsSync(half), false);
  });

  it('is made, and nothing removed, where the half one is somebody else’s', async () => {
    const half = leaveHalf('theirs');
    await repository.done(put('new.txt', 'new\n'));
    assert.equal(existsSync(half), true);
  });

  it('is made by git itself where each worktree has settings of its own', async () => {
    repository.git('config', 'extensions.worktreeConfig', 'true');
    repository.git('config', '--worktree', 'koubou.test', 'main');
    const id = await repository.done(put('new.txt', 'new\n'));
    const own = join(repository.folder, '.git', 'worktrees', `${id}.r1`);
    assert.match(readFileSync(join(own, 'config.worktree'), 'utf8'), /test = main/);
    assert.deepEqual((await repository.apply(id)).files, ['new.txt']);
  });

  it('gets nothing on its branch from a worker that has lost the task', async () => {
    const { rig, runner } = repository;
    const id = await repository.add();
    runner.act = (_, { cwd }) => {
      put('new.txt', 'new\n')(cwd);
      fence(rig.home.path('tasks/in_progress'), daemon.member().workerId);
      return 'Done.';
    };
    const daemon = rig.start(runner);
    assert.deepEqual(await daemon.end, { kind: 'fenced' });
    assert.equal(repository.git('rev-parse', `koubou/${id}`), repository.git('rev-parse', 'main'));
  });

  it('is not made anew by a worker that has lost the task', async () => {
    const { rig, runner } = repository;
    const id = await repository.done(put('new.txt', 'new\n'));
    const before = repository.git('rev-parse', `koubou/${id}`);
    await rig.queue.retry(id);
    const daemon = rig.start(runner, {}, (member) =>
      replacing(member, {
        claim: async (admit) => {
          const claim = await member.claim(admit);
          if (claim !== undefined) fence(rig.home.path('tasks/in_progress'), member.workerId);
          return claim;
        },
      }),
    );
    assert.deepEqual(await daemon.end, { kind: 'fenced' });
    assert.equal(repository.git('rev-parse', `koubou/${id}`), before);
    assert.equal(readFileSync(join(repository.worktree(id), 'new.txt'), 'utf8'), 'new\n');
  });

  it('keeps the subfolder, and what the agent committed itself', async () => {
    const act = (cwd: string): void => {
      assert.match(cwd, /\/worktrees\/task_\w+\.r1\/sub$/);
      put('a.txt', 'A\n')(cwd);
      shell(cwd, 'git -c user.name=a -c user.email=a@a commit -qam mine');
      put('b.txt', 'b\n')(cwd);
    };
    const id = await repository.done(act, { cwd: join(repository.folder, 'sub') });
    assert.equal(repository.git('log', '--format=%an', `main..koubou/${id}`), 'koubou\na\n');
    assert.deepEqual((await repository.apply(id)).files, ['sub/a.txt', 'sub/b.txt']);
  });

  it('keeps a subfolder whatever its name is', async () => {
    const name = ' ü\nn';
    mkdirSync(join(repository.folder, name));
    repository.write(`${name}/a`, 'a\n');
    repository.commit('odd');
    const id = await repository.done(put('a', 'b\n'), { cwd: join(repository.folder, name) });
    assert.deepEqual((await repository.apply(id)).files, [`${name}/a`]);
    assert.equal(repository.read(`${name}/a`), 'b\n');
  });

  it('gives its own paths for files of the repository, and others as they are', async () => {
    const { runner, folder } = repository;
    repository.write('untracked.txt', 'x');
    const paths = ['sub/a.txt', 'untracked.txt', '../elsewhere'].map((name) => join(folder, name));
    let told: string[] = [];
    runner.act = ({ files, cwd: own }, { cwd }) => {
      assert.equal(own, cwd);
      told = files.map(({ path }) => path.replace(cwd, 'CWD'));
      put('new.txt', 'x')(cwd);
      return 'Done.';
    };
    const id = await repository.add({
      files: paths.map((path) => ({ path, sha256: null })),
      options: { check: 'test "$KOUBOU_FILE" = "$PWD/sub/a.txt"', expect: ['new.txt'] },
    });
    await repository.rig.drain(runner);
    assert.equal((await repository.rig.record(id)).attempts[0]?.evidence, '1 file changed, expect, check');
    assert.deepEqual(told, ['CWD/sub/a.txt', ...paths.slice(1)]);
  });

  it('begins again clean after a failed run, at the commit of then', async () => {
    const { runner } = repository;
    runner.act = (_, { cwd }) => {
      assert.equal(existsSync(join(cwd, 'half.txt')), false);
      put('half.txt', 'half')(cwd);
      if (runner.runs.length > 1) return 'Done.';
      repository.write('shared.txt', 'newer\n');
      repository.commit('in between');
      return failure(errorInfo('stalled', 'nothing came'));
    };
    const id = await repository.add({ options: { retries: 1 } });
    await repository.rig.drain(runner);
    const { attempts } = await repository.rig.record(id);
    assert.deepEqual(
      attempts.map(({ outcome }) => outcome),
      ['error', 'success'],
    );
    assert.equal(repository.git('rev-parse', `koubou/${id}~`), repository.git('rev-parse', 'main'));
  });

  it('is kept when the run failed, cannot be applied, and can be discarded', async () => {
    repository.runner.act = async (_, { cwd }) => {
      put('half.txt', 'half')(cwd);
      await assert.rejects(repository.discard(id), { code: 'conflict', message: /has not ended/ });
      return failure(errorInfo('stalled', 'nothing came'));
    };
    const id = await repository.add();
    await repository.rig.drain(repository.runner);
    assert.equal((await repository.rig.record(id)).result?.error?.code, 'stalled');
    assert.equal(existsSync(join(repository.worktree(id), 'half.txt')), true);
    await assert.rejects(repository.apply(id), { code: 'conflict', message: /has not completed/ });
    await repository.discard(id);
    assert.equal(existsSync(repository.worktree(id)), false);
    assert.match(await repository.patchOf(id), /half/);
    await assert.rejects(repository.discard(id), { code: 'conflict', message: /has no worktree/ });
    await assert.rejects(repository.apply('task_20260101_000000_000000_aaaa'), { code: 'no_such_task' });
  });

  it('gives ignored files that the config links, and never takes them for work', async () => {
    const settings = { worktreeLinks: ['node_modules', 'missing', 'shared.txt'] };
    mkdirSync(join(repository.folder, 'node_modules'));
    repository.write('node_modules/dependency', 'x');
    const look = (cwd: string): void =>
      assert.equal(readFileSync(join(cwd, 'node_modules/dependency'), 'utf8'), 'x');
    const nothing = await repository.ran(look, {}, settings);
    assert.equal(nothing.result?.error?.code, 'no_evidence');
    // `node_modules/` in .gitignore is for a folder: the agent's own commit takes the link.
    const act = (cwd: string): void => {
      put('new.txt', 'new')(cwd);
      put('node_modules/written', 'through')(cwd);
      shell(cwd, 'git add -A && git -c user.name=a -c user.email=a@a commit -qm mine');
      put('missing', 'now it is here')(cwd);
      put('shared.txt', 'changed')(cwd);
    };
    const something = await repository.done(act, {}, settings);
    const files = ['missing', 'new.txt', 'shared.txt'];
    assert.equal(
      repository.git('diff', '--name-only', 'main', `koubou/${something}`),
      `${files.join('\n')}\n`,
    );
    assert.doesNotMatch(await repository.patchOf(something), /node_modules/);
    assert.match(
      await repository.logOf(something),
      /in your own files: node_modules, node_modules\/written\n/,
    );
    assert.equal(await repository.logOf(nothing.task_id), '');
    const applied = await repository.apply(something);
    assert.deepEqual([applied.files, applied.worktree_kept], [files, false]);
    await repository.discard(nothing.task_id);
    assert.equal(repository.read('node_modules/dependency'), 'x');
  });

  it('runs no hooks and signs nothing, and needs no name of the user', async () => {
    const { folder } = repository;
    repository.git('config', 'commit.gpgsign', 'true');
    repository.git('config', 'gpg.program', '/none');
    repository.git('config', 'user.useConfigOnly', 'true');
    repository.git('config', 'init.templateDir', '/none');
    for (const hook of [
      'post-checkout',
      'pre-commit',
      'post-commit',
      'post-index-change',
      'reference-transaction',
    ]) {
      repository.write(`.git/hooks/${hook}`, `#!/bin/sh\ntouch '${folder}/hooked'\nexit 1\n`);
      chmodSync(join(folder, '.git/hooks', hook), 0o755);
    }
    const id = await repository.done(put('new.txt', 'x'));
    assert.equal((await repository.apply(id)).result, 'applied');
    assert.equal(existsSync(join(folder, 'hooked')), false);
  });

  it('holds its work whatever the agent does to git in it, and so does the repository around it', async () => {
    const state = (): string =>
      `${repository.git('symbolic-ref', 'HEAD')}${repository.git('rev-parse', 'HEAD')}${repository.status()}`;
    const before = state();
    for (const script of ['rm .git', 'git checkout -q --orphan other']) {
      const id = await repository.done((cwd) => {
        put('new.txt', 'x')(cwd);
        shell(cwd, script);
      });
      assert.equal(state(), before, script);
      assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n', script);
      await repository.discard(id);
      assert.equal(repository.known(), 1);
    }
  });

  it('leaves a submodule as it is, and is kept for what was done in one', async () => {
    const head = repository.git('rev-parse', 'HEAD').trim();
    repository.git('update-index', '--add', '--cacheinfo', `160000,${head},module`);
    repository.git('commit', '-qm', 'with a module');
    mkdirSync(join(repository.folder, 'module'));
    const id = await repository.done((cwd) => {
      put('new.txt', 'x')(cwd);
      const commit = 'git -c user.name=a -c user.email=a@a commit -q --allow-empty -m mine';
      shell(join(cwd, 'module'), `git init -q && ${commit}`);
    });
    const applied = await repository.apply(id);
    assert.deepEqual([applied.files, applied.worktree_kept], [['new.txt'], true]);
    assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'new.txt\n');
  });

  describe('that is not as it was left', () => {
    it('was deleted by hand: it can be applied and discarded', async () => {
      const id = await repository.done(put('new.txt', 'x'));
      rmSync(repository.worktree(id), { recursive: true });
      const { result, worktree_kept } = await repository.apply(id);
      assert.deepEqual([result, worktree_kept], ['applied', false]);
      assert.equal(repository.known(), 1);
      const other = await repository.done(put('other.txt', 'x'));
      rmSync(repository.worktree(other), { recursive: true });
      await repository.discard(other);
      await repository.discard(id);
      assert.deepEqual([repository.known(), repository.branches()], [1, '']);
    });

    it('was deleted by hand after it failed: the task can be tried again', async () => {
      const { task_id: id } = await repository.ran(() => undefined);
      rmSync(repository.worktree(id), { recursive: true });
      repository.runner.act = (_, { cwd }) => {
        put('new.txt', 'x')(cwd);
        return 'Done.';
      };
      await repository.rig.queue.retry(id);
      await repository.rig.drain(repository.runner);
      assert.deepEqual((await repository.apply(id)).files, ['new.txt']);
    });

    it('has lost its branch: that is said, and it can be discarded', async () => {
      const id = await repository.done(put('new.txt', 'x'));
      repository.git('update-ref', '-d', `refs/heads/koubou/${id}`);
      await assert.rejects(repository.apply(id), {
        code: 'conflict',
        message: /could not merge koubou\/task/,
      });
      await repository.discard(id);
      assert.equal(repository.known(), 1);
    });

    it('has a branch that somebody works on: it is not said to be gone', async () => {
      const id = await repository.done(put('new.txt', 'x'));
      repository.git('checkout', '-q', '--ignore-other-worktrees', `koubou/${id}`);
      await assert.rejects(repository.discard(id), { code: 'conflict', message: /keeps its branch/ });
      repository.git('checkout', '-q', 'main');
      await repository.discard(id);
      assert.equal(repository.branches(), '');
    });

    it('holds what no commit has: it is kept, whatever git is set to show', async () => {
      repository.git('config', 'status.showUntrackedFiles', 'no');
      const id = await repository.done(put('new.txt', 'x'));
      put('note.txt', 'mine')(repository.worktree(id));
      assert.equal((await repository.apply(id)).worktree_kept, true);
      assert.deepEqual(await repository.listed(), [id]);
    });

    it('began in a linked work tree that is gone: it can be discarded', async () => {
      const linked = join(repository.folder, 'home', 'linked');
      repository.git('worktree', 'add', '-q', '--detach', linked);
      const [applied, left] = [
        await repository.done(put('new.txt', 'x'), { cwd: linked }),
        await repository.done(put('other.txt', 'x'), { cwd: linked }),
      ];
      await repository.apply(applied);
      assert.deepEqual([shell(linked, 'git status -s'), repository.status()], ['?? new.txt\n', '']);
      repository.git('worktree', 'remove', '--force', linked);
      await assert.rejects(repository.apply(left), { code: 'conflict', message: /linked is gone/ });
      await repository.discard(left);
      assert.equal(repository.known(), 1);
      assert.doesNotMatch(repository.branches(), new RegExp(left));
    });
  });

  it('fails clearly where there is no repository, or no commit', async () => {
    const plain = await mkdtemp(join(tmpdir(), 'koubou-plain-'));
    const nowhere = await repository.ran(assert.fail, { cwd: plain });
    execFileSync('git', ['init', '-q'], { cwd: plain });
    const empty = await repository.ran(assert.fail, { cwd: plain });
    assert.match(nowhere.result?.error?.message ?? '', /needs a git repository/);
    assert.match(empty.result?.error?.message ?? '', /has none/);
    assert.deepEqual(repository.runner.runs, []);
    await rm(plain, { recursive: true });
  });

  it('is refused to a runner that gives text', async () => {
    repository.runner.changesFiles = false;
    const { result } = await repository.ran(assert.fail);
    assert.match(result?.error?.message ?? '', /--worktree is for files/);
  });

  it(`lets ${MANY} tasks run four at a time; each has its branch, and applies or names its conflict`, async function () {
    this.timeout(120_000);
    const { runner, rig } = repository;
    const numbers = Array.from({ length: MANY }, (_, number) => number);
    const collides = (number: number): boolean => number % 5 === 0;
    runner.act = async ({ prompt }, { cwd }) => {
      // How long git takes for each is the machine's affair.
      await until(() => runner.peak > 1, 'a second run beside the first');
      const number = Number(prompt);
      put(`own-${number}.txt`, `${number}\n`)(cwd);
      if (collides(number)) put('sub/a.txt', `by ${number}\n`)(cwd);
      return 'Done.';
    };
    const ids = await Promise.all(numbers.map((number) => repository.add({ prompt: String(number) })));
    await rig.drain(runner, { min: 4, max: 4 });
    const left: string[] = [];
    for (const [number, id] of ids.entries()) {
      const record = await rig.record(id);
      assert.equal(record.status, 'completed', record.result?.error?.message);
      assert.match(repository.git('show', `koubou/${id}:own-${number}.txt`), new RegExp(`^${number}$`, 'm'));
      const { result, files } = await repository.apply(id);
      assert.equal(result, collides(number) && number > 0 ? 'conflict' : 'applied');
      if (result === 'applied') repository.commit(`applied ${number}`);
      else {
        assert.deepEqual(files, ['sub/a.txt']);
        left.push(id);
      }
      assert.equal(repository.status(), '');
    }
    assert.deepEqual((await repository.listed()).sort(), left.sort());
  });
});
