/** What lies on the device when a task of a repository has ended, and what a damaged one does to the next task. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { chmod, type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { put, Repository, shell } from '../../test/support/git/repository.ts';

const COMMIT = 'git add -A && git -c user.name=a -c user.email=a@a commit -qm mine';

describe('the work in a repository', () => {
  let repository: Repository;
  let outside: string;

  beforeEach(async () => {
    repository = await Repository.make();
    outside = mkdtempSync(join(tmpdir(), 'koubou-durable-'));
  });
  afterEach(async () => {
    rmSync(outside, { recursive: true });
    await repository.remove();
  });

  const inGit = (...names: string[]): string => join(repository.folder, '.git', ...names);
  const objectOf = (id: string): string => inGit('objects', id.slice(0, 2), id.slice(2));
  const branchOf = (id: string): string => inGit('refs', 'heads', 'koubou', id);
  const idsOf = (id: string): string[] =>
    repository.git('rev-list', '--objects', '--no-object-names', `main..koubou/${id}`).trim().split('\n');

  /** As a power cut leaves a file that nobody synced. */
  const empty = async (path: string): Promise<void> => {
    await chmod(path, 0o644);
    truncateSync(path, 0);
  };

  const requireWhole = (): void => {
    repository.git('fsck', '--full', '--strict');
    repository.git('log', '--all');
    repository.git('worktree', 'list');
  };

  /** Every path that is synced while something is done, by whichever file of this process. */
  const synced = async (act: () => Promise<void>): Promise<Set<string>> => {
    const probe = await open('/dev/null');
    const handles = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    const before = Object.getOwnPropertyDescriptor(handles, 'sync')?.value as (
      this: FileHandle,
    ) => Promise<void>;
    const paths = new Set<string>();
    handles.sync = async function (this: FileHandle): Promise<void> {
      paths.add(readlinkSync(`/proc/self/fd/${this.fd}`));
      await before.call(this);
    };
    try {
      await act();
    } finally {
      handles.sync = before;
    }
    return paths;
  };

  it('is on the device with all that leads to it, also what the agent committed itself', async function () {
    if (process.platform !== 'linux') this.skip();
    let id = '';
    const paths = await synced(async () => {
      id = await repository.done((cwd) => {
        put('mine.txt', 'mine\n')(cwd);
        shell(cwd, COMMIT);
        put('new.txt', 'new\n')(cwd);
      });
    });
    const objects = idsOf(id).map(objectOf);
    assert.equal(objects.length, 6);
    const home = repository.rig.home.home;
    const own = readdirSync(inGit('worktrees', `${id}.r1`)).filter((name) => name !== 'logs');
    const must = [
      ...objects,
      ...objects.map((path) => join(path, '..')),
      inGit('objects'),
      branchOf(id),
      ...['refs/heads/koubou', 'refs/heads', 'refs', 'worktrees'].map((name) => inGit(name)),
      inGit('logs', 'refs', 'heads', 'koubou', id),
      ...own.map((name) => inGit('worktrees', `${id}.r1`, name)),
      join(home, 'worktrees'),
      (await repository.rig.queue.artifacts.find(id, 1, 'patch'))?.path ?? 'a patch',
    ];
    assert.deepEqual(
      must.filter((path) => !paths.has(path)),
      [],
    );
  });

  it('is on the device where the run failed, so that no later one meets half of an object', async function () {
    if (process.platform !== 'linux') this.skip();
    let ids: string[] = [];
    const paths = await synced(async () => {
      await repository.ran(
        (cwd) => {
          put('mine.txt', 'mine\n')(cwd);
          shell(cwd, COMMIT);
          ids = shell(cwd, 'git rev-list --objects --no-object-names main..HEAD').trim().split('\n');
        },
        { options: { check: 'false' } },
      );
    });
    assert.equal(ids.length, 3);
    assert.deepEqual(
      ids.map(objectOf).filter((path) => !paths.has(path)),
      [],
    );
  });

  it('is forgotten for good when it was discarded', async function () {
    if (process.platform !== 'linux') this.skip();
    const id = await repository.done(put('new.txt', 'new\n'));
    const paths = await synced(async () => {
      await repository.discard(id);
    });
    for (const folder of [join(branchOf(id), '..'), join(repository.rig.home.home, 'worktrees')])
      assert.ok(paths.has(folder), folder);
  });

  const IN_PLACE = { options: { worktree: false } };

  it('is on the device where it was done in the folder itself: files, and what the agent committed', async function () {
    if (process.platform !== 'linux') this.skip();
    let ids: string[] = [];
    const paths = await synced(async () => {
      await repository.done((cwd) => {
        put('mine.txt', 'mine\n')(cwd);
        shell(cwd, `git switch -qc other && ${COMMIT}`);
        ids = shell(cwd, 'git rev-list --objects --no-object-names main..HEAD').trim().split('\n');
        mkdirSync(join(cwd, 'deep'));
        put('deep/new.txt', 'new\n')(cwd);
      }, IN_PLACE);
    });
    assert.equal(ids.length, 3);
    const git = ['HEAD', 'index', 'refs/heads/other', 'logs/HEAD', 'logs/refs/heads/other'];
    const folders = ['objects', 'refs/heads', 'refs', 'logs/refs/heads', '.'];
    const must = [
      ...ids.map(objectOf),
      ...ids.map((id) => join(objectOf(id), '..')),
      ...[...git, ...folders].map((name) => inGit(name)),
      ...['mine.txt', 'deep/new.txt', 'deep', '.'].map((name) => join(repository.folder, name)),
    ];
    assert.deepEqual(
      must.filter((path) => !paths.has(path)),
      [],
    );
  });

  it('is done again in the folder itself where a power cut left an object of it empty', async () => {
    const blob = repository.gitWith('new\n', 'hash-object', '-w', '--stdin').trim();
    await empty(objectOf(blob));
    await repository.done((cwd) => {
      put('new.txt', 'new\n')(cwd);
      shell(cwd, COMMIT);
    }, IN_PLACE);
    requireWhole();
    assert.equal(repository.git('show', 'main:new.txt'), 'new\n');
  });

  it('is written by a git that syncs it, whichever git it is', async () => {
    const bin = join(outside, 'bin');
    const calls = join(outside, 'calls');
    mkdirSync(bin);
    const program = `#!/bin/sh\nprintf '%s\\n' "$*" >> '${calls}'\nPATH="\${PATH#*:}" exec git "$@"\n`;
    writeFileSync(join(bin, 'git'), program, { mode: 0o755 });
    await repository.done(
      put('new.txt', 'new\n'),
      {},
      { environment: { PATH: `${bin}:${process.env['PATH']}` } },
    );
    const writing = readFileSync(calls, 'utf8')
      .split('\n')
      .filter((call) => / (?:commit-tree|write-tree|update-ref|symbolic-ref|update-index --add) /.test(call));
    assert.ok(writing.length >= 5, writing.join('\n'));
    for (const call of writing) {
      for (const setting of ['core.fsync=all', 'core.fsyncMethod=fsync', 'core.fsyncObjectFiles=true']) {
        assert.ok(call.includes(` -c ${setting} `), call);
      }
    }
  });

  it('is done again where a power cut left its objects and its branch empty', async () => {
    const blob = repository.gitWith('new\n', 'hash-object', '-w', '--stdin').trim();
    await empty(objectOf(blob));
    const id = await repository.add();
    mkdirSync(join(branchOf(id), '..'), { recursive: true });
    writeFileSync(branchOf(id), '');
    assert.throws(() => repository.git('fsck'), /is empty/);
    repository.runner.act = (_, { cwd }) => {
      put('new.txt', 'new\n')(cwd);
      shell(cwd, COMMIT);
      return 'Done.';
    };
    await repository.rig.drain(repository.runner);
    const { status, result } = await repository.rig.record(id);
    assert.equal(status, 'completed', result?.error?.message);
    requireWhole();
    assert.equal(repository.git('show', `koubou/${id}:new.txt`), 'new\n');
  });

  for (const what of ['the branch', 'its commit', 'a file of it'] as const) {
    it(`is restored from its patch where a power cut emptied ${what}`, async () => {
      const id = await repository.done((cwd) => {
        put('new.txt', 'new\n')(cwd);
        put('bytes', new Uint8Array([0, 1, 2, 255]))(cwd);
      });
      const [commit = '', , blob = ''] = idsOf(id);
      await empty(
        { 'the branch': branchOf(id), 'its commit': objectOf(commit), 'a file of it': objectOf(blob) }[what],
      );
      assert.throws(() => repository.git('log', '--all', '-p'));
      const { result, files } = await repository.apply(id);
      assert.deepEqual([result, files], ['applied', ['bytes', 'new.txt']]);
      assert.equal(repository.read('new.txt'), 'new\n');
      repository.git('log', '--all', '-p');
      await repository.discard(id);
      assert.equal(existsSync(branchOf(id)), false);
    });
  }

  it('is applied where a power cut left empty what the merge makes', async () => {
    const id = await repository.done(put('new.txt', 'new\n'));
    repository.write('mine.txt', 'mine\n');
    repository.commit('mine');
    const tree = repository.git('merge-tree', '--write-tree', 'main', `koubou/${id}`).trim();
    await empty(objectOf(tree));
    assert.deepEqual((await repository.apply(id)).files, ['new.txt']);
  });

  for (const was of ['', '{"version":1}'] as const) {
    it(`is applied and discarded where the record of its worktree is ${was === '' ? 'empty' : 'no record'}`, async () => {
      const id = await repository.done(put('new.txt', 'new\n'));
      const record = `${repository.worktree(id).replace(/\.r1$/, '')}.json`;
      writeFileSync(record, was);
      repository.write('later.txt', 'later\n');
      repository.commit('later');
      assert.deepEqual((await repository.apply(id)).files, ['new.txt']);
      writeFileSync(record, was);
      await repository.discard(id);
      assert.equal(repository.branches(), '');
      assert.equal(existsSync(record), false);
      await assert.rejects(repository.apply(id), { code: 'conflict', message: `${id} has no worktree.` });
    });
  }
});
