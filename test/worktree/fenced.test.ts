/** What a run does that was fenced and goes on, as one in another process namespace may. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { commitWorktree } from '../../src/worktree/commit.ts';
import type { SealedHome } from '../../src/worktree/record.ts';
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

  describe('that goes on after one of its looks whether it is held, when its successor has done all of the work,', () => {
    let own: SealedHome;

    beforeEach(() => {
      own = sealed(repository.rig.home.home);
    });

    interface Run {
      id: string;
      number: number;
      requireHeld?: () => Promise<void>;
    }

    const make = ({ id, number: run, requireHeld = held }: Run): Promise<Worktree> => {
      const wish = { ...own, id, run, cwd: repository.folder, link: [], environment };
      return makeWorktree({ ...wish, requireHeld });
    };

    const commit = ({ record }: Worktree, { number: run, requireHeld = held }: Run): Promise<unknown> => {
      const blob = repository.gitWith(`run ${run}`, 'hash-object', '-w', '--stdin').trim();
      const tree = repository.gitWith(`100644 blob ${blob}\tfile\n`, 'mktree').trim();
      const parts = { tree, message: `run ${run}\n`, environment, requireHeld };
      return commitWorktree(record, { ...own, ...parts });
    };

    /** `late` gets the look of the first run, and is that run. Resolves with the number of its looks. */
    const wakesUpAfter = async (look: number, late: (run: Run) => Promise<unknown>): Promise<number> => {
      const id = `task_20260101_000000_00000${look}_aaaa`;
      let looks = 0;
      const requireHeld = async (): Promise<void> => {
        looks += 1;
        if (looks > look) throw new KoubouError('worker_lost', 'The task was given to another worker.');
        if (looks < look) return;
        await commit(await make({ id, number: 2 }), { id, number: 2 });
      };
      const gone = await late({ id, number: 1, requireHeld }).then(
        () => null,
        (error: unknown) => error,
      );
      if (looks < look) return looks;
      assert.equal(repository.git('show', `koubou/${id}:file`), 'run 2', `after look ${look}`);
      assert.equal(gone instanceof KoubouError ? gone.code : gone, 'worker_lost', `after look ${look}`);
      return looks;
    };

    const eachLook = async (late: (run: Run) => Promise<unknown>): Promise<void> => {
      let look = 1;
      while ((await wakesUpAfter(look, late)) >= look) look += 1;
      assert.ok(look > 1, 'it looked');
    };

    const making = (run: Run): Promise<unknown> => make(run);
    const committing = async (run: Run): Promise<unknown> => {
      const { id } = run;
      return commit(await make({ id, number: 1 }), run);
    };

    it('moves no branch by a git that began before it was fenced', async () => {
      await eachLook(making);
      await eachLook(committing);
    });
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
