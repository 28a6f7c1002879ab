import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { discardWorktree } from '../../src/worktree/remove.ts';
import { full } from '../../test/support/builders.ts';
import { branched } from '../../test/support/git/branched.ts';
import { environment, put, Repository, shell } from '../../test/support/git/repository.ts';
import { killedAfter } from './killed.ts';

/** Each how many calls a kill is tried. */
const STEP = full ? 1 : 3;

describe('a discard that was killed', function () {
  this.timeout(120_000);
  let repository: Repository;
  let home: string;

  beforeEach(async () => {
    repository = await Repository.make();
    home = repository.rig.home.home;
  });
  afterEach(() => repository.remove());

  const gitFiles = (): string[] =>
    readdirSync(join(repository.folder, '.git'), { recursive: true, encoding: 'utf8' });

  for (const packed of [false, true]) {
    it(`leaves no lock of git’s and no half worktree, and can be repeated${packed ? '; its branch is packed' : ''}`, async () => {
      for (let after = 0; ; after += STEP) {
        const record = await branched(repository, put('new.txt', 'x'));
        if (packed) repository.git('pack-refs', '--all');
        const { through } = await killedAfter(after, () => discardWorktree(home, record, environment));
        assert.match(repository.git('worktree', 'list'), /main/);
        repository.git('fsck');
        for (const name of gitFiles().filter((each) => each.endsWith('.lock'))) {
          const lock = join(repository.folder, '.git', name);
          assert.match(readFileSync(lock, 'utf8'), /^koubou \d+ /, name);
          writeFileSync(lock, `koubou ${spawnSync('true').pid} 1\n`);
        }
        // What names this process belongs to one that lives.
        for (const name of gitFiles().filter((each) => each.includes(`.lock.${process.pid}`))) {
          rmSync(join(repository.folder, '.git', name));
        }
        await discardWorktree(home, record, environment);
        assert.deepEqual([repository.known(), repository.branches()], [1, '']);
        assert.equal(existsSync(record.path), false);
        assert.deepEqual(
          gitFiles().filter((each) => /lock|removed|koubou\b.*task|packed-refs\./.test(each)),
          [],
        );
        if (through) return;
      }
    });
  }

  it('keeps the other branches, packed or not, and their settings', async () => {
    const [gone, kept] = [
      await branched(repository, put('a', 'x')),
      await branched(repository, put('b', 'x')),
    ];
    repository.git('tag', '-a', '-m', 'x', 'v1');
    for (const { branch } of [gone, kept]) repository.git('config', `branch.${branch}.remote`, '.');
    repository.git('pack-refs', '--all');
    const before = repository.git('show-ref');
    await discardWorktree(home, gone, environment);
    assert.equal(
      repository.git('show-ref'),
      before.replace(/.*\n/g, (line) => (line.includes(gone.branch) ? '' : line)),
    );
    assert.equal(repository.git('rev-parse', 'v1^{}'), repository.git('rev-parse', 'main'));
    assert.deepEqual(
      [gone, kept].map(({ branch }) => repository.git('config', '--list').includes(branch)),
      [false, true],
    );
  });

  it('keeps a branch that somebody has checked out, rebases or bisects', async () => {
    const record = await branched(repository, put('new.txt', 'x'));
    const other = join(home, 'other');
    for (const script of [
      `git checkout -q ${record.branch}`,
      `git checkout -q ${record.branch} && GIT_SEQUENCE_EDITOR='echo break >' git rebase -q -i main`,
      `git checkout -q ${record.branch} && git bisect start -q && git checkout -q --detach`,
    ]) {
      repository.git('worktree', 'add', '-q', '--detach', other);
      shell(other, script);
      await assert.rejects(discardWorktree(home, record, environment), {
        code: 'conflict',
        message: /git keeps its branch: .*worktrees\/other/,
      });
      assert.match(repository.branches(), new RegExp(record.task_id), script);
      repository.git('worktree', 'remove', '--force', other);
    }
    await discardWorktree(home, record, environment);
    assert.equal(repository.branches(), '');
  });
});
