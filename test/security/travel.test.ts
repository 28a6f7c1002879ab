import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskRecord } from '../../src/task/record.ts';
import { homeIn, isHomeName } from '../../src/text/home-name.ts';
import { put, Repository, shell } from '../support/git/repository.ts';

const COMMIT = 'git -c user.name=a -c user.email=a@a commit -qm mine';

/** A home as a stranger makes it: no diff shows it. */
const plantHome = (folder: string, name = '.koubou'): void => {
  mkdirSync(join(folder, name, 'config'), { recursive: true });
  writeFileSync(join(folder, name, '.gitignore'), '*\n');
  writeFileSync(join(folder, name, 'config', 'agent.yaml'), 'version: 1\n');
};

describe('no part of a home travels', function () {
  this.timeout(120_000);
  let repository: Repository;
  let folder: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ folder } = repository);
  });
  afterEach(() => repository.remove());

  const failed = ({ status, result }: TaskRecord, path: RegExp): void => {
    assert.equal(status, 'failed');
    assert.equal(result?.error?.code, 'home_in_changes', result?.error?.message);
    assert.match(result?.error?.message ?? '', path);
  };
  const plain = { options: { retries: 0, worktree: false } };
  /** What a branch and everything on the way to it has, that the commit before does not. */
  const onBranch = (id: string): string =>
    repository.git('log', '--name-only', '--format=', '-m', 'main..', `koubou/${id}`);

  describe('a run that made one has failed, and says which', () => {
    const ways: [name: string, act: (cwd: string) => void, path: RegExp][] = [
      ['in the folder', (cwd) => plantHome(cwd), /: \.koubou/],
      ['in a subfolder, which git ignores', (cwd) => plantHome(join(cwd, 'sub')), /: sub\/\.koubou/],
      [
        'in a folder that git ignores altogether',
        (cwd) => {
          mkdirSync(join(cwd, 'node_modules', 'x'), { recursive: true });
          plantHome(join(cwd, 'node_modules', 'x'));
        },
        /: node_modules\/x\/\.koubou/,
      ],
      ['that is empty', (cwd) => mkdirSync(join(cwd, 'sub', '.koubou')), /: sub\/\.koubou/],
      ['that is a link', (cwd) => symlinkSync(tmpdir(), join(cwd, '.koubou')), /: \.koubou/],
      ['that is a file', (cwd) => put('.koubou', 'x')(cwd), /: \.koubou/],
      ['that is one where case does not count', (cwd) => plantHome(cwd, '.KouBou'), /: \.KouBou/],
      ['that is one on Windows', (cwd) => plantHome(cwd, '.koubou. '), /: \.koubou\. /],
      ['that is one by its short name', (cwd) => plantHome(cwd, 'KOUBOU~1'), /: KOUBOU~1/],
      ['that is one on macOS', (cwd) => plantHome(cwd, '.kou\u200cbou'), /: \.kou/],
      [
        'that it moved there',
        (cwd) => {
          plantHome(cwd, 'innocent');
          renameSync(join(cwd, 'innocent'), join(cwd, '.koubou'));
        },
        /: \.koubou/,
      ],
      [
        'in a folder whose name is no text',
        (cwd) => {
          shell(cwd, `mkdir -p "$(printf 'odd\\377')/.koubou/config"`);
        },
        /odd.*\/\.koubou/,
      ],
      [
        'in a repository of its own',
        (cwd) => {
          shell(cwd, 'git init -q nested');
          plantHome(join(cwd, 'nested'));
        },
        /: nested\/\.koubou/,
      ],
    ];
    for (const [name, act, path] of ways) {
      it(name, async () => {
        const work = (cwd: string): void => {
          put('new.txt', 'new\n')(cwd);
          act(cwd);
        };
        const record = await repository.ran(work);
        failed(record, path);
        assert.doesNotMatch(await repository.patchOf(record.task_id), /koubou~?|KOUBOU/i);
        await assert.rejects(repository.apply(record.task_id), { code: 'conflict' });
        failed(await repository.ran(work, plain), path);
      });
    }

    it('also where the task says that nothing need change, and where there is no repository', async () => {
      const elsewhere = await mkdtemp(join(tmpdir(), 'koubou-plain-'));
      const options = { retries: 0, allow_no_change: true, worktree: false };
      failed(await repository.ran((cwd) => plantHome(cwd), { cwd: elsewhere, options }), /: \.koubou/);
      await rm(elsewhere, { recursive: true });
    });
  });

  it('is found though the diff does not show it: a plain git sees no change', async () => {
    plantHome(join(folder, 'sub'));
    assert.equal(repository.status(), '', 'a look at git status alone would find nothing');
    failed(
      await repository.ran((cwd) => {
        put('new.txt', 'x')(cwd);
        writeFileSync(join(cwd, 'sub/.koubou/config/agent.yaml'), 'changed');
      }, plain),
      /: sub\/\.koubou/,
    );
  });

  it('leaves a home alone that was there and that nobody touched', async () => {
    plantHome(join(folder, 'sub'));
    repository.git('add', '-f', 'sub/.koubou');
    repository.git('commit', '-qm', 'cloned with a home in it');
    writeFileSync(join(folder, 'sub/.koubou/config/agent.yaml'), 'changed before\n');
    const { status, result } = await repository.ran(put('new.txt', 'x'), plain);
    assert.equal(status, 'completed', result?.error?.message);
  });

  it('goes on with the own home in the repository, ignored or not', async () => {
    for (const ignored of ['/home/\n', '']) {
      repository.write('.gitignore', ignored);
      repository.commit('rules');
      const { status, result, task_id } = await repository.ran((cwd) => {
        put('new.txt', String(Math.random()))(cwd);
        writeFileSync(join(folder, 'home', 'tasks', 'note'), 'x');
      }, plain);
      assert.equal(status, 'completed', result?.error?.message);
      assert.doesNotMatch(await repository.patchOf(task_id), /home\//);
    }
  });

  describe('where a home is tracked in the repository', () => {
    beforeEach(() => {
      plantHome(folder);
      repository.git('add', '-f', '.koubou');
      repository.git('commit', '-qm', 'a home');
    });

    it('no worktree has it, and the branch has it as it was', async () => {
      const id = await repository.done((cwd) => {
        assert.equal(existsSync(join(cwd, '.koubou')), false);
        assert.equal(shell(cwd, 'git status --porcelain'), '');
        put('new.txt', 'new\n')(cwd);
        shell(cwd, `git add -A && ${COMMIT}`);
        put('more.txt', 'more\n')(cwd);
      });
      assert.equal(onBranch(id).replaceAll(/\n+/g, ' ').trim(), 'more.txt new.txt');
      assert.deepEqual((await repository.apply(id)).files, ['more.txt', 'new.txt']);
      assert.equal(repository.read('.koubou/config/agent.yaml'), 'version: 1\n');
      assert.equal(existsSync(repository.worktree(id)), false);
    });

    it('a run that changed it has failed', async () => {
      failed(
        await repository.ran((cwd) => {
          put('new.txt', 'x')(cwd);
          writeFileSync(join(cwd, '.koubou/config/agent.yaml'), 'changed');
        }, plain),
        /: \.koubou/,
      );
    });
  });

  describe('on a branch that an agent made with its own git', () => {
    const forge = (cwd: string, tree = ''): void => {
      plantHome(cwd);
      put('new.txt', 'new\n')(cwd);
      shell(cwd, `git add -f -A && ${COMMIT}${tree}`);
      rmSync(join(cwd, '.koubou'), { recursive: true });
    };

    it('it is found while the run is judged, also where it was taken away again', async () => {
      failed(
        await repository.ran((cwd) => {
          forge(cwd);
          shell(cwd, `git rm -q -r --cached .koubou && ${COMMIT}`);
        }),
        /\.koubou/,
      );
    });

    it('it is found where git alone ever saw it', async () => {
      failed(
        await repository.ran((cwd) => {
          put('new.txt', 'new\n')(cwd);
          shell(
            cwd,
            `id=$(echo evil | git hash-object -w --stdin) && git update-index --add --cacheinfo 100644,$id,sub/.koubou/config/agent.yaml && ${COMMIT}`,
          );
        }),
        /branch koubou\/task_\w+ changes sub\/\.koubou\/config\/agent\.yaml/,
      );
    });

    it('it is found on a branch of the user, in any commit, and in the index, where the folder shows none', async () => {
      const stage = (name: string): string =>
        `id=$(echo evil | git hash-object -w --stdin) && git update-index --add --cacheinfo 100644,$id,sub/${name}/config/agent.yaml`;
      const base = repository.git('rev-parse', 'HEAD').trim();
      const plants = [
        `${stage('.koubou')} && ${COMMIT}`,
        `${stage('.KouBou')} && ${COMMIT} && git rm -q --cached -r sub/.KouBou && ${COMMIT}`,
        `tree=$(${stage('.Koubou')} && git write-tree) && git update-ref refs/heads/hidden $(git -c user.name=a -c user.email=a@a commit-tree $tree -m x) && git rm -q --cached -r sub/.Koubou`,
        `tree=$(${stage('.Koubou')} && git write-tree) && git update-ref refs/heads/hidden $(git -c user.name=a -c user.email=a@a commit-tree $tree -m y) && git rm -q --cached -r sub/.Koubou && printf '%040d\\n' 1 >.git/refs/heads/zzz`,
        `rm .git/refs/heads/zzz; tree=$(${stage('.Koubou')} && git write-tree) && tag='git -c user.name=a -c user.email=a@a tag -a -m x' && $tag one $(git -c user.name=a -c user.email=a@a commit-tree $tree -m z) && $tag two one && git tag -d one && git rm -q --cached -r sub/.Koubou`,
        stage('.koubou'),
      ];
      for (const plant of plants) {
        const { status, result } = await repository.ran(
          (cwd) => {
            shell(cwd, plant);
            put('new.txt', `${plant}\n`)(cwd);
          },
          { options: { worktree: false } },
        );
        assert.equal(status, 'failed', plant);
        assert.equal(result?.error?.code, 'home_in_changes', plant);
        repository.git('reset', '-q', '--hard', base);
      }
    });

    it('an honest commit on a branch of the user is well, also where somebody committed a home before', async () => {
      const id = shell(folder, 'echo old | git hash-object -w --stdin').trim();
      repository.git('update-index', '--add', '--cacheinfo', `100644,${id},sub/.koubou/config/agent.yaml`);
      repository.git('commit', '-q', '-m', 'a home');
      await repository.done(
        (cwd) => {
          put('new.txt', 'new\n')(cwd);
          shell(cwd, `git add new.txt && ${COMMIT}`);
        },
        { options: { worktree: false } },
      );
    });

    for (const [name, path] of [
      ['a file', '100644,BLOB,.koubou/config/agent.yaml'],
      ['a link', '120000,BLOB,.Koubou'],
      ['a submodule', '160000,COMMIT,sub/.koubou'],
    ] as const) {
      it(`apply refuses one that was put there after the run ended: ${name}`, async () => {
        const id = await repository.done(put('new.txt', 'new\n'));
        const blob = shell(folder, 'echo evil | git hash-object -w --stdin').trim();
        const entry = path
          .replace('BLOB', blob)
          .replace('COMMIT', repository.git('rev-parse', 'main').trim());
        const script = `GIT_INDEX_FILE=.git/forged; export GIT_INDEX_FILE; git read-tree koubou/${id}; git update-index --add --cacheinfo ${entry}; git update-ref refs/heads/koubou/${id} $(git -c user.name=a -c user.email=a@a commit-tree $(git write-tree) -p koubou/${id} -m forged)`;
        shell(folder, script);
        await assert.rejects(repository.applyBranch(id), { code: 'home_in_changes', message: /koubou/i });
        assert.equal(existsSync(join(folder, 'new.txt')), false, 'nothing was applied');
        assert.match(
          repository.git('ls-tree', '-r', '--name-only', `koubou/${id}`),
          /koubou/i,
          'a plain merge would take it',
        );
      });
    }

    it('apply puts nothing into .git or outside, whatever the tree says', async () => {
      for (const name of ['.git/hooks/post-checkout', '../escaped', '.GIT/config']) {
        const id = await repository.done(put('new.txt', 'new\n'));
        const parts = name.split('/');
        const blob = shell(folder, 'echo evil | git hash-object -w --stdin').trim();
        let tree = blob;
        for (const [depth, part] of [...parts].reverse().entries()) {
          const [mode, kind] = depth === 0 ? ['100644', 'blob'] : ['040000', 'tree'];
          tree = shell(folder, `printf '${mode} ${kind} ${tree}\\t${part}\\n' | git mktree`).trim();
        }
        shell(
          folder,
          `git update-ref refs/heads/koubou/${id} $(git -c user.name=a -c user.email=a@a commit-tree ${tree} -p koubou/${id} -m forged)`,
        );
        await assert.rejects(repository.applyBranch(id), { code: 'git_failed' }, name);
        assert.equal(existsSync(join(folder, '.git/hooks/post-checkout')), false);
        assert.equal(existsSync(join(folder, '../escaped')), false);
        assert.equal(repository.read('shared.txt'), 'line\n'.repeat(50));
        await repository.discard(id);
      }
    });
  });

  it('knows the names that some file system takes for .koubou, and no others', () => {
    const names = [
      '.koubou',
      '.KOUBOU',
      '.koubou.',
      '.koubou . .',
      '.koubou::$INDEX_ALLOCATION',
      '.kou\u200dbou',
      '\ufeff.koubou',
      '.\u212aoubou',
      'KOUBOU~1',
      'ko1a2b~1',
    ];
    for (const name of names) assert.ok(isHomeName(name), JSON.stringify(name));
    for (const name of [
      'koubou',
      '.koubou.example',
      '.koubou-old',
      'x.koubou',
      '..koubou',
      'koubou~',
      '.kouboü',
    ]) {
      assert.ok(!isHomeName(name), JSON.stringify(name));
    }
    assert.equal(homeIn('a/.Koubou/b/.koubou'), 'a/.Koubou');
    assert.equal(homeIn('a\\.koubou\\b'), 'a\\.koubou');
    assert.equal(homeIn('a/koubou/b'), undefined);
  });

  describe('what git ignores', () => {
    it('is named in the log when the run changed it, by where it begins', async () => {
      mkdirSync(join(folder, 'node_modules'));
      for (let number = 0; number < 300; number += 1) repository.write(`node_modules/f${number}`, 'x');
      repository.write('secrets.log', 'x');
      const { task_id } = await repository.ran((cwd) => {
        put('new.txt', 'x')(cwd);
        for (let number = 0; number < 300; number += 1) put(`node_modules/f${number}`, 'y')(cwd);
        put('secrets.log', 'stolen')(cwd);
        mkdirSync(join(cwd, 'tools'));
        put('tools/.gitignore', '*\n')(cwd);
        put('tools/hidden\n\u001b[2J', 'x')(cwd);
      }, plain);
      const log = await repository.logOf(task_id);
      assert.match(log, /node_modules\/ \(300 files/);
      assert.match(log, /secrets\.log/);
      assert.match(log, /tools\/ \(2 files/);
      assert.ok(!log.includes('\u001b'), 'a name says nothing to a terminal');
      assert.doesNotMatch(await repository.patchOf(task_id), /secrets|tools|node_modules/);
    });

    it('and what the run did to the settings of koubou, and to those and the hooks of git, is named, too', async () => {
      const { task_id } = await repository.ran((cwd) => {
        put('new.txt', 'x')(cwd);
        put('.git/hooks/pre-push', 'evil')(cwd);
        shell(cwd, 'git config core.pager evil; git init -q nested');
        mkdirSync(join(cwd, 'home/config'), { recursive: true });
        put('home/config/agent.yaml', 'runners: { evil: {} }')(cwd);
      }, plain);
      const log = await repository.logOf(task_id);
      assert.match(log, /git's own folder.*\.git\/config.*hooks\/pre-push/);
      assert.match(log, /repositories of their own.*nested/);
      assert.match(log, /koubou's own settings: .*home\/config\/agent\.yaml/);
    });

    it('but was asked for with --expect: it stays with its worktree, and apply says where', async () => {
      repository.write('.gitignore', '/home/\ndist/\n');
      repository.commit('rules');
      const options = { retries: 0, worktree: true, expect: ['dist/*.js'] };
      const id = await repository.done(
        (cwd) => {
          mkdirSync(join(cwd, 'dist'));
          put('dist/bundle.js', 'bundle')(cwd);
          put('new.txt', 'x')(cwd);
        },
        { options },
      );
      const { worktree_kept, only_there } = await repository.apply(id);
      assert.deepEqual(
        [worktree_kept, only_there],
        [true, [join(repository.worktree(id), 'dist/bundle.js')]],
      );
      assert.equal(readFileSync(only_there[0] ?? '', 'utf8'), 'bundle');
      await repository.discard(id);
      assert.equal(existsSync(repository.worktree(id)), false);
    });
  });
});
