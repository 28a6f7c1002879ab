import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { NewTask, TaskOptions } from '../../src/task/record.ts';
import { missingExpected } from '../../src/verify/expect.ts';
import { isAsBefore, lookBefore } from '../../src/verify/expected-before.ts';
import { FakeRunner, fence, Rig, replacing } from '../support/worker/rig.ts';

const WHY = /was there before and did not change/;

describe('an expected file', () => {
  let rig: Rig;
  let folder: string;
  let runner: FakeRunner;

  beforeEach(async () => {
    rig = await Rig.make();
    folder = mkdtempSync(join(tmpdir(), 'koubou-expected-'));
    runner = new FakeRunner();
    runner.changesFiles = true;
  });

  afterEach(async () => {
    await rig.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text = 'text'): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };

  const done = async (
    options: TaskOptions,
    act: () => string = () => 'done',
    over: Partial<NewTask> = {},
  ) => {
    runner.act = act;
    const id = await rig.add({ cwd: folder, options: { retries: 0, ...options }, ...over });
    await rig.drain(runner);
    return rig.record(id);
  };

  it('that was there before, and that the task left alone, is none of its work', async () => {
    write('report.md');
    const { status, result } = await done({ expect: ['report.md'] });
    assert.deepEqual([status, result?.error?.code], ['failed', 'expected_missing']);
    assert.match(result?.error?.message ?? '', WHY);
    assert.match(result?.error?.hint ?? '', /--expect-existing/);
  });

  it('that was there before counts where the task says so', async () => {
    write('report.md');
    const { status, attempts } = await done({ expect: ['report.md'], expect_existing: true });
    assert.deepEqual([status, attempts[0]?.evidence], ['completed', 'expect']);
  });

  it('counts where the task changed it, made it anew with the same bytes, or put it there', async () => {
    for (const name of ['changed', 'same', 'moved']) write(`${name}.md`);
    const { status } = await done({ expect: ['changed.md', 'same.md', 'moved.md', 'new.md'] }, () => {
      write('changed.md', 'TEXT');
      rmSync(join(folder, 'same.md'));
      write('same.md');
      write('other.md', 'text');
      execFileSync('mv', ['other.md', 'moved.md'], { cwd: folder });
      write('new.md');
      return 'done';
    });
    assert.equal(status, 'completed');
  });

  it('counts where its content alone is another, with the size and the time that it had', async () => {
    write('a.txt', 'text');
    const { atime, mtime } = statSync(join(folder, 'a.txt'));
    utimesSync(join(folder, 'a.txt'), atime, mtime);
    const { status } = await done({ expect: ['a.txt'] }, () => {
      write('a.txt', 'TEXT');
      utimesSync(join(folder, 'a.txt'), atime, mtime);
      return 'done';
    });
    assert.equal(status, 'completed');
  });

  it('of a pattern is one that the task made, though others were there', async () => {
    write('out/old.md');
    const old = await done({ expect: ['out/*.md'] });
    assert.match(old.result?.error?.message ?? '', WHY);
    const { status } = await done({ expect: ['out/*.md'] }, () => {
      write('out/new.md');
      return 'done';
    });
    assert.equal(status, 'completed');
  });

  it('that was empty before counts once something is in it', async () => {
    write('a.txt', '');
    const { status } = await done({ expect: ['a.txt'] }, () => {
      write('a.txt', 'x');
      return 'done';
    });
    assert.equal(status, 'completed');
  });

  it('is where --output goes, whatever lay there', async () => {
    write('a.txt', 'done');
    const { status } = await done({ expect: ['a.txt'], output: join(folder, 'a.txt') });
    assert.equal(status, 'completed');
  });

  it('of a program is looked at before it runs', async () => {
    write('a.txt');
    const { result } = await done({ expect: ['a.txt'] }, undefined, { type: 'command', command: ['true'] });
    assert.match(result?.error?.message ?? '', WHY);
  });

  it('that an earlier attempt made counts for the next one, which leaves it alone', async () => {
    write('b.txt');
    const { status, attempts } = await done({ expect: ['a.txt', 'b.txt'], retries: 1 }, () => {
      if (runner.runs.length === 1) write('a.txt');
      else write('b.txt', 'more text');
      return 'done';
    });
    assert.deepEqual([status, attempts.length], ['completed', 2]);
    assert.match(runner.runs[1]?.feedback ?? '', /b\.txt was there before and did not change/);
    assert.doesNotMatch(runner.runs[1]?.feedback ?? '', /a\.txt/);
  });

  it('that a run made whose daemon was lost counts as well', async () => {
    runner.act = () => {
      if (runner.runs.length === 1) write('a.txt');
      return 'done';
    };
    const id = await rig.add({ cwd: folder, options: { expect: ['a.txt'], retries: 0 } });
    const lost = rig.start(runner, {}, (member) =>
      replacing(member, {
        settle: async () => {
          fence(rig.home.path('tasks/in_progress'), member.workerId);
          return { kind: 'fenced' };
        },
      }),
    );
    assert.deepEqual(await lost.end, { kind: 'fenced' });
    await rig.drain(runner);
    const { status, result } = await rig.record(id);
    assert.deepEqual([status, runner.runs.length], ['completed', 2], result?.error?.message);
  });

  it('of a worktree is compared with its commit, for each attempt anew', async () => {
    const git = (...args: string[]): void =>
      void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder });
    git('init', '-q');
    write('a.txt');
    git('add', '.');
    git('commit', '-q', '-m', 'first');
    const over = { type: 'code' } as const;
    const options: TaskOptions = { expect: ['a.txt'], worktree: true, allow_no_change: true, retries: 1 };
    const { status, result } = await done(options, undefined, over);
    assert.deepEqual([status, result?.error?.code], ['failed', 'expected_missing']);
    assert.equal(runner.runs.length, 2);
    assert.match(result?.error?.message ?? '', WHY);
  });

  it('of a worktree counts where the task changed it', async () => {
    const git = (...args: string[]): void =>
      void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder });
    git('init', '-q');
    write('a.txt');
    git('add', '.');
    git('commit', '-q', '-m', 'first');
    runner.act = (_, { cwd }) => {
      writeFileSync(join(cwd, 'a.txt'), 'changed');
      return 'done';
    };
    const id = await rig.add({
      cwd: folder,
      type: 'code',
      options: { expect: ['a.txt'], worktree: true, retries: 0 },
    });
    await rig.drain(runner);
    const { status, result } = await rig.record(id);
    assert.equal(status, 'completed', result?.error?.message);
    assert.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'text');
  });

  it('is told by its times where too many were there to be kept', async () => {
    write('out/a.md');
    write('out/b.md');
    const bounds = { files: 1, fileBytes: 10, allBytes: 10 };
    for (const name of ['a', 'b']) utimesSync(join(folder, `out/${name}.md`), 1, 1);
    const before = { ...(await lookBefore(['out/*.md'], folder, { bounds })), at_ms: Date.now() + 1000 };
    assert.deepEqual([Object.keys(before.files).length, before.more], [1, true]);
    const wanted = { patterns: ['out/*.md'], cwd: folder, output: undefined };
    assert.match((await missingExpected({ ...wanted, before }))?.message ?? '', WHY);
    const path = join(folder, 'out', 'c.md');
    write('out/c.md');
    assert.equal(
      await isAsBefore({ ...before, at_ms: 0 }, path, { end: path, facts: statSync(path) }),
      false,
    );
  });

  it('that is large is told by its times alone', async () => {
    write('a.bin', 'x'.repeat(11));
    const before = await lookBefore(['a.bin'], folder, { bounds: { files: 9, fileBytes: 10, allBytes: 99 } });
    assert.deepEqual(
      Object.values(before.files).map(({ sha256 }) => sha256),
      [null],
    );
    const wanted = { patterns: ['a.bin'], cwd: folder, output: undefined };
    assert.match((await missingExpected({ ...wanted, before }))?.message ?? '', WHY);
  });
});
