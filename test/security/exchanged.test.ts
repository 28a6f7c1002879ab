import assert from 'node:assert/strict';
import fs, {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { put, Repository } from '../support/git/repository.ts';

/** Calls by which apply changes a name of the work tree; of each, the argument that names it. */
const CHANGES = { link: 1, rename: 1, unlink: 0 } as const;

describe('a folder that is exchanged for a link while apply writes there', () => {
  let repository: Repository;
  let outside: string;
  const { promises } = fs;
  const real = { link: promises.link, rename: promises.rename, unlink: promises.unlink };

  beforeEach(async () => {
    repository = await Repository.make();
    outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
    for (const name of ['old.txt', 'gone.txt']) writeFileSync(join(outside, name), 'mine');
    for (const name of ['old.txt', 'gone.txt']) repository.write(`sub/${name}`, 'old');
    repository.commit('more');
  });
  afterEach(async () => {
    Object.assign(promises, real);
    syncBuiltinESMExports();
    rmSync(outside, { recursive: true, force: true });
    await repository.remove();
  });

  /** Right before the first such call. */
  const exchangeBefore = (call: keyof typeof CHANGES): (() => boolean) => {
    const sub = realpathSync(join(repository.folder, 'sub'));
    let isDone = false;
    const watched = async (...args: Parameters<typeof promises.link>): Promise<void> => {
      const path = String(args[CHANGES[call]]);
      if (!isDone && realpathSync(path.slice(0, path.lastIndexOf('/'))) === sub) {
        isDone = true;
        renameSync(sub, `${sub}-away`);
        symlinkSync(outside, sub);
      }
      return (real[call] as typeof promises.link)(...args);
    };
    Object.assign(promises, { [call]: watched });
    syncBuiltinESMExports();
    return () => isDone;
  };

  const changes = {
    link: (cwd: string): void => put('sub/new.txt', 'x')(cwd),
    rename: (cwd: string): void => put('sub/old.txt', 'x')(cwd),
    unlink: (cwd: string): void => rmSync(join(cwd, 'sub/gone.txt')),
  };

  for (const call of Object.keys(CHANGES) as (keyof typeof CHANGES)[]) {
    it(`leads no ${call} out of the work tree`, async () => {
      const id = await repository.done(changes[call]);
      const isDone = exchangeBefore(call);
      await repository.apply(id).catch(() => undefined);
      assert.equal(isDone(), true, 'the exchange came');
      assert.deepEqual(readdirSync(outside).sort(), ['gone.txt', 'old.txt']);
      assert.equal(readFileSync(join(outside, 'old.txt'), 'utf8'), 'mine');
    });
  }
});
