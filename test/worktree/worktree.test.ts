import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppliedTask, applyTask, discardTask, readPatch } from '../../src/actions/worktrees.ts';
import { errorInfo } from '../../src/errors.ts';
import type { NewTask } from '../../src/task/record.ts';
import { listWorktrees } from '../../src/worktree/record.ts';
import { full } from '../helpers/queue-home.ts';
import { FakeRunner, failure, Rig } from '../worker/rig.ts';

const environment = { PATH: process.env['PATH'] ?? '' };

const MANY = full ? 20 : 8;

describe('a worktree of its own', () => {
  let rig: Rig;
  let folder: string;
  let runner: FakeRunner;

  beforeEach(async () => {
    rig = await Rig.make();
    folder = await realpath(await mkdtemp(join(tmpdir(), 'koubou-worktree-')));
    runner = new FakeRunner();
    runner.changesFiles = true;
    git('init', '-q', '-b', 'main');
    write('.gitignore', 'node_modules/\n*.log\n');
    write('shared.txt', `${'line\n'.repeat(50)}`);
    mkdirSync(join(folder, 'sub'));
    write('sub/a.txt', 'a\n');
    commit('first');
  });

  afterEach(async () => {
    await rig.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const commit = (message: string): void => {
    git('add', '-A');
    git('commit', '-qm', message);
  };
  const add = (over: Partial<NewTask> = {}): Promise<string> =>
    rig.add({
      type: 'code',
      prompt: 'Do it.\nWell.',
      cwd: folder,
      ...over,
      options: { retries: 0, worktree: true, ...over.options },
    });
  const parts = () => ({ queue: rig.queue, home: rig.home.home, environment });
  const apply = (id: string): Promise<AppliedTask> => applyTask(parts(), id);
  const patchOf = async (id: string): Promise<string> => {
    const chunks: Uint8Array[] = [];
    const patch = await readPatch(rig.queue, id);
    for await (const chunk of patch.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
  const done = async (act: (cwd: string) => void): Promise<string> => {
    runner.act = (_, { cwd }) => {
      act(cwd);
      return 'Done.';
    };
    const id = await add();
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.equal(record.status, 'completed', record.result?.error?.message);
    return id;
  };
  const put = (name: string, text: string) => (cwd: string) => writeFileSync(join(cwd, name), text);
  const appendix = (id: string): string => join(rig.home.home, 'worktrees', id);

  it('is where the run works, and its branch holds what it did; the folder is as it was', async () => {
    const id = await done((cwd) => {
      assert.notEqual(cwd, folder);
      put('new.txt', 'new\n')(cwd);
      put('ignored.log', 'x')(cwd);
    });
    assert.equal(git('status', '--porcelain'), '');
    assert.equal(
      git('show', '--format=%an %s', '--name-only', `koubou/${id}`).trim(),
      'koubou Do it.\n\nnew.txt',
    );
    assert.match(await patchOf(id), /\+\+\+ b\/new\.txt/);
    assert.equal((await rig.record(id)).attempts[0]?.evidence, '1 file changed');
    assert.deepEqual(
      (await listWorktrees(rig.home.home)).map(({ task_id }) => task_id),
      [id],
    );
    const applied = await apply(id);
    assert.deepEqual([applied.result, applied.files, applied.worktree_kept], ['applied', ['new.txt'], false]);
    assert.equal(read('new.txt'), 'new\n');
    assert.equal(git('status', '--porcelain'), '?? new.txt\n');
    assert.deepEqual(await listWorktrees(rig.home.home), []);
    assert.equal((await apply(id)).result, 'applied', 'a second time changes nothing');
    await discardTask(parts(), id);
    assert.equal(git('branch', '--list', 'koubou/*'), '');
  });

  it('keeps the subfolder, and what the agent committed itself', async () => {
    runner.act = (_, { cwd }) => {
      assert.ok(cwd.endsWith(`/worktrees/${id}/sub`), cwd);
      put('a.txt', 'A\n')(cwd);
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@a', 'commit', '-qam', 'mine'], { cwd });
      put('b.txt', 'b\n')(cwd);
      return 'Done.';
    };
    const id = await add({ cwd: join(folder, 'sub') });
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.equal(record.status, 'completed', record.result?.error?.message);
    assert.equal(git('log', '--format=%an', `main..koubou/${id}`), 'koubou\na\n');
    assert.deepEqual((await apply(id)).files, ['sub/a.txt', 'sub/b.txt']);
  });

  it('gives its own paths for files of the repository, and others as they are', async () => {
    write('untracked.txt', 'x');
    const paths = ['sub/a.txt', 'untracked.txt', '../elsewhere'].map((name) => join(folder, name));
    let told: string[] = [];
    runner.act = ({ files, cwd: own }, { cwd }) => {
      assert.equal(own, cwd);
      told = files.map(({ path }) => path.replace(cwd, 'CWD'));
      put('new.txt', 'x')(cwd);
      return 'Done.';
    };
    const id = await add({
      files: paths.map((path) => ({ path, sha256: null })),
      options: { check: 'test "$KOUBOU_FILE" = "$PWD/sub/a.txt"', expect: ['new.txt'] },
    });
    await rig.drain(runner);
    assert.equal((await rig.record(id)).attempts[0]?.evidence, '1 file changed, expect, check');
    assert.deepEqual(told, ['CWD/sub/a.txt', ...paths.slice(1)]);
  });

  it('begins again clean after a failed run, at the commit of then', async () => {
    runner.act = (_, { cwd }) => {
      assert.equal(existsSync(join(cwd, 'half.txt')), false);
      put('half.txt', 'half')(cwd);
      if (runner.runs.length > 1) return 'Done.';
      write('shared.txt', 'newer\n');
      commit('in between');
      return failure(errorInfo('stalled', 'nothing came'));
    };
    const id = await add({ options: { retries: 1 } });
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.deepEqual(
      record.attempts.map(({ outcome }) => outcome),
      ['error', 'success'],
    );
    assert.equal(git('rev-parse', `koubou/${id}~`), git('rev-parse', 'main'));
  });

  it('is kept when the run failed, cannot be applied, and can be discarded', async () => {
    runner.act = (_, { cwd }) => {
      put('half.txt', 'half')(cwd);
      return failure(errorInfo('stalled', 'nothing came'));
    };
    const id = await add();
    await rig.drain(runner);
    assert.equal(existsSync(join(appendix(id), 'half.txt')), true);
    await assert.rejects(apply(id), { code: 'usage', message: /has not completed/ });
    await discardTask(parts(), id);
    assert.equal(existsSync(appendix(id)), false);
    assert.match(await patchOf(id), /half/);
    await assert.rejects(discardTask(parts(), id), { code: 'usage', message: /has no worktree/ });
    await assert.rejects(apply('task_20260101_000000_000000_aaaa'), { code: 'no_such_task' });
  });

  it('gives ignored files that the config links, and never takes them for work', async () => {
    mkdirSync(join(folder, 'node_modules'));
    write('node_modules/dependency', 'x');
    runner.act = (_, { cwd }) => {
      assert.equal(readFileSync(join(cwd, 'node_modules/dependency'), 'utf8'), 'x');
      if (runner.runs.length > 1) put('new.txt', 'new')(cwd);
      return 'Done.';
    };
    const nothing = await add();
    const something = await add();
    await rig.drain(runner, { worktreeLinks: ['node_modules', 'missing', 'shared.txt'] });
    assert.equal((await rig.record(nothing)).result?.error?.code, 'no_evidence');
    assert.deepEqual((await apply(something)).files, ['new.txt']);
    await discardTask(parts(), nothing);
    assert.equal(read('node_modules/dependency'), 'x');
  });

  it('runs no hooks and signs nothing', async () => {
    git('config', 'commit.gpgsign', 'true');
    git('config', 'gpg.program', '/none');
    for (const hook of [
      'post-checkout',
      'pre-commit',
      'post-commit',
      'post-index-change',
      'reference-transaction',
    ]) {
      write(`.git/hooks/${hook}`, `#!/bin/sh\ntouch '${folder}/hooked'\n`);
      execFileSync('chmod', ['+x', join(folder, '.git/hooks', hook)]);
    }
    const id = await done(put('new.txt', 'x'));
    assert.equal((await apply(id)).result, 'applied');
    assert.equal(existsSync(join(folder, 'hooked')), false);
  });

  describe('applied to a folder that changed meanwhile', () => {
    it('merges what does not touch', async () => {
      const id = await done((cwd) => put('shared.txt', `${'line\n'.repeat(50)}last\n`)(cwd));
      write('shared.txt', `first\n${'line\n'.repeat(50)}`);
      commit('meanwhile');
      write('sub/a.txt', 'mine, elsewhere\n');
      git('add', 'sub/a.txt');
      assert.equal((await apply(id)).result, 'applied');
      assert.equal(read('shared.txt'), `first\n${'line\n'.repeat(50)}last\n`);
      assert.equal(git('status', '--porcelain'), ' M shared.txt\nM  sub/a.txt\n');
    });

    it('names conflicts and changes nothing', async () => {
      const id = await done((cwd) => {
        put('sub/a.txt', 'theirs\n')(cwd);
        put('new.txt', 'new\n')(cwd);
      });
      write('sub/a.txt', 'ours\n');
      commit('meanwhile');
      const { result, files, worktree_kept } = await apply(id);
      assert.deepEqual([result, files, worktree_kept], ['conflict', ['sub/a.txt'], true]);
      assert.equal(git('status', '--porcelain'), '');
      assert.equal(existsSync(join(folder, '.git/index.lock')), false);
    });

    it('refuses to touch files with changes of their own, tracked, new or ignored', async () => {
      const id = await done((cwd) => {
        put('sub/a.txt', 'theirs\n')(cwd);
        put('new.txt', 'new\n')(cwd);
        put('.gitignore', '')(cwd);
        put('x.log', 'theirs')(cwd);
        put('fine.txt', 'fine')(cwd);
      });
      write('sub/a.txt', 'mine\n');
      write('new.txt', 'mine\n');
      write('x.log', 'mine');
      const { result, files } = await apply(id);
      assert.deepEqual([result, files], ['dirty', ['new.txt', 'sub/a.txt', 'x.log']]);
      assert.equal(existsSync(join(folder, 'fine.txt')), false);
      assert.equal(read('new.txt'), 'mine\n');
    });

    it('goes on where an earlier try was killed half way', async () => {
      const id = await done((cwd) => {
        put('sub/a.txt', 'theirs\n')(cwd);
        put('new.txt', 'new\n')(cwd);
        execFileSync('rm', ['shared.txt'], { cwd });
      });
      write('new.txt', 'new\n');
      execFileSync('rm', ['shared.txt'], { cwd: folder });
      assert.equal((await apply(id)).result, 'applied');
      assert.equal(read('sub/a.txt'), 'theirs\n');
    });

    it('leaves all as it was where something is in the way that git finds first', async () => {
      const id = await done((cwd) => {
        put('a-first.txt', 'x')(cwd);
        mkdirSync(join(cwd, 'thing'));
        put('thing/inside.txt', 'x')(cwd);
      });
      write('thing', 'a file of mine');
      await apply(id).then(
        ({ result }) => assert.equal(result, 'dirty'),
        (error: { code: string }) => assert.equal(error.code, 'usage'),
      );
      assert.equal(existsSync(join(folder, 'a-first.txt')), false);
      assert.equal(read('thing'), 'a file of mine');
    });

    it('waits for nobody who is at work there, and says so', async () => {
      const id = await done(put('new.txt', 'x'));
      write('.git/index.lock', '');
      await assert.rejects(apply(id), { code: 'usage', message: /index\.lock/ });
      assert.equal(read('.git/index.lock'), '');
    });

    it('takes over the lock of a koubou that was killed', async () => {
      const id = await done(put('new.txt', 'x'));
      const gone = spawnSync('true').pid;
      write('.git/index.lock', `koubou ${gone} 1\n`);
      assert.equal((await apply(id)).result, 'applied');
      assert.deepEqual(
        readdirSync(join(folder, '.git')).filter((name) => name.startsWith('index.')),
        [],
      );
    });

    it('does not write through a link that leads out of the folder', async () => {
      const id = await done((cwd) => {
        mkdirSync(join(cwd, 'out'));
        put('out/x.txt', 'x')(cwd);
      });
      const elsewhere = await mkdtemp(join(tmpdir(), 'koubou-elsewhere-'));
      symlinkSync(elsewhere, join(folder, 'out'));
      await apply(id).catch(() => undefined);
      assert.equal(existsSync(join(elsewhere, 'x.txt')), false);
      await rm(elsewhere, { recursive: true });
    });
  });

  it('fails clearly where there is no repository, or no commit', async () => {
    const plain = await mkdtemp(join(tmpdir(), 'koubou-plain-'));
    const ids = [await add({ cwd: plain })];
    await rig.drain(runner);
    execFileSync('git', ['init', '-q'], { cwd: plain });
    ids.push(await add({ cwd: plain }));
    await rig.drain(runner);
    const said = await Promise.all(ids.map(async (id) => (await rig.record(id)).result?.error));
    assert.match(said[0]?.message ?? '', /needs a git repository/);
    assert.match(said[1]?.message ?? '', /has none/);
    assert.deepEqual(runner.runs, []);
    await rm(plain, { recursive: true });
  });

  it('is refused to a runner that gives text', async () => {
    runner.changesFiles = false;
    const id = await add();
    await rig.drain(runner);
    assert.match((await rig.record(id)).result?.error?.message ?? '', /--worktree is for files/);
  });

  it(`lets ${MANY} tasks run four at a time; each has its branch, and applies or names its conflict`, async function () {
    this.timeout(120_000);
    const numbers = Array.from({ length: MANY }, (_, number) => number);
    runner.act = ({ prompt }, { cwd }) => {
      const number = Number(prompt);
      put(`own-${number}.txt`, `${number}\n`)(cwd);
      if (number % 5 === 0) put('sub/a.txt', `by ${number}\n`)(cwd);
      return 'Done.';
    };
    const ids = await Promise.all(numbers.map((number) => add({ prompt: String(number) })));
    await rig.drain(runner, { min: 4, max: 4 });
    assert.ok(runner.peak > 1);
    const results: string[] = [];
    for (const [number, id] of ids.entries()) {
      const record = await rig.record(id);
      assert.equal(record.status, 'completed', record.result?.error?.message);
      assert.match(git('show', `koubou/${id}:own-${number}.txt`), new RegExp(`^${number}$`, 'm'));
      const { result, files } = await apply(id);
      results.push(result);
      if (result === 'applied') commit(`applied ${number}`);
      else assert.deepEqual(files, ['sub/a.txt']);
      assert.equal(git('status', '--porcelain'), '');
    }
    assert.deepEqual(
      results,
      numbers.map((number) => (number % 5 === 0 && number > 0 ? 'conflict' : 'applied')),
    );
    const kept = (await listWorktrees(rig.home.home)).map(({ task_id }) => task_id);
    const conflicts = numbers.filter((number) => number % 5 === 0 && number > 0);
    assert.deepEqual(kept.sort(), conflicts.map((number) => ids[number] ?? '').sort());
  });
});
