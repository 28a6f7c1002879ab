import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { put, Repository, shell } from '../support/git/repository.ts';

const USER = 'git -c user.name=t -c user.email=t@t';

describe('a run in a worktree of a repository', function () {
  this.timeout(60_000);
  let repository: Repository;
  let folder: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ folder } = repository);
  });
  afterEach(() => repository.remove());

  const on = (id: string): string => repository.git('diff', '--name-only', 'main', `koubou/${id}`);

  it('that says of its file system that it does not tell cases apart: a new file is one all the same', async () => {
    repository.git('config', 'core.ignorecase', 'true');
    const id = await repository.done(put('SHARED.txt', 'loud\n'));
    assert.equal(on(id), 'SHARED.txt\n');
    assert.deepEqual((await repository.apply(id)).files, ['SHARED.txt']);
    assert.match(repository.read('shared.txt'), /^line\n/);
  });

  it('in which the agent makes another one: it is kept, and apply says where it lies', async () => {
    const id = await repository.done((cwd) => {
      put('new.txt', 'new\n')(cwd);
      shell(cwd, `git init -q nested && cd nested && echo x >kept && git add kept && ${USER} commit -qm x`);
    });
    assert.equal(on(id), 'new.txt\n');
    const { worktree_kept, notes, files } = await repository.apply(id);
    assert.deepEqual([worktree_kept, files], [true, ['new.txt']]);
    const [, path = '', name = ''] = /^(\S+) is kept until .*: (\S+)$/.exec(notes.join()) ?? [];
    assert.equal(readFileSync(join(path, name, 'kept'), 'utf8'), 'x\n');
    await repository.discard(id);
    assert.equal(existsSync(path), false);
  });

  it('with submodules that are not there: what the agent does in one, or to where it stands, is told', async () => {
    const inner = join(folder, 'home', 'inner');
    shell(folder, `git init -q '${inner}' && ${USER} -C '${inner}' commit -q --allow-empty -m one`);
    shell(folder, `${USER} -c protocol.file.allow=always submodule add -q '${inner}' module`);
    repository.commit('module');
    shell(folder, 'git submodule deinit -q -f module');
    shell(inner, `${USER} commit -q --allow-empty -m two`);
    const moved = shell(inner, 'git rev-parse HEAD').trim();
    const id = await repository.done((cwd) => {
      put('new.txt', 'new\n')(cwd);
      shell(cwd, `git update-index --cacheinfo 160000,${moved},module && ${USER} commit -qm moved`);
      shell(cwd, `rmdir module && git clone -q '${inner}' module && echo x >module/inside`);
    });
    assert.equal(on(id), 'new.txt\n');
    assert.match(await repository.logOf(id), /module/);
    const { notes, worktree_kept } = await repository.apply(id);
    assert.equal(worktree_kept, true);
    assert.match(notes.join(), /is kept until .*: module$/);
    assert.equal(existsSync(join(folder, 'module/inside')), false);
  });

  it('that is bare, from a linked work tree with settings of its own', async () => {
    const bare = join(folder, 'home', 'bare.git');
    const linked = join(folder, 'home', 'linked');
    shell(folder, `git clone -q --bare . '${bare}'`);
    shell(bare, 'git config extensions.worktreeConfig true');
    shell(
      bare,
      `git worktree add -q '${linked}' main && git -C '${linked}' config --worktree core.bare false`,
    );
    mkdirSync(join(linked, 'deep'));
    const id = await repository.done(put('new.txt', 'new\n'), { cwd: join(linked, 'sub') });
    assert.deepEqual((await repository.apply(id)).files, ['sub/new.txt']);
    assert.equal(readFileSync(join(linked, 'sub/new.txt'), 'utf8'), 'new\n');
    await repository.discard(id);
    assert.equal(shell(bare, 'git branch --list "koubou/*"'), '');
  });

  it('whose HEAD is detached', async () => {
    repository.git('checkout', '-q', '--detach');
    const id = await repository.done(put('new.txt', 'new\n'));
    assert.deepEqual((await repository.apply(id)).files, ['new.txt']);
    assert.equal(repository.git('branch', '--show-current'), '');
  });

  it('that never fetched its files, and cannot: the task fails, and says why and what to do', async () => {
    const partial = join(folder, 'home', 'partial');
    repository.git('config', 'uploadpack.allowFilter', 'true');
    shell(folder, `git clone -q --no-checkout --filter=blob:none 'file://${folder}' '${partial}'`);
    shell(partial, 'git remote set-url origin file:///nowhere');
    const { result } = await repository.ran(assert.fail, { cwd: partial });
    assert.equal(result?.error?.code, 'conflict');
    assert.match(result?.error?.message ?? '', /partial clone/);
    assert.match(result?.error?.hint ?? '', /git checkout|git fetch/);
  });
});
