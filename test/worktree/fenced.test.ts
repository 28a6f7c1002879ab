/** What a run does that was fenced and goes on, as one in another process namespace may. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { git } from '../../src/git/git.ts';
import type { Lease } from '../../src/process/lease.ts';
import { commitWorktree } from '../../src/worktree/commit.ts';
import { readWorktree, type SealedHome } from '../../src/worktree/record.ts';
import { makeWorktree, type Worktree } from '../../src/worktree/worktree.ts';
import { repositoryFaults } from '../support/census/git.ts';
import { sealed } from '../support/git/branched.ts';
import { put, Repository, shell } from '../support/git/repository.ts';
import { leaseFor } from '../support/lease.ts';
import { until } from '../support/until.ts';
import { fence } from '../support/worker/rig.ts';

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
    let lease: string;

    beforeEach(() => {
      own = sealed(repository.rig.home.home);
      lease = join(repository.folder, 'home', 'lease');
      mkdirSync(lease);
    });

    interface Run {
      id: string;
      number: number;
      assertOwned?: () => Promise<void>;
    }

    const leaseOf = ({ number, assertOwned = held }: Run): Lease =>
      leaseFor({ assertOwned, folder: number === 1 ? lease : repository.folder });

    const make = (of: Run): Promise<Worktree> => {
      const { id, number: run } = of;
      return makeWorktree({
        ...own,
        id,
        run,
        cwd: repository.folder,
        link: [],
        environment,
        lease: leaseOf(of),
      });
    };

    const commit = ({ record }: Worktree, of: Run): Promise<unknown> => {
      const { number: run } = of;
      const blob = repository.gitWith(`run ${run}`, 'hash-object', '-w', '--stdin').trim();
      const tree = repository.gitWith(`100644 blob ${blob}\tfile\n`, 'mktree').trim();
      const parts = { tree, message: `run ${run}\n`, environment, lease: leaseOf(of) };
      return commitWorktree(record, { ...own, ...parts });
    };

    /** `late` gets the look of the first run, and is that run. Resolves with the number of its looks. */
    const wakesUpAfter = async (
      look: number,
      late: (run: Run) => Promise<unknown>,
      { leaseStays }: { leaseStays: boolean },
    ): Promise<number> => {
      const id = `task_20260101_000000_00000${look}_${leaseStays ? 'aaaa' : 'bbbb'}`;
      let looks = 0;
      const assertOwned = async (): Promise<void> => {
        looks += 1;
        if (looks > look) throw new KoubouError('worker_lost', 'The task was given to another worker.');
        if (looks < look) return;
        if (!leaseStays) rmdirSync(lease);
        await commit(await make({ id, number: 2 }), { id, number: 2 });
      };
      const gone = await late({ id, number: 1, assertOwned }).then(
        () => null,
        (error: unknown) => error,
      );
      mkdirSync(lease, { recursive: true });
      if (looks < look) return looks;
      assert.equal(repository.git('show', `koubou/${id}:file`), 'run 2', `after look ${look}`);
      assert.equal(gone instanceof KoubouError ? gone.code : gone, 'worker_lost', `after look ${look}`);
      if (leaseStays) return looks;
      const { run, made } = (await readWorktree(own, id)) ?? {};
      const tip = repository.git('rev-parse', `koubou/${id}`).trim();
      assert.deepEqual([run, made?.commit], [2, tip], `after look ${look}`);
      assert.deepEqual(repositoryFaults(repository.folder), []);
      assert.ok(
        !repository.git('worktree', 'list').includes(`${id}.r1`),
        `after look ${look}: ${repository.git('worktree', 'list')}`,
      );
      return looks;
    };

    const eachLook = async (late: (run: Run) => Promise<unknown>, leaseStays = false): Promise<void> => {
      let look = 1;
      while ((await wakesUpAfter(look, late, { leaseStays })) >= look) look += 1;
      assert.ok(look > 1, 'it looked');
    };

    const making = (run: Run): Promise<unknown> => make(run);
    const committing = async (run: Run): Promise<unknown> => {
      const { id } = run;
      return commit(await make({ id, number: 1 }), run);
    };

    it('makes nothing that is not of its own, and leaves no worktree', () => eachLook(making));

    it('commits nothing, and leaves the record of the successor', () => eachLook(committing));

    it('moves no branch by a git that began before it was fenced', async () => {
      await eachLook(making, true);
      await eachLook(committing, true);
    });
  });

  it('has git know of no worktree that its successor did not find', async () => {
    const { folder, rig } = repository;
    const id = 'task_20260101_000000_000000_abcd';
    const lease = join(folder, 'home/lease');
    const bin = mkdtempSync(join(tmpdir(), 'koubou-git-'));
    mkdirSync(lease);
    const real = shell(folder, 'command -v git').trim();
    // The last git before the record of the worktree is made.
    const fencing = `case "$*" in *get-regexp*) rmdir '${lease}' ;; esac`;
    writeFileSync(join(bin, 'git'), `#!/bin/sh\n${fencing}\nexec '${real}' "$@"\n`, { mode: 0o755 });
    const late = makeWorktree({
      ...sealed(rig.home.home),
      id,
      run: 1,
      cwd: folder,
      link: [],
      lease: leaseFor({ folder: lease }),
      environment: { PATH: `${bin}:${environment.PATH}` },
    });
    await assert.rejects(late, { code: 'worker_lost' });
    rmSync(bin, { recursive: true });
    assert.equal(existsSync(lease), false);
    assert.equal(repository.known(), 1);
    assert.deepEqual(readdirSync(join(folder, 'home/worktrees')), [`${id}.json`]);
    const beside = readdirSync(join(folder, '.git')).filter((name) => name.startsWith('koubou-'));
    assert.deepEqual(beside, []);
  });

  it('begins no git', async () => {
    const { folder } = repository;
    const before = repository.git('rev-parse', 'main');
    const place = { folder, environment, leaseFolder: join(folder, 'gone') };
    const moved = git(place, ['update-ref', 'refs/heads/main', '0'.repeat(40)]);
    await assert.rejects(moved, { code: 'worker_lost' });
    assert.equal(repository.git('rev-parse', 'main'), before);
  });

  it('that is ended while its git moves the branch leaves no lock of it', async () => {
    const { folder } = repository;
    const id = 'task_20260101_000000_000000_abcd';
    // git holds the lock of the branch while it waits for a reader.
    const log = join(folder, '.git/logs/refs/heads/koubou', id);
    mkdirSync(dirname(log), { recursive: true });
    shell(folder, `mkfifo '${log}'`);
    const ending = new AbortController();
    const lease = leaseFor({ folder, signal: ending.signal });
    const parts = { id, run: 1, cwd: folder, link: [], environment, lease };
    const ended = makeWorktree({
      ...sealed(repository.rig.home.home),
      ...parts,
    });
    const lock = join(folder, '.git/refs/heads/koubou', `${id}.lock`);
    await until(() => existsSync(lock), 'the lock');
    ending.abort();
    await assert.rejects(ended, { code: 'git_failed' });
    rmSync(log);
    assert.deepEqual(repositoryFaults(folder), []);
  });
});
