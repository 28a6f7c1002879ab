import assert from 'node:assert/strict';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { publishOutput } from '../../src/verify/publish.ts';

describe('publishing an accepted result', () => {
  let folder: string;
  let candidate: string;
  const first = { id: 'task_1', run: 1 };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'koubou-publish-'));
    candidate = join(folder, 'candidate');
    await writeFile(candidate, '結果\n', { mode: 0o600 });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('makes the parents and the file, and leaves nothing else behind', async () => {
    const target = join(folder, 'a', 'b', 'out.md');
    await publishOutput(candidate, target, first);
    assert.equal(await readFile(target, 'utf8'), '結果\n');
    assert.deepEqual(await readdir(join(folder, 'a', 'b')), ['out.md']);
  });

  it('replaces a file and keeps its permissions', async () => {
    const target = join(folder, 'out.sh');
    await writeFile(target, 'a longer text that was there before');
    await chmod(target, 0o750);
    await publishOutput(candidate, target, first);
    assert.equal(await readFile(target, 'utf8'), '結果\n');
    assert.equal((await stat(target)).mode & 0o777, 0o750);
  });

  it('writes through a link', async () => {
    await writeFile(join(folder, 'real.md'), 'old');
    await symlink('real.md', join(folder, 'link.md'));
    await publishOutput(candidate, join(folder, 'link.md'), first);
    assert.ok((await lstat(join(folder, 'link.md'))).isSymbolicLink());
    assert.equal(await readFile(join(folder, 'real.md'), 'utf8'), '結果\n');
  });

  it('leaves the file as it is where it may not be put there at the last moment', async () => {
    const target = join(folder, 'out.md');
    await writeFile(target, 'theirs');
    const before = (): Promise<void> => Promise.reject(new KoubouError('worker_lost', 'It is theirs.'));
    await assert.rejects(publishOutput(candidate, target, first, before), /It is theirs/);
    assert.equal(await readFile(target, 'utf8'), 'theirs');
    assert.deepEqual((await readdir(folder)).sort(), ['candidate', 'out.md']);
  });

  it('clears away what killed runs of the task left half copied, and nothing else', async () => {
    const left = ['.koubou-task_1.r1.tmp', '.koubou-task_1.r3.tmp', '.koubou-task_10.r1.tmp'];
    for (const name of left) await writeFile(join(folder, name), 'ha');
    await publishOutput(candidate, join(folder, 'out.md'), { ...first, run: 3 });
    assert.deepEqual((await readdir(folder)).sort(), ['.koubou-task_10.r1.tmp', 'candidate', 'out.md']);
  });

  const refused = async (target: string, words: RegExp): Promise<void> => {
    await assert.rejects(publishOutput(candidate, target, first), (error: unknown) => {
      assert.ok(error instanceof KoubouError);
      assert.equal(error.code, 'conflict');
      assert.match(error.message, words);
      return true;
    });
  };

  it('says that the target is a folder', async () => {
    await mkdir(join(folder, 'out'));
    await refused(join(folder, 'out'), /is a folder/);
    assert.deepEqual((await readdir(folder)).sort(), ['candidate', 'out']);
  });

  it('says that a part of the path is a file', () =>
    refused(join(candidate, 'out.md'), /part of its path is a file/));
});
