/**
 * What is applied is what was checked, wherever the branch of a task is by then: an agent in a plain repository can move every
 * branch. The planted fault is `--branch-as-it-is`, which takes the branch by its name.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { put, Repository, shell } from '../support/git/repository.ts';

const PERSON = 'git -c user.name=a -c user.email=a@a';

describe('the branch of a task that was checked', () => {
  let repository: Repository;
  let id: string;
  let checked: string;

  beforeEach(async () => {
    repository = await Repository.make();
    id = await repository.done(put('new.txt', 'good\n'));
    checked = repository.git('rev-parse', `koubou/${id}`).trim();
  });
  afterEach(() => repository.remove());

  const move = (): void => {
    const script = `blob=$(echo evil | git hash-object -w --stdin); tree=$(printf "100644 blob %s\\tnew.txt\\n" $blob | git mktree)
      git update-ref refs/heads/koubou/${id} $(${PERSON} commit-tree -p koubou/${id} -m x $tree)`;
    shell(repository.folder, script);
  };

  it('is not applied where somebody moved it, but what is on it is on the word of a person', async () => {
    move();
    await assert.rejects(repository.apply(id), ({ code, message, hint }: Error & Record<string, string>) => {
      assert.equal(code, 'output_changed');
      assert.match(`${message} ${hint}`, new RegExp(`${checked}.*--branch-as-it-is`));
      return true;
    });
    assert.equal(repository.status(), '');
    assert.equal((await repository.applyBranch(id)).result, 'applied');
    assert.equal(repository.read('new.txt'), 'evil\n');
  });

  it('is applied once it is put back, as the refusal says', async () => {
    move();
    repository.git('update-ref', `refs/heads/koubou/${id}`, checked);
    assert.equal((await repository.apply(id)).result, 'applied');
    assert.equal(repository.read('new.txt'), 'good\n');
  });

  it('takes back nothing that the user committed meanwhile, whatever an agent made its parent', async () => {
    for (const parent of ['main', 'HEAD']) {
      const wrote = `fix-${parent}.txt`;
      const task = await repository.done((cwd) => {
        repository.write(wrote, 'fixed\n');
        repository.commit('a fix');
        put('work.txt', `${parent}\n`)(cwd);
        shell(cwd, `git update-ref --no-deref HEAD $(git rev-parse ${parent})`);
      });
      const { result, files } = await repository.apply(task);
      assert.deepEqual([result, files], ['applied', ['work.txt']]);
      assert.equal(repository.read(wrote), 'fixed\n');
      repository.commit('applied');
    }
  });

  it('is applied as the user mended it, on their word', async () => {
    repository.git('checkout', '-q', '--ignore-other-worktrees', `koubou/${id}`);
    repository.write('new.txt', 'better\n');
    repository.commit('mended');
    repository.git('checkout', '-q', 'main');
    assert.deepEqual((await repository.applyBranch(id)).files, ['new.txt']);
    assert.equal(repository.read('new.txt'), 'better\n');
  });

  for (const was of ['gone', 'of an older koubou'] as const) {
    it(`is held to the patch where its record is ${was}`, async () => {
      const path = join(repository.folder, 'home', 'worktrees', `${id}.json`);
      const forget = (): void =>
        writeFileSync(path, was === 'gone' ? '' : repository.resealed(path, { made: undefined }));
      forget();
      move();
      await assert.rejects(repository.apply(id), { code: 'output_changed', message: /the patch/ });
      repository.git('update-ref', `refs/heads/koubou/${id}`, checked);
      forget();
      assert.equal((await repository.apply(id)).result, 'applied');
      assert.equal(repository.read('new.txt'), 'good\n');
    });
  }

  it('is not made anew from a patch that is not the one that was checked', async () => {
    const patch = (await repository.rig.queue.artifacts.find(id, null, 'patch'))?.path ?? '';
    writeFileSync(patch, readFileSync(patch, 'utf8').replace('+good', '+evil'));
    const branch = join(repository.folder, '.git/refs/heads/koubou', id);
    rmSync(branch);
    writeFileSync(branch, '');
    await assert.rejects(repository.apply(id), { code: 'conflict' });
    assert.equal(repository.status(), '');
  });
});
