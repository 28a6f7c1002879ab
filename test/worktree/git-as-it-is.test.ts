import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { applying, branched, madeAt } from '../support/git/branched.ts';
import { put, Repository, shell } from '../support/git/repository.ts';

const USER = 'git -c user.name=t -c user.email=t@t';

describe('apply, in a repository', function () {
  this.timeout(60_000);
  let repository: Repository;
  let folder: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ folder } = repository);
  });
  afterEach(() => repository.remove());

  const change = (cwd: string): void => {
    put('sub/a.txt', 'theirs\n')(cwd);
    put('new.txt', 'new\n')(cwd);
  };
  const isApplied = async (act: (cwd: string) => void, files: string[]): Promise<string[]> => {
    const applied = await applying(repository, await branched(repository, act));
    assert.deepEqual([applied.result, applied.files], ['applied', files]);
    return applied.result === 'applied' ? applied.notes : [];
  };

  describe('where something is unfinished', () => {
    const conflict = (): void => {
      repository.git('checkout', '-q', '-b', 'side');
      repository.write('shared.txt', 'side\n');
      repository.commit('side');
      repository.git('checkout', '-q', 'main');
      repository.write('shared.txt', 'main\n');
      repository.commit('main');
    };
    for (const [what, script, end] of [
      ['a merge', 'git merge -q side', 'merge --abort'],
      ['a rebase', 'git rebase -q side', 'rebase --abort'],
      ['a cherry-pick', 'git cherry-pick side', 'cherry-pick --abort'],
      ['a revert', 'git revert --no-edit HEAD~', 'revert --abort'],
      ['a bisection', 'git bisect start -q; true', 'bisect reset'],
      [
        'a rebase or `git am`',
        'git format-patch -q -1 side --stdout >home/p; git am -q home/p',
        'am --abort',
      ],
    ] as const) {
      it(`is refused, and says what is: ${what}`, async () => {
        conflict();
        const record = await branched(repository, change);
        shell(folder, `(${script.replace(/git /g, `${USER} `)}) >/dev/null 2>&1 || true`);
        const before = repository.status();
        await assert.rejects(applying(repository, record), {
          code: 'conflict',
          message: new RegExp(`${what} is unfinished\\. Nothing was applied`),
          hint: new RegExp(end.split(' ').at(-1) ?? ''),
        });
        assert.equal(repository.status(), before);
        repository.git(...end.split(' '));
        assert.equal((await applying(repository, record)).result, 'applied');
      });
    }

    it('is refused where files are in conflict without any merge, as after `git stash pop`', async () => {
      const record = await branched(repository, change);
      repository.write('shared.txt', 'stashed\n');
      repository.git('stash', '-q');
      repository.write('shared.txt', 'main\n');
      repository.commit('main');
      assert.throws(() => repository.git('stash', 'pop', '-q'));
      await assert.rejects(applying(repository, record), {
        code: 'conflict',
        message: /in conflict: shared\.txt/,
      });
      assert.equal(existsSync(join(folder, 'new.txt')), false);
    });
  });

  describe('whose index says more than names', () => {
    it('leaves what is staged as it is, new files that are only to be added, and what is staged as gone', async () => {
      repository.write('staged.txt', 'x\n');
      repository.commit('one more');
      repository.write('shared.txt', 'staged\n');
      repository.git('add', 'shared.txt');
      repository.write('intent.txt', 'mine\n');
      repository.git('add', '-N', 'intent.txt');
      repository.git('rm', '-q', '--cached', 'staged.txt');
      const index = readFileSync(join(folder, '.git/index'));
      await isApplied(change, ['new.txt', 'sub/a.txt']);
      assert.ok(readFileSync(join(folder, '.git/index')).equals(index));
      assert.equal(
        repository.status(),
        ' A intent.txt\nM  shared.txt\nD  staged.txt\n M sub/a.txt\n?? new.txt\n?? staged.txt\n',
      );
    });

    it('takes a file that is staged, or only to be added, for the user’s own', async () => {
      const record = await branched(repository, change);
      repository.write('new.txt', 'mine\n');
      repository.git('add', '-N', 'new.txt');
      repository.write('sub/a.txt', 'mine\n');
      repository.git('add', 'sub/a.txt');
      assert.deepEqual(await applying(repository, record), {
        result: 'dirty',
        files: ['new.txt', 'sub/a.txt'],
      });
    });

    for (const flag of ['assume-unchanged', 'skip-worktree']) {
      it(`sees what the user changed in a file that is ${flag}, and says where git hides a change`, async () => {
        const record = await branched(repository, change);
        repository.git('update-index', `--${flag}`, 'sub/a.txt');
        repository.write('sub/a.txt', 'mine\n');
        assert.equal(repository.status(), '');
        assert.deepEqual(await applying(repository, record), { result: 'dirty', files: ['sub/a.txt'] });
        assert.equal(repository.read('sub/a.txt'), 'mine\n');
        repository.write('sub/a.txt', 'a\n');
        const applied = await applying(repository, record);
        assert.equal(applied.result, 'applied');
        assert.match(
          'notes' in applied ? applied.notes.join() : '',
          /take these for unchanged.*: sub\/a\.txt/,
        );
        assert.equal(repository.read('sub/a.txt'), 'theirs\n');
      });
    }

    it('claims no file that a sparse checkout leaves out, and brings new ones', async () => {
      mkdirSync(join(folder, 'wide'));
      repository.write('wide/c.txt', 'c\n');
      repository.commit('more');
      const [changes, removes, adds] = [
        await branched(repository, change),
        await branched(repository, (cwd) => rmSync(join(cwd, 'sub/a.txt'))),
        await branched(repository, put('sub/b.txt', 'b\n')),
      ];
      repository.git('sparse-checkout', 'set', 'wide');
      for (const record of [changes, removes]) {
        await assert.rejects(applying(repository, record), {
          code: 'conflict',
          message: /leaves out what would change.*: sub\/a\.txt\. Nothing was applied/,
          hint: /sparse-checkout add/,
        });
      }
      assert.equal(existsSync(join(folder, 'new.txt')), false);
      assert.deepEqual((await applying(repository, adds)).files, ['sub/b.txt']);
      assert.equal(repository.read('sub/b.txt'), 'b\n');
      repository.git('sparse-checkout', 'add', 'sub');
      assert.deepEqual((await applying(repository, changes)).files, ['new.txt', 'sub/a.txt']);
    });
  });

  describe('whose files are not as git has them', () => {
    for (const [setting, old, fresh] of [
      ['true', 'a\r\nb\r\n', 'new\r\n'],
      ['input', 'a\nb\n', 'new\n'],
    ] as const) {
      it(`writes line ends as core.autocrlf=${setting} says, and takes them for no change`, async () => {
        repository.write('text.txt', 'a\n');
        repository.commit('text');
        repository.git('config', 'core.autocrlf', setting);
        shell(folder, 'rm text.txt && git checkout -q text.txt');
        const act = (cwd: string): void => {
          put('text.txt', 'a\nb\n')(cwd);
          put('new.txt', 'new\n')(cwd);
        };
        await isApplied(act, ['new.txt', 'text.txt']);
        assert.deepEqual([repository.read('text.txt'), repository.read('new.txt')], [old, fresh]);
        await isApplied(act, ['new.txt', 'text.txt']);
        assert.equal(repository.git('diff', '--stat', '--', 'shared.txt'), '');
      });
    }

    it('writes them as the attributes of the branch say, which come with it', async () => {
      const act = (cwd: string): void => {
        put('.gitattributes', '*.bat text eol=crlf\n*.u16 text working-tree-encoding=UTF-16LE\n')(cwd);
        put('run.bat', 'a\n')(cwd);
        put('wide.u16', Buffer.from('wide\n', 'utf16le'))(cwd);
      };
      await isApplied(act, ['.gitattributes', 'run.bat', 'wide.u16']);
      assert.equal(repository.read('run.bat'), 'a\r\n');
      assert.equal(readFileSync(join(folder, 'wide.u16')).toString('utf16le'), 'wide\n');
      await isApplied(act, ['.gitattributes', 'run.bat', 'wide.u16']);
    });

    it('keeps modes and links where the file system has none: core.fileMode and core.symlinks false', async () => {
      repository.write('tool.sh', 'x\n');
      chmodSync(join(folder, 'tool.sh'), 0o755);
      symlinkSync('shared.txt', join(folder, 'link'));
      repository.commit('tool');
      const record = await branched(repository, (cwd) => {
        put('tool.sh', 'y\n')(cwd);
        rmSync(join(cwd, 'link'));
        symlinkSync('sub/a.txt', join(cwd, 'link'));
      });
      repository.git('config', 'core.fileMode', 'false');
      repository.git('config', 'core.symlinks', 'false');
      chmodSync(join(folder, 'tool.sh'), 0o644);
      shell(folder, 'rm link && git checkout -q link');
      assert.equal(repository.read('link'), 'shared.txt');
      assert.deepEqual((await applying(repository, record)).files, ['link', 'tool.sh']);
      assert.deepEqual([repository.read('link'), repository.read('tool.sh')], ['sub/a.txt', 'y\n']);
      assert.equal((await applying(repository, record)).result, 'applied');
    });

    it('brings over links that lead nowhere, to folders, and in place of files, and bits alone', async () => {
      repository.write('bit.sh', 'x\n');
      repository.commit('bit');
      const act = (cwd: string): void => {
        symlinkSync('nowhere', join(cwd, 'dangling'));
        symlinkSync('sub', join(cwd, 'folder'));
        chmodSync(join(cwd, 'bit.sh'), 0o755);
        rmSync(join(cwd, 'shared.txt'));
        symlinkSync('/etc/hostname', join(cwd, 'shared.txt'));
      };
      await isApplied(act, ['bit.sh', 'dangling', 'folder', 'shared.txt']);
      assert.deepEqual(
        ['dangling', 'folder', 'shared.txt'].map((name) => readlinkSync(join(folder, name))),
        ['nowhere', 'sub', '/etc/hostname'],
      );
      assert.equal(statSync(join(folder, 'bit.sh')).mode & 0o111, 0o111);
      await isApplied(act, ['bit.sh', 'dangling', 'folder', 'shared.txt']);
    });

    it('gives files the group of a folder that says so, as git does', async function () {
      // Only root may give a folder to a group of others.
      if (process.getuid?.() !== 0) return this.skip();
      shell(folder, 'chgrp 12345 sub && chmod g+s sub');
      await isApplied(
        (cwd) => {
          put('sub/a.txt', 'theirs\n')(cwd);
          mkdirSync(join(cwd, 'sub/deep'));
          put('sub/deep/new.txt', 'new\n')(cwd);
        },
        ['sub/a.txt', 'sub/deep/new.txt'],
      );
      for (const name of ['sub/a.txt', 'sub/deep/new.txt']) {
        assert.equal(statSync(join(folder, name)).gid, 12345, name);
      }
    });

    it('tells names apart that differ by case alone, whatever core.ignorecase says', async () => {
      for (const said of ['true', 'false']) {
        const record = await branched(repository, put('SHARED.txt', 'loud\n'));
        repository.git('config', 'core.ignorecase', said);
        assert.deepEqual((await applying(repository, record)).files, ['SHARED.txt']);
        assert.equal(repository.read('SHARED.txt'), 'loud\n');
        assert.match(repository.read('shared.txt'), /^line\n/);
        rmSync(join(folder, 'SHARED.txt'));
        repository.git('config', 'core.ignorecase', 'false');
      }
    });
  });

  describe('of another kind', () => {
    it('with a detached HEAD', async () => {
      repository.git('checkout', '-q', '--detach');
      await isApplied(change, ['new.txt', 'sub/a.txt']);
      assert.equal(repository.git('branch', '--show-current'), '');
    });

    it('with settings for each work tree, and a bare one with linked work trees', async () => {
      const bare = join(folder, 'home', 'bare.git');
      const linked = join(folder, 'home', 'linked');
      shell(folder, `git clone -q --bare . '${bare}'`);
      shell(bare, `git config extensions.worktreeConfig true && git config core.bare true`);
      shell(bare, `git worktree add -q '${linked}' main`);
      shell(linked, 'git config --worktree core.bare false');
      const record = await branched(repository, change, linked);
      assert.deepEqual((await applying(repository, record)).files, ['new.txt', 'sub/a.txt']);
      assert.equal(readFileSync(join(linked, 'new.txt'), 'utf8'), 'new\n');
      assert.equal(shell(linked, 'git status -s'), ' M sub/a.txt\n?? new.txt\n');
    });

    it('with submodules: they stay as they are, and it says so', async () => {
      const inner = join(folder, 'home', 'inner');
      shell(folder, `git init -q '${inner}' && ${USER} -C '${inner}' commit -q --allow-empty -m one`);
      shell(folder, `${USER} -c protocol.file.allow=always submodule add -q '${inner}' module`);
      repository.commit('module');
      const before = shell(join(folder, 'module'), 'git rev-parse HEAD');
      shell(inner, `${USER} commit -q --allow-empty -m two`);
      const moved = shell(inner, 'git rev-parse HEAD').trim();
      const notes = await isApplied(
        (cwd) => {
          put('new.txt', 'new\n')(cwd);
          shell(cwd, `git update-index --cacheinfo 160000,${moved},module && ${USER} commit -qm moved`);
        },
        ['new.txt'],
      );
      assert.match(notes.join(), /Submodules are left as they are: module\. `git merge koubou\/task/);
      assert.equal(shell(join(folder, 'module'), 'git rev-parse HEAD'), before);
    });

    it('that needs an owner whom git trusts: that is said, and nothing is done', async function () {
      if (process.getuid?.() !== 0) return this.skip();
      const record = await branched(repository, change);
      shell(folder, 'chown 12345:12345 .git .');
      await assert.rejects(applying(repository, record), {
        code: 'conflict',
        message: /another owner.*dubious ownership/,
        hint: /safe\.directory/,
      });
      assert.equal(existsSync(join(folder, 'new.txt')), false);
    });

    it('whose remote promises objects and is gone: that is said, and nothing is fetched or done', async () => {
      const partial = join(folder, 'home', 'partial');
      shell(
        folder,
        `git config uploadpack.allowFilter true && git clone -q --filter=blob:none 'file://${folder}' '${partial}'`,
      );
      const record = await branched(repository, change, partial);
      shell(partial, 'git remote set-url origin file:///nowhere');
      assert.deepEqual((await applying(repository, record)).files, ['new.txt', 'sub/a.txt']);
      // A commit of which no file was ever fetched.
      repository.write('shared.txt', 'later\n');
      repository.commit('later');
      shell(
        partial,
        `git remote set-url origin 'file://${folder}' && git fetch -q && git remote set-url origin file:///nowhere`,
      );
      shell(partial, 'git checkout -q . && rm new.txt');
      shell(partial, `git update-ref refs/heads/${record.branch} origin/main`);
      await assert.rejects(applying(repository, { ...record, made: madeAt(partial, 'origin/main') }), {
        code: 'conflict',
        message: /partial clone never fetched/,
      });
      assert.equal(shell(partial, 'git status -s'), '');
    });
  });

  it('takes what lies at a name and is neither a file nor a link for the user’s own', async () => {
    const record = await branched(repository, change);
    shell(folder, 'mkfifo new.txt');
    assert.deepEqual(await applying(repository, record), { result: 'dirty', files: ['new.txt'] });
  });
});
