import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Applied, applyWorktree, undoKilledApply } from '../../src/worktree/apply/apply.ts';
import type { WorktreeRecord } from '../../src/worktree/record.ts';
import { full } from '../../test/support/builders.ts';
import { applying, branched, sealed } from '../../test/support/git/branched.ts';
import { environment, put, Repository, shell } from '../../test/support/git/repository.ts';
import { sealOf } from '../../test/support/state.ts';
import { killedAfter } from './killed.ts';

/** Each how many calls a kill is tried. */
const STEP = full ? 1 : 29;

describe('an apply that was killed', function () {
  this.timeout(300_000);
  let repository: Repository;
  let folder: string;
  let home: string;
  let apart: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ folder } = repository);
    home = repository.rig.home.home;
    ({ apart } = sealOf(home));
    mkdirSync(join(folder, 'gone'));
    for (const name of ['gone/a', 'kind', 'mode.sh']) repository.write(name, `${name}\n`);
    repository.commit('more');
    repository.write('mine.txt', 'mine\n');
  });
  afterEach(() => repository.remove());

  const act = (cwd: string): void => {
    put('shared.txt', `${'line\n'.repeat(50)}last\n`)(cwd);
    rmSync(join(cwd, 'gone'), { recursive: true });
    put('gone', 'a file now')(cwd);
    rmSync(join(cwd, 'kind'));
    mkdirSync(join(cwd, 'kind/deep'), { recursive: true });
    put('kind/deep/x', 'x')(cwd);
    symlinkSync('kind/deep/x', join(cwd, 'link'));
    chmodSync(join(cwd, 'mode.sh'), 0o755);
    put('made.txt', 'made')(cwd);
    put('new\nli"ne ', 'odd')(cwd);
  };

  /** Every file of the work tree, but for what is koubou's and git's. */
  const all = (): Record<string, string> => {
    const found: Record<string, string> = {};
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (/^(home|\.git)(\/|$)/.test(name)) continue;
      const path = join(folder, name);
      const facts = lstatSync(path);
      if (facts.isSymbolicLink()) found[name] = `-> ${readlinkSync(path)}`;
      else found[name] = facts.isDirectory() ? '/' : `${facts.mode & 0o111} ${readFileSync(path, 'utf8')}`;
    }
    return found;
  };

  /** The lock that is left names this process, which has to be another for who comes next. */
  /** The process that was killed lives on here: it is given the looks of a dead one. */
  const buried = (at = apart): void => {
    for (const name of left(at)) {
      const dead = name.replace(/-(\d+)-\d+-([0-9a-f]{20}\.tmp)$/, '-$1-1-$2');
      renameSync(join(at, name), join(at, dead));
    }
    const lock = join(folder, '.git/index.lock');
    if (existsSync(lock)) writeFileSync(lock, `koubou ${spawnSync('true').pid} 1\n`);
    for (const name of readdirSync(join(folder, '.git'))) {
      if (name.startsWith('index.lock.')) rmSync(join(folder, '.git', name));
    }
  };

  const left = (at = apart): string[] => (existsSync(at) ? readdirSync(at) : []);
  const isPassing = (name: string): boolean => /\.(tmp|journal)$/.test(name);

  const nothingLeft = (): void => {
    assert.deepEqual([...readdirSync(join(home, 'worktrees')), ...left()].filter(isPassing), []);
    assert.deepEqual(
      readdirSync(join(folder, '.git'), { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.includes('.lock'),
      ),
      [],
    );
  };

  const everyKill = async (each: (record: WorktreeRecord) => Promise<void>): Promise<void> => {
    const before = all();
    const record = await branched(repository, act);
    for (let after = 1; ; after += STEP) {
      const { through } = await killedAfter(after, () => applying(repository, record));
      buried();
      await each(record);
      if (through) return;
      reset();
      assert.deepEqual(all(), before);
    }
  };

  const reset = (): void => {
    rmSync(join(folder, '.git/index.lock'), { force: true });
    repository.git('checkout', '-qf', 'main');
    repository.git('clean', '-fdq', '-e', 'mine.txt', '-e', 'home');
  };

  const journals = (): boolean => left().some((name) => existsSync(join(apart, name, 'journal.json')));

  it('is completed by the next one, wherever it was', async () => {
    let done: Record<string, string> | undefined;
    await everyKill(async (record) => {
      const { result, files } = await applying(repository, record);
      assert.equal(result, 'applied');
      assert.deepEqual(files, [
        'gone',
        'gone/a',
        'kind',
        'kind/deep/x',
        'link',
        'made.txt',
        'mode.sh',
        'new\nli"ne ',
        'shared.txt',
      ]);
      done ??= all();
      assert.deepEqual(all(), done);
      nothingLeft();
    });
    assert.equal(done?.['gone'], '0 a file now');
    assert.equal(done['mine.txt'], '0 mine\n');
  });

  it('is undone where the next one cannot be: of nothing else anything is changed', async () => {
    const before = all();
    repository.git('checkout', '-q', '-b', 'meanwhile');
    repository.write('mode.sh', 'theirs\n');
    repository.write('made.txt', 'theirs\n');
    repository.git('add', 'mode.sh', 'made.txt');
    repository.git('commit', '-qm', 'meanwhile');
    repository.git('checkout', '-q', 'main');
    await everyKill(async (record) => {
      const isThrough = existsSync(join(folder, 'made.txt')) && !journals();
      const written = all();
      // What is checked out is another commit by now, in which nothing of this was written.
      repository.git('symbolic-ref', 'HEAD', 'refs/heads/meanwhile');
      const { result, files } = await applying(repository, record);
      assert.deepEqual([result, files], ['conflict', ['made.txt']]);
      assert.deepEqual(all(), isThrough ? written : before);
      nothingLeft();
      repository.git('symbolic-ref', 'HEAD', 'refs/heads/main');
    });
  });

  it('is undone by discard, and keeps what was changed or committed since', async () => {
    const record = await branched(repository, act);
    const { calls } = await killedAfter(Number.POSITIVE_INFINITY, () => applying(repository, record));
    for (let after = calls - 2; !journals(); after -= 1) {
      assert.ok(after > 0, 'a kill comes between the first move and the last');
      reset();
      await killedAfter(after, () => applying(repository, record));
      buried();
    }
    assert.ok(existsSync(join(folder, 'made.txt')));
    repository.write('made.txt', 'made, and changed');
    rmSync(join(folder, '.git/index.lock'));
    shell(folder, 'git add link && git -c user.name=t -c user.email=t@t commit -qm link');
    await undoKilledApply(sealed(home), record, environment);
    assert.equal(repository.status(), '?? made.txt\n?? mine.txt\n');
    assert.equal(repository.read('made.txt'), 'made, and changed');
    nothingLeft();
  });

  it('leaves nothing behind where it was through, and its worktree was being removed', async () => {
    const record = await branched(repository, act);
    await applying(repository, record);
    const left = join(folder, '.git', `koubou-${record.task_id}`);
    mkdirSync(left);
    await applying(repository, record);
    assert.ok(!existsSync(left));
  });

  it('is undone under names that are not UTF-8', async () => {
    const odd = (cwd: string): Buffer => Buffer.concat([Buffer.from(`${cwd}/byte`), Buffer.from([0xff])]);
    writeFileSync(odd(folder), 'old');
    repository.commit('byte');
    const record = await branched(repository, (cwd) => {
      writeFileSync(odd(cwd), 'new');
      put('made.txt', 'made')(cwd);
    });
    const { calls } = await killedAfter(Number.POSITIVE_INFINITY, () => applying(repository, record));
    for (let after = calls - 2; !journals(); after -= 1) {
      assert.ok(after > 0, 'a kill comes between the first move and the last');
      reset();
      await killedAfter(after, () => applying(repository, record));
      buried();
    }
    assert.equal(readFileSync(odd(folder), 'utf8'), 'new');
    await undoKilledApply(sealed(home), record, environment);
    assert.equal(readFileSync(odd(folder), 'utf8'), 'old');
    nothingLeft();
  });

  it('stops that of another task, and says how to go on', async () => {
    const record = await branched(repository, act);
    const other = await branched(repository, put('other.txt', 'x'));
    for (let after = 40; !journals(); after += 1) {
      const { through } = await killedAfter(after, () => applying(repository, record));
      assert.ok(!through, 'a kill comes between the first move and the last');
      buried();
    }
    await assert.rejects(applying(repository, other), {
      code: 'conflict',
      message: new RegExp(`koubou apply ${record.task_id}. was killed`),
    });
    assert.equal(existsSync(join(folder, 'other.txt')), false);
    assert.equal((await applying(repository, record)).result, 'applied');
    assert.equal((await applying(repository, other)).result, 'applied');
  });

  it('whose journal cannot be read is told, and nothing is changed', async () => {
    const record = await branched(repository, act);
    mkdirSync(join(apart, `${record.task_id}.journal`), { recursive: true });
    writeFileSync(join(apart, `${record.task_id}.journal/journal.json`), sealOf(home).seal('{"version": 1}'));
    await assert.rejects(applying(repository, record), {
      code: 'conflict',
      message: /journal\.json .*cannot be read/,
    });
    assert.equal(existsSync(join(folder, 'made.txt')), false);
  });

  it('puts files in their places, and back, also with what it works on on another file system', async function () {
    const isElsewhere = (path: string): boolean =>
      existsSync(path) && statSync(path).dev !== statSync(folder).dev;
    const root = ['/dev/shm', '/var/tmp'].find(isElsewhere);
    if (root === undefined) return this.skip();
    const elsewhere = mkdtempSync(join(root, 'koubou-apart-'));
    try {
      const before = all();
      const record = await branched(repository, act);
      const own = { home, seal: { ...sealOf(home), apart: elsewhere } };
      const there = (): Promise<Applied> => applyWorktree(own, record, environment);
      const { calls } = await killedAfter(Number.POSITIVE_INFINITY, there);
      const done = all();
      let undone = 0;
      for (let after = calls - 10; after > 20; after -= STEP) {
        reset();
        await killedAfter(after, there);
        buried(elsewhere);
        await undoKilledApply(own, record, environment);
        // One that was through is not undone: all of it or nothing.
        const now = all();
        if (isDeepStrictEqual(now, before)) undone += 1;
        else assert.deepEqual(now, done);
      }
      assert.ok(undone > 2, 'few were undone');
      assert.equal((await there()).result, 'applied');
      assert.deepEqual(all(), done);
      assert.deepEqual(readdirSync(elsewhere), []);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});
