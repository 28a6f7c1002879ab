/** What a run does that was fenced and goes on, as one in another process namespace may. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { commitWorktree } from '../../src/worktree/commit.ts';
import { makeWorktree, type Worktree } from '../../src/worktree/worktree.ts';
import { repositoryFaults } from '../faults/census/git.ts';
import { until } from '../helpers/until.ts';
import { fence } from '../worker/rig.ts';
import { sealed } from './branched.ts';
import { put, Repository, shell } from './repository.ts';

const environment = { PATH: process.env['PATH'] ?? '' };
const held = (): Promise<void> => Promise.resolve();

describe('a fenced run in a worktree', () => {
  let repository: Repository;

  beforeEach(async () => {
    repository = await Repository.make();
  });
  afterEach(() => repository.remove());

  it('writes nothing that gets into the branch of the next run', async () => {
    const { rig, runner } = repository;
    const id = await repository.add();
    const folders: string[] = [];
    runner.act = (_, { cwd }) => {
      folders.push(cwd);
      const [first = ''] = folders;
      if (folders.length === 1) {
        put('first.txt', 'first\n')(cwd);
        fence(rig.home.path('tasks/in_progress'), daemon.member().workerId);
        return 'Done.';
      }
      mkdirSync(first, { recursive: true });
      put('late.txt', 'late\n')(first);
      put('second.txt', 'second\n')(cwd);
      return 'Done.';
    };
    const daemon = rig.start(runner);
    assert.deepEqual(await daemon.end, { kind: 'fenced' });
    await rig.drain(runner);
    const { status, attempts } = await rig.record(id);
    assert.deepEqual([status, attempts.length], ['completed', 2]);
    assert.notEqual(folders[0], folders[1]);
    assert.equal(repository.git('diff', '--name-only', 'main', `koubou/${id}`), 'second.txt\n');
    await repository.apply(id);
    await repository.discard(id);
    assert.deepEqual([repository.known(), await repository.listed()], [1, []]);
  });

  it('does not move the branch from the commit of its successor, however late it comes to that', async () => {
    const id = 'task_20260101_000000_000000_abcd';
    const { folder, rig } = repository;
    const make = (run: number): Promise<Worktree> =>
      makeWorktree({
        ...sealed(rig.home.home),
        id,
        run,
        cwd: folder,
        link: [],
        environment,
        requireHeld: held,
      });
    const treeOf = (content: string): string => {
      const blob = repository.gitWith(content, 'hash-object', '-w', '--stdin').trim();
      return repository.gitWith(`100644 blob ${blob}\tfile\n`, 'mktree').trim();
    };
    const trees = ['first', 'second'].map(treeOf);
    const { record } = await make(1);
    let looks = 0;
    const late = commitWorktree(record, {
      ...sealed(rig.home.home),
      tree: trees[0] ?? '',
      message: 'first\n',
      environment,
      requireHeld: async () => {
        looks += 1;
        if (looks > 1) throw new KoubouError('worker_lost', 'The task was given to another worker.');
        // The successor does all of its work between this look and what comes after it.
        const next = await make(2);
        mkdirSync(join(record.path), { recursive: true });
        const parts = { tree: trees[1] ?? '', message: 'second\n', environment, requireHeld: held };
        await commitWorktree(next.record, { ...sealed(rig.home.home), ...parts });
      },
    });
    await assert.rejects(late, { code: 'worker_lost' });
    assert.equal(repository.git('show', `koubou/${id}:file`), 'second');
  });

  it('that is ended while its git moves the branch leaves no lock of it', async () => {
    const { folder } = repository;
    const id = 'task_20260101_000000_000000_abcd';
    // git holds the lock of the branch while it waits for a reader.
    const log = join(folder, '.git/logs/refs/heads/koubou', id);
    mkdirSync(dirname(log), { recursive: true });
    shell(folder, `mkfifo '${log}'`);
    const ending = new AbortController();
    const parts = { id, run: 1, cwd: folder, link: [], environment };
    const ended = makeWorktree({
      ...sealed(repository.rig.home.home),
      ...parts,
      requireHeld: held,
      signal: ending.signal,
    });
    const lock = join(folder, '.git/refs/heads/koubou', `${id}.lock`);
    await until(() => existsSync(lock), 'the lock');
    ending.abort();
    await assert.rejects(ended, { code: 'git_failed' });
    rmSync(log);
    assert.deepEqual(repositoryFaults(folder), []);
  });
});
