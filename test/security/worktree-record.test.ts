/** koubou writes git's record of a worktree into a folder that agents in a plain repository may write to. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLinked } from '../../src/worktree/linked.ts';

describe("git's record of a worktree", () => {
  let root: string;
  let folder: string;
  let victim: string;
  let watcher: FSWatcher;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-record-')));
    folder = join(root, 'project');
    victim = join(root, 'victim');
    mkdirSync(victim);
    writeFileSync(join(victim, 'HEAD'), 'mine\n');
    execFileSync('git', ['init', '--quiet', folder]);
    const commit = ['commit', '--quiet', '--allow-empty', '-m', 'x'];
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b', ...commit]);
  });
  afterEach(() => {
    watcher.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('is written nowhere else, whatever is put in its place as soon as it comes', async () => {
    const id = 'task_20260101_000000_000000_abcd';
    const half = join(folder, '.git', `koubou-${id}.r1`);
    let swaps = 0;
    watcher = watch(join(folder, '.git'), () => {
      if (swaps > 0 || !readdirSync(join(folder, '.git')).includes(`koubou-${id}.r1`)) return;
      swaps += 1;
      renameSync(half, `${half}.mine`);
      symlinkSync(victim, half);
    });
    const place = { folder, environment: { PATH: process.env['PATH'] ?? '' } };
    const base = execFileSync('git', ['-C', folder, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
    const path = join(root, 'worktree');
    const record = {
      version: 1,
      task_id: id,
      run: 1,
      repository: folder,
      git_folder: join(folder, '.git'),
      branch: 'b',
      base,
      path,
      links: [],
      only_there: [],
      state: 'open',
    } as const;
    await assert.rejects(makeLinked(place, { ...record, links: [], only_there: [] }));
    assert.equal(swaps, 1, 'nothing was put in its place');
    assert.deepEqual(readdirSync(victim), ['HEAD']);
  });
});
