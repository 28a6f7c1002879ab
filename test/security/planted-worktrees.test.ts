/**
 * Who may write in the folder of a home, such as an agent in a sandbox, may not have `apply` or `discard` write elsewhere
 * by what koubou keeps there of worktrees. The planted fault is the same file with a seal: what it names is changed.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { put, Repository, shell } from '../support/git/repository.ts';
import { sealOf } from '../support/state.ts';

describe('what somebody put into the worktrees of a home', () => {
  let repository: Repository;
  let home: string;
  let elsewhere: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ home } = repository.rig.home);
    elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-elsewhere-')));
  });
  afterEach(async () => {
    rmSync(elsewhere, { recursive: true });
    await repository.remove();
  });

  const write = (path: string, members: object, sealed: boolean): void => {
    const json = JSON.stringify(members);
    writeFileSync(path, sealed ? sealOf(home).seal(json) : `${json}\n`);
  };

  /** As an apply leaves it that was killed after it had taken `mine` away; the seal is that of one that koubou wrote. */
  const plantJournal = (id: string, within: string): void => {
    const folder = join(within, `${id}.journal`);
    mkdirSync(join(folder, 'place/old'), { recursive: true });
    writeFileSync(join(folder, 'place/old/0'), 'planted');
    const head = repository.git('rev-parse', 'HEAD').trim();
    const files = [{ name: 'mine', was: true, becomes: null, sha256: null }];
    const members = {
      version: 1,
      task_id: id,
      repository: elsewhere,
      place: 'place',
      head,
      folders: [],
      files,
    };
    write(join(folder, 'journal.json'), members, true);
  };

  const undone = (act: 'apply' | 'discard') => async (): Promise<void> => {
    const id = await repository.done(put('made.txt', 'made'));
    plantJournal(id, join(home, 'worktrees'));
    plantJournal(id, join(home, 'run', 'apart'));
    await repository[act](id);
    assert.equal(existsSync(join(elsewhere, 'mine')), false);
    const other = await repository.done(put('other.txt', 'made'));
    plantJournal(other, sealOf(home).apart);
    await repository[act](other);
    assert.equal(readFileSync(join(elsewhere, 'mine'), 'utf8'), 'planted');
  };
  it('is no journal that apply undoes, but one outside of the home is', undone('apply'));
  it('is no journal that discard undoes, but one outside of the home is', undone('discard'));

  it('says of no other repository that it is that of a task, but what koubou wrote does', async () => {
    shell(
      elsewhere,
      'git init -q -b main && git -c user.name=t -c user.email=t@t commit -q --allow-empty -m x',
    );
    for (const sealed of [false, true]) {
      const id = await repository.done(put('made.txt', 'made'));
      const path = join(home, 'worktrees', `${id}.json`);
      const { mac: _, ...record } = JSON.parse(readFileSync(path, 'utf8')) as { mac: string };
      write(path, { ...record, repository: elsewhere, git_folder: join(elsewhere, '.git') }, sealed);
      shell(elsewhere, `git branch 'koubou/${id}'`);
      await repository.discard(id);
      const left = shell(elsewhere, `git branch --list 'koubou/${id}'`);
      assert.equal(left === '', sealed);
    }
  });
});
