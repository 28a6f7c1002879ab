import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownGit } from '../../src/git/own-git.ts';
import { findRepository, isRepository } from '../../src/git/repository/repository.ts';
import { Evidence, type FolderChanges } from '../../src/verify/changes/evidence.ts';
import { judgeChanges } from '../../src/verify/changes/judge-changes.ts';
import { compareListTrees, takeListTree } from '../../src/verify/changes/list-tree.ts';
import {
  type Bounds,
  compareGitTrees,
  type GitScope,
  type GitTree,
  takeGitTree,
} from '../../src/verify/work-tree/git-tree.ts';

const environment = { PATH: process.env['PATH'] ?? '' };

describe('the evidence of a code task', () => {
  let root: string;
  let folder: string;
  let home: string;

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'koubou evidence-')));
    folder = join(root, 'work é');
    home = join(root, 'home');
    mkdirSync(join(home, 'worktrees'), { recursive: true });
    mkdirSync(folder);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(folder, name), text);
  const repository = (): void => {
    git('init', '-q');
    write('.gitignore', 'ignored\n');
    write('kept.txt', 'one\n');
    write('other.txt', 'other\n');
    git('add', '-A');
    git('commit', '-qm', 'first');
  };
  const patchPath = (): string => join(root, 'run-1.patch');
  const patch = (): string => readFileSync(patchPath(), 'utf8');
  const during = async (act: () => void, over: { folder?: string } = {}): Promise<FolderChanges> => {
    const evidence = await Evidence.begin({
      folder,
      home,
      worktrees: join(home, 'worktrees'),
      excluded: [],
      environment,
      patchPath: patchPath(),
      apart: join(root, 'apart'),
      worktree: null,
      ...over,
    });
    try {
      act();
      return await evidence.changes();
    } finally {
      await evidence.close();
      assert.deepEqual(readdirSync(join(home, 'run')), []);
    }
  };
  const names = async (act: () => void, over = {}): Promise<string[]> => (await during(act, over)).names;

  describe('in a git repository', () => {
    beforeEach(repository);

    it('is each kind of change, and the patch makes it again', async () => {
      write('gone.txt', 'gone\n');
      write('run.sh', 'true\n');
      git('add', '-A');
      git('commit', '-qm', 'second');
      const binary = Uint8Array.from({ length: 300 }, (_, at) => at % 256);
      const found = await names(() => {
        write('kept.txt', 'two\n');
        write('new 日本.txt', 'new\n');
        write('picture.bin', binary);
        rmSync(join(folder, 'gone.txt'));
        chmodSync(join(folder, 'run.sh'), 0o755);
        symlinkSync('kept.txt', join(folder, 'link'));
      });
      assert.deepEqual(found, ['gone.txt', 'kept.txt', 'link', 'new 日本.txt', 'picture.bin', 'run.sh']);
      assert.equal(git('diff', '--cached', '--name-only'), '', 'the index is as it was');
      git('stash', '-qu');
      git('apply', patchPath());
      assert.deepEqual(Uint8Array.from(readFileSync(join(folder, 'picture.bin'))), binary);
      assert.equal(readFileSync(join(folder, 'kept.txt'), 'utf8'), 'two\n');
      assert.equal(existsSync(join(folder, 'gone.txt')), false);
    });

    it('is also a change that left size and time as they were', async () => {
      git('config', 'core.trustctime', 'false');
      const at = new Date('2026-01-01T00:00:00Z');
      const kept = join(folder, 'kept.txt');
      utimesSync(kept, at, at);
      git('update-index', '--refresh');
      utimesSync(join(folder, '.git', 'index'), at, at);
      const found = await names(() => {
        write('kept.txt', 'two\n');
        utimesSync(kept, at, at);
      });
      assert.deepEqual(found, ['kept.txt']);
    });

    it('is no change to what is ignored, and nothing where nothing was done', async () => {
      assert.deepEqual(await names(() => write('ignored', 'x')), []);
      assert.deepEqual(await names(() => undefined), []);
      assert.equal(existsSync(patchPath()), false);
    });

    it('is only what this run did to a tree that was dirty before', async () => {
      write('kept.txt', 'mine\n');
      write('untracked.txt', 'mine\n');
      git('add', 'kept.txt');
      write('kept.txt', 'mine again\n');
      const status = git('status', '--porcelain');
      assert.deepEqual(await names(() => undefined), []);
      assert.deepEqual(await names(() => write('untracked.txt', 'ours\n')), ['untracked.txt']);
      assert.match(patch(), /-mine\n\+ours/);
      assert.equal(git('status', '--porcelain'), status);
    });

    it('writes nothing into the repository', async () => {
      const objects = (): string =>
        execFileSync('find', ['.git', '-type', 'f'], { cwd: folder, encoding: 'utf8' });
      const before = objects();
      await names(() => write('new.txt', 'new\n'));
      assert.equal(objects(), before);
    });

    it('is also what the run committed', async () => {
      const found = await names(() => {
        write('kept.txt', 'two\n');
        git('commit', '-qam', 'by the agent');
      });
      assert.deepEqual(found, ['kept.txt']);
    });

    it('is nothing when only the home within the folder changes', async () => {
      home = join(folder, '.koubou');
      mkdirSync(join(home, 'worktrees'), { recursive: true });
      assert.deepEqual(await names(() => writeFileSync(join(home, 'log'), 'x')), []);
      writeFileSync(join(home, 'tracked'), 'x');
      git('add', '-A');
      assert.deepEqual(await names(() => writeFileSync(join(home, 'tracked'), 'y')), []);
      assert.deepEqual(await names(() => write('new.txt', 'x')), ['new.txt']);
    });

    it('is what lies under the folder, not beside it', async () => {
      mkdirSync(join(folder, 'sub'));
      write('sub/a.txt', 'a\n');
      const over = { folder: join(folder, 'sub') };
      assert.deepEqual(await names(() => write('kept.txt', 'x\n'), over), []);
      assert.deepEqual(await names(() => write('sub/a.txt', 'x\n'), over), ['sub/a.txt']);
    });

    it('is found in a folder whose name begins with a space and holds a newline', async () => {
      mkdirSync(join(folder, ' a\nb'));
      const over = { folder: join(folder, ' a\nb') };
      assert.deepEqual(await names(() => write(' a\nb/c', 'x\n'), over), [' a\nb/c']);
    });

    it('is found in a folder that the repository around it ignores', async () => {
      mkdirSync(join(folder, 'ignored'));
      assert.deepEqual(await names(() => write('ignored/a', 'x'), { folder: join(folder, 'ignored') }), [
        'a',
      ]);
    });

    it('passes over repositories within, also half-made ones', async () => {
      mkdirSync(join(folder, 'within'));
      execFileSync('git', ['init', '-q'], { cwd: join(folder, 'within') });
      assert.deepEqual(
        await names(() => {
          write('within/a', 'x');
          write('new.txt', 'x');
        }),
        ['new.txt'],
      );
    });

    it('runs none of the hooks', async () => {
      write('.git/hooks/post-index-change', '#!/bin/sh\ntouch hooked\n');
      chmodSync(join(folder, '.git/hooks/post-index-change'), 0o755);
      assert.deepEqual(await names(() => undefined), []);
    });

    it('sees a new file that is too large to be read', async () => {
      assert.deepEqual(await names(() => write('large', new Uint8Array(17 * 1024 * 1024))), ['large']);
      assert.deepEqual(await names(() => undefined), []);
    });

    describe('with very many new files', () => {
      let scope: (bounds: Bounds) => GitScope;
      const look = (bounds: Bounds, before?: GitTree): Promise<GitTree> => takeGitTree(scope(bounds), before);
      beforeEach(async () => {
        const scratch = join(root, 'scratch');
        const asking = { folder, environment };
        const found = await findRepository(asking);
        assert.ok(isRepository(found));
        const objects = join(scratch, 'objects');
        const place = await ownGit(asking, {
          path: join(scratch, 'git'),
          repository: found,
          objects: { in: 'folder', folder: objects },
        });
        const index = join(folder, '.git', 'index');
        scope = (bounds) => ({ place, prefix: '', index, excluded: [], scratch, whole: false, bounds });
      });
      const change = (): void => {
        write('a', 'new, before all others');
        write('f10', 'changed');
        write('f39', 'changed');
        rmSync(join(folder, 'f38'));
      };
      beforeEach(() => {
        for (let number = 10; number < 40; number += 1) write(`f${number}`, 'x');
      });

      it('goes by size and time of those beyond the first', async () => {
        const bounds = { read: 20, seen: 100 };
        const before = await look(bounds);
        const same = await compareGitTrees(scope(bounds), before, await look(bounds, before), patchPath());
        assert.deepEqual(same, { names: [], bounded: false });
        change();
        const found = await compareGitTrees(scope(bounds), before, await look(bounds, before), patchPath());
        assert.deepEqual(found, { names: ['a', 'f10', 'f38', 'f39'], bounded: false });
        assert.match(patch(), /\+new, before all others/, 'what is new can be read');
      });

      it('takes nothing for changed that was not looked at before', async () => {
        const bounds = { read: 10, seen: 20 };
        const before = await look(bounds);
        change();
        const found = await compareGitTrees(scope(bounds), before, await look(bounds, before), patchPath());
        assert.deepEqual(found, { names: ['f10'], bounded: true });
      });
    });

    it('is found during a merge with conflicts', async () => {
      git('checkout', '-qb', 'side');
      write('kept.txt', 'side\n');
      git('commit', '-qam', 'side');
      git('checkout', '-q', '-');
      write('kept.txt', 'main\n');
      git('commit', '-qam', 'main');
      assert.throws(() => git('merge', '-q', 'side'));
      assert.deepEqual(await names(() => undefined), []);
      assert.deepEqual(await names(() => write('kept.txt', 'both\n')), ['kept.txt']);
    });
  });

  it('is found in a repository without a commit', async () => {
    git('init', '-q');
    write('before.txt', 'x');
    assert.deepEqual(await names(() => write('new.txt', 'x')), ['new.txt']);
    assert.deepEqual(await names(() => undefined), []);
  });

  describe('where there is no repository', () => {
    it('is a list of what changed', async () => {
      mkdirSync(join(folder, 'sub'));
      write('sub/a', 'a');
      write('b', 'b');
      write('c', 'c');
      const found = await names(() => {
        write('sub/a', 'A');
        rmSync(join(folder, 'b'));
        chmodSync(join(folder, 'c'), 0o755);
        write('d', 'd');
        mkdirSync(join(folder, 'node_modules'));
        write('node_modules/x', 'x');
      });
      assert.deepEqual(found, ['b', 'c', 'd', 'sub/a']);
      assert.match(patch(), /no git repository.*\nD b\nM c\nA d\nM sub\/a\n$/);
    });

    it('is nothing when only the home within it changes, or the home is the folder', async () => {
      home = join(folder, '.koubou');
      mkdirSync(home);
      assert.deepEqual(await names(() => writeFileSync(join(home, 'log'), 'x')), []);
      assert.deepEqual(await names(() => writeFileSync(join(home, 'log'), 'y'), { folder: home }), []);
    });

    it('goes by size and time of what is beyond the first files, whichever these are', async () => {
      for (let number = 10; number < 40; number += 1) write(`f${number}`, 'x');
      const look = () => takeListTree({ folder, excluded: [], bounds: { read: 20, seen: 100 } });
      const before = await look();
      write('f05', 'early');
      write('f39', 'changed');
      const changed = await compareListTrees(before, await look(), patchPath());
      assert.deepEqual(changed, { names: ['f05', 'f39'], bounded: false });
    });

    it('says that not all of a huge tree was looked at', async () => {
      for (let number = 0; number < 30; number += 1) write(`f${10 + number}`, 'x');
      const look = () => takeListTree({ folder, excluded: [], bounds: { read: 20, seen: 20 } });
      const before = await look();
      write('f05', 'early');
      write('f12', 'changed');
      write('f39', 'too late');
      const changed = await compareListTrees(before, await look(), patchPath());
      assert.deepEqual(changed, { names: ['f12'], bounded: true });
      const said = judgeChanges({ names: [], bounded: true }, '/x', 1);
      assert.match('error' in said ? said.error.message : '', /not all of it was looked at/);
    });

    it('says of a second run that what the first one left does not count', () => {
      const said = judgeChanges({ names: [], bounded: false }, '/x', 2);
      assert.match('error' in said ? (said.error.hint ?? '') : '', /an earlier run.*--allow-no-change/);
    });
  });
});
