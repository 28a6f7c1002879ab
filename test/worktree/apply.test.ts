import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { put, Repository } from '../support/git/repository.ts';

describe('what was done in a worktree, applied', () => {
  let repository: Repository;
  let folder: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ folder } = repository);
  });
  afterEach(() => repository.remove());

  it('is every kind of change, under every kind of name', async () => {
    repository.git('config', 'core.autocrlf', 'true');
    for (const name of ['old.txt', 'gone.txt', 'link.txt', 'tool.sh']) repository.write(name, `${name}\n`);
    repository.write('dos.txt', 'a\r\n');
    repository.write('binary', Buffer.from([0, 1, 255]));
    repository.commit('more');
    const names = [
      'new\nline',
      '工房',
      '-dash',
      '--help',
      ' space ',
      'quo"te',
      'back\\slash',
      ':(top)x',
      '*',
      '!x',
    ];
    const bytes = (cwd: string): Buffer => Buffer.concat([Buffer.from(`${cwd}/byte`), Buffer.from([0xff])]);
    const id = await repository.done((cwd) => {
      renameSync(join(cwd, 'old.txt'), join(cwd, 'renamed.txt'));
      rmSync(join(cwd, 'gone.txt'));
      rmSync(join(cwd, 'link.txt'));
      symlinkSync('sub/a.txt', join(cwd, 'link.txt'));
      chmodSync(join(cwd, 'tool.sh'), 0o755);
      put('dos.txt', 'a\r\nb\r\n')(cwd);
      put('binary', Buffer.from([0, 2, 254]))(cwd);
      for (const name of names) put(name, `in ${name[0]}`)(cwd);
      symlinkSync('anywhere', bytes(cwd));
    });
    const { result, files } = await repository.apply(id);
    assert.deepEqual([result, files.length], ['applied', names.length + 8]);
    assert.equal(repository.read('renamed.txt'), 'old.txt\r\n');
    assert.deepEqual(
      [existsSync(join(folder, 'old.txt')), existsSync(join(folder, 'gone.txt'))],
      [false, false],
    );
    assert.equal(readlinkSync(join(folder, 'link.txt')), 'sub/a.txt');
    assert.equal(statSync(join(folder, 'tool.sh')).mode & 0o111, 0o111);
    assert.equal(repository.read('dos.txt'), 'a\r\nb\r\n');
    assert.equal(repository.read('binary'), '\0\u0002�');
    for (const name of names) assert.equal(repository.read(name), `in ${name[0]}`);
    assert.equal(readlinkSync(bytes(folder)), 'anywhere');
  });

  it('is also a file that became a folder, and a folder that became a file', async () => {
    const id = await repository.done((cwd) => {
      rmSync(join(cwd, 'sub'), { recursive: true });
      put('sub', 'a file')(cwd);
      rmSync(join(cwd, 'shared.txt'));
      mkdirSync(join(cwd, 'shared.txt'));
      put('shared.txt/inside', 'x')(cwd);
    });
    for (const time of ['first', 'second']) {
      assert.equal((await repository.apply(id)).result, 'applied', time);
      assert.deepEqual([repository.read('shared.txt/inside'), repository.read('sub')], ['x', 'a file']);
    }
  });

  it('merges what does not touch', async () => {
    const id = await repository.done(put('shared.txt', `${'line\n'.repeat(50)}last\n`));
    repository.git('checkout', '-qb', 'another');
    repository.write('shared.txt', `first\n${'line\n'.repeat(50)}`);
    repository.commit('meanwhile');
    repository.write('sub/a.txt', 'mine, elsewhere\n');
    repository.git('add', 'sub/a.txt');
    assert.equal((await repository.apply(id)).result, 'applied');
    assert.equal(repository.read('shared.txt'), `first\n${'line\n'.repeat(50)}last\n`);
    assert.equal(repository.status(), ' M shared.txt\nM  sub/a.txt\n');
  });

  it('names conflicts and changes nothing', async () => {
    const id = await repository.done((cwd) => {
      put('sub/a.txt', 'theirs\n')(cwd);
      put('new.txt', 'new\n')(cwd);
    });
    repository.write('sub/a.txt', 'ours\n');
    repository.commit('meanwhile');
    const { result, files, worktree_kept } = await repository.apply(id);
    assert.deepEqual([result, files, worktree_kept], ['conflict', ['sub/a.txt'], true]);
    assert.equal(repository.status(), '');
    assert.equal(existsSync(join(folder, '.git/index.lock')), false);
  });

  it('is refused on a branch that has no commit', async () => {
    const id = await repository.done(put('new.txt', 'new\n'));
    repository.git('checkout', '-q', '--orphan', 'empty');
    await assert.rejects(repository.apply(id), { code: 'conflict', message: /has none/ });
  });

  describe('to files that changed meanwhile', () => {
    it('does not touch those with changes of their own, tracked, new or ignored', async () => {
      const id = await repository.done((cwd) => {
        put('sub/a.txt', 'theirs\n')(cwd);
        put('new.txt', 'new\n')(cwd);
        put('.gitignore', '/home/\n')(cwd);
        put('x.log', 'theirs')(cwd);
        put('fine.txt', 'fine')(cwd);
      });
      repository.write('sub/a.txt', 'mine\n');
      repository.write('new.txt', 'mine\n');
      repository.write('x.log', 'mine');
      const { result, files } = await repository.apply(id);
      assert.deepEqual([result, files], ['dirty', ['new.txt', 'sub/a.txt', 'x.log']]);
      assert.equal(existsSync(join(folder, 'fine.txt')), false);
      assert.equal(repository.read('new.txt'), 'mine\n');
    });

    it('goes on where an earlier try was killed half way', async () => {
      const id = await repository.done((cwd) => {
        put('sub/a.txt', 'theirs\n')(cwd);
        put('new.txt', 'new\n')(cwd);
        rmSync(join(cwd, 'shared.txt'));
      });
      repository.write('new.txt', 'new\n');
      rmSync(join(folder, 'shared.txt'));
      assert.equal((await repository.apply(id)).result, 'applied');
      assert.equal(repository.read('sub/a.txt'), 'theirs\n');
    });

    const inTheWay = async (make: () => void): Promise<void> => {
      const id = await repository.done((cwd) => {
        put('a-first.txt', 'x')(cwd);
        put('file', 'x')(cwd);
        mkdirSync(join(cwd, 'folder'));
        put('folder/inside.txt', 'x')(cwd);
      });
      make();
      const before = repository.status();
      await repository.apply(id).then(
        ({ result }) => assert.equal(result, 'dirty'),
        ({ code, message }: { code: string; message: string }) => {
          assert.equal(code, 'conflict');
          assert.match(message, /file|folder/);
        },
      );
      assert.equal(repository.status(), before);
      assert.equal(existsSync(join(folder, 'a-first.txt')), false);
    };

    it('leaves all as it was where a file is in the way of a folder', () =>
      inTheWay(() => repository.write('folder', 'mine')));

    it('leaves all as it was where a folder is in the way of a file', () =>
      inTheWay(() => {
        mkdirSync(join(folder, 'file'));
        repository.write('file/mine.txt', 'mine');
      }));

    it('does not write through a link that leads out of the folder', async () => {
      const elsewhere = mkdtempSync(join(tmpdir(), 'koubou-elsewhere-'));
      await inTheWay(() => symlinkSync(elsewhere, join(folder, 'folder')));
      assert.deepEqual(readdirSync(elsewhere), []);
      rmSync(elsewhere, { recursive: true });
    });
  });

  it('waits for nobody who is at work there, and says so', async () => {
    const id = await repository.done(put('new.txt', 'x'));
    repository.write('.git/index.lock', '');
    await assert.rejects(repository.apply(id), { code: 'conflict', message: /index\.lock/ });
    assert.equal(repository.read('.git/index.lock'), '');
  });

  it('takes over the lock of a koubou that was killed', async () => {
    const id = await repository.done(put('new.txt', 'x'));
    const gone = spawnSync('true').pid;
    repository.write('.git/index.lock', `koubou ${gone} 1\n`);
    assert.equal((await repository.apply(id)).result, 'applied');
    assert.deepEqual(
      readdirSync(join(folder, '.git')).filter((name) => name.startsWith('index.')),
      [],
    );
  });

  it('takes away what a koubou left that was killed while it took the lock', async () => {
    const id = await repository.done(put('new.txt', 'x'));
    const gone = spawnSync('true').pid;
    for (const name of [`${gone}`, `${gone}.1`]) repository.write(`.git/index.lock.${name}`, '');
    assert.equal((await repository.apply(id)).result, 'applied');
    assert.deepEqual(
      readdirSync(join(folder, '.git')).filter((name) => name.startsWith('index.')),
      [],
    );
  });

  it('leaves no worktree where its removal ended half way', async () => {
    const id = await repository.done(put('new.txt', 'x'));
    const worktree = repository.worktree(id);
    const { unlink } = fs.promises;
    let removed = 0;
    fs.promises.unlink = async (path) => {
      if (realpathSync(dirname(String(path))).startsWith(worktree)) removed += 1;
      if (removed > 2) throw Object.assign(new Error('half way'), { code: 'EIO' });
      return unlink(path);
    };
    syncBuiltinESMExports();
    try {
      await assert.rejects(repository.apply(id), /half way/);
    } finally {
      fs.promises.unlink = unlink;
      syncBuiltinESMExports();
    }
    const { result, notes, worktree_kept } = await repository.apply(id);
    assert.deepEqual([result, notes, worktree_kept], ['applied', [], false]);
    assert.deepEqual([existsSync(worktree), repository.known()], [false, 1]);
    assert.doesNotMatch(repository.git('worktree', 'list', '--porcelain'), /prunable/);
  });

  it('is applied once where two ask at once', async () => {
    const id = await repository.done(put('new.txt', 'x'));
    const asked = await Promise.allSettled([repository.apply(id), repository.apply(id)]);
    for (const each of asked) {
      if (each.status === 'fulfilled') assert.equal(each.value.result, 'applied');
      else assert.match(each.reason.message, /Another git command is at work/);
    }
    assert.ok(asked.some(({ status }) => status === 'fulfilled'));
    assert.equal(repository.read('new.txt'), 'x');
    assert.deepEqual([await repository.listed(), repository.known()], [[], 1]);
  });
});
