import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewTask, TaskRecord } from '../../src/task/record.ts';
import { Evidence } from '../../src/verify/changes/evidence.ts';
import { put, Repository } from '../support/git/repository.ts';

describe('what is kept is what was checked', function () {
  this.timeout(120_000);
  let repository: Repository;
  let folder: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ folder } = repository);
  });
  afterEach(() => repository.remove());

  const work = (cwd: string): void => {
    put('new.txt', 'new\n')(cwd);
    put('shared.txt', 'mine\n')(cwd);
  };
  const begin = (over: { folder: string; signal?: AbortSignal }): Promise<Evidence> =>
    Evidence.begin({
      home: repository.rig.home.home,
      worktrees: join(repository.rig.home.home, 'worktrees'),
      excluded: [],
      environment: { PATH: process.env['PATH'] ?? '' },
      patchPath: join(folder, 'home', 'run.patch'),
      apart: join(folder, 'home', 'apart'),
      worktree: null,
      ...over,
    });
  /** The check stands for whatever writes while it runs: itself, or what the run left behind. */
  const checked = (
    check: string,
    over: Partial<NewTask['options']> & { cwd?: string } = {},
  ): Promise<TaskRecord> => {
    const { cwd = folder, ...options } = over;
    return repository.ran(work, { cwd, options: { retries: 0, worktree: true, check, ...options } });
  };
  const changed = ({ status, result }: TaskRecord, names: RegExp): void => {
    assert.equal(status, 'failed');
    assert.equal(result?.error?.code, 'output_changed', result?.error?.message);
    assert.match(result?.error?.message ?? '', names);
  };

  describe('in a worktree', () => {
    for (const [name, check, names] of [
      ['a file of the work was changed', 'echo evil >new.txt', /: new\.txt changed/],
      ['a file of the work was removed', 'rm new.txt', /: new\.txt changed/],
      ['a file became a link', 'rm shared.txt; ln -s /etc/passwd shared.txt', /: shared\.txt changed/],
      ['a file became a pipe', 'rm new.txt; mkfifo new.txt', /: new\.txt changed/],
      ['a file may be run now', 'chmod +x new.txt', /: new\.txt changed/],
      ['a file was changed that the run had left alone', 'echo lock >sub/a.txt', /: sub\/a\.txt changed/],
    ] as const) {
      it(`the run has failed where, while the check ran, ${name}`, async () => {
        const record = await checked(check);
        changed(record, names);
        assert.equal(
          repository.git('rev-parse', `koubou/${record.task_id}`),
          repository.git('rev-parse', 'main'),
          'nothing was committed',
        );
      });
    }

    it('a look at the names alone would not see it: the same files changed, before and after', async () => {
      const evidence = await begin({ folder });
      work(folder);
      const before = (await evidence.changes()).names;
      put('new.txt', 'evil\n')(folder);
      assert.deepEqual((await evidence.movedSince()).changed, ['new.txt']);
      assert.deepEqual((await evidence.changes()).names, before);
      await evidence.close();
    });

    it('leaves what a check makes for itself out of the work, and says so', async () => {
      const { status, result, task_id } = await checked(
        'mkdir -p coverage node_modules && echo x >coverage/lcov && echo x >node_modules/cache && echo x >run.log && touch new.txt',
      );
      assert.equal(status, 'completed', result?.error?.message);
      assert.equal(
        repository.git('diff', '--name-only', 'main', `koubou/${task_id}`),
        'new.txt\nshared.txt\n',
      );
      assert.match(
        await repository.logOf(task_id),
        /while the work was checked, and no part of it: coverage\/lcov\n/,
      );
    });

    it('finds a home that came while the check ran', async () => {
      const { result } = await checked("mkdir -p sub/.koubou && echo '*' >sub/.koubou/.gitignore");
      assert.equal(result?.error?.code, 'home_in_changes', result?.error?.message);
    });
  });

  describe('in a folder of the user', () => {
    for (const git of [true, false]) {
      describe(git ? 'in a repository' : 'without one', () => {
        let cwd: string;
        beforeEach(async () => {
          cwd = folder;
          if (git) return;
          cwd = await mkdtemp(join(tmpdir(), 'koubou-plain-'));
          mkdirSync(join(cwd, 'sub'));
          writeFileSync(join(cwd, 'shared.txt'), 'line\n');
          writeFileSync(join(cwd, 'sub/a.txt'), 'a\n');
        });
        afterEach(() => (git ? undefined : rm(cwd, { recursive: true })));

        it('the run has failed where its work was changed meanwhile', async () => {
          changed(await checked('echo evil >>new.txt', { worktree: false, cwd }), /: new\.txt changed/);
        });
        it('it has not where somebody changed other files, which are no part of it', async () => {
          const check = 'echo by-me >sub/a.txt; echo x >other.txt';
          const { status, result, task_id } = await checked(check, { worktree: false, cwd });
          assert.equal(status, 'completed', result?.error?.message);
          assert.match(await repository.logOf(task_id), /no part of it: other\.txt, sub\/a\.txt/);
        });
      });
    }
  });

  describe('a look at the folder', () => {
    it('is not taken of what holds no files', async () => {
      for (const none of ['/proc', '/proc/self', '/sys']) {
        if (existsSync(none))
          await assert.rejects(begin({ folder: none }), { code: 'usage', message: /holds no files/ });
      }
    });

    it('ends when it is told to, in a repository and without', async () => {
      const elsewhere = await mkdtemp(join(tmpdir(), 'koubou-plain-'));
      for (const each of [folder, elsewhere]) {
        const evidence = await begin({ folder: each });
        await assert.rejects(evidence.changes(AbortSignal.abort()));
        await evidence.close();
        await assert.rejects(begin({ folder: each, signal: AbortSignal.abort() }));
      }
      await rm(elsewhere, { recursive: true });
    });

    it('does not wait for a pipe, and takes a file that became one for removed', async () => {
      const evidence = await begin({ folder });
      const { execFileSync } = await import('node:child_process');
      rmSync(join(folder, 'shared.txt'));
      execFileSync('mkfifo', [join(folder, 'shared.txt'), join(folder, 'fresh')]);
      assert.deepEqual((await evidence.changes()).names, ['shared.txt']);
      await evidence.close();
    });

    it('is not misled by what a run did to the index', async () => {
      for (const bit of ['--assume-unchanged', '--skip-worktree']) {
        const evidence = await begin({ folder });
        repository.git('update-index', bit, 'shared.txt', 'sub/a.txt');
        repository.write('shared.txt', `hidden by ${bit}\n`);
        assert.equal(repository.status(), '', 'a plain git sees nothing');
        assert.deepEqual((await evidence.changes()).names, ['shared.txt']);
        await evidence.close();
        repository.git('update-index', bit.replace('--', '--no-'), 'shared.txt', 'sub/a.txt');
        repository.git('checkout', '-q', '.');
      }
      const evidence = await begin({ folder });
      writeFileSync(join(folder, '.git/index'), 'no index at all');
      repository.write('shared.txt', 'x');
      assert.deepEqual((await evidence.changes()).names, ['shared.txt']);
      await evidence.close();
    });
  });
});
