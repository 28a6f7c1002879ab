/** Where koubou's git works: who may write in the home's folder, or in `.git`, has it neither write elsewhere nor wait. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { put, Repository, shell } from '../support/git/repository.ts';

describe('what git of koubou works with', () => {
  let repository: Repository;

  beforeEach(async () => {
    repository = await Repository.make();
  });
  afterEach(() => repository.remove());

  it('is in no folder of the home that may become a link while the run goes on', async () => {
    const { folder } = repository;
    const away = join(folder, 'away.log');
    mkdirSync(away);
    const run = join(folder, 'home', 'run');
    const exchange = (): void => {
      for (const name of readdirSync(run, { recursive: true, encoding: 'utf8' })) {
        if (!/(?:^|\/)objects$/.test(name)) continue;
        renameSync(join(run, name), `${join(run, name)}.mine`);
        symlinkSync(away, join(run, name));
      }
    };
    const id = await repository.done(
      (cwd) => {
        exchange();
        put('new.txt', 'new\n')(cwd);
      },
      { options: { retries: 0, worktree: false } },
    );
    assert.deepEqual(readdirSync(away), []);
    assert.match(await repository.patchOf(id), /\+\+\+ b\/new\.txt/);
  });

  for (const lock of ['index.lock', 'packed-refs.lock']) {
    it(`has nobody wait at a pipe in the place of ${lock}`, async function () {
      this.timeout(30_000);
      const id = await repository.done(put('new.txt', 'new\n'));
      const path = join(repository.folder, '.git', lock);
      repository.git('pack-refs', '--all');
      shell(repository.folder, `mkfifo .git/${lock}`);
      const act = lock === 'index.lock' ? repository.apply(id) : repository.discard(id);
      await assert.rejects(act, { code: 'conflict', message: /Another git command is at work there/ });
      assert.ok(existsSync(path));
      rmSync(path);
      const again = lock === 'index.lock' ? repository.apply(id) : repository.discard(id);
      await again;
    });
  }
});
