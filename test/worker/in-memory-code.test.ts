/** What a runner changed, kept by a queue that gives no path of it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyTask, readPatch } from '../../src/actions/tasks/worktrees.ts';
import { asOwner } from '../support/as-caller.ts';
import { scratchOf } from '../support/memory-queue/scratch.ts';
import { textFrom } from '../support/text-from.ts';
import { type MemoryRig, makeMemoryRig } from '../support/worker/memory-rig.ts';
import { FakeRunner, settings } from '../support/worker/rig.ts';

describe('a code task of a queue in memory', () => {
  let rig: MemoryRig;
  beforeEach(() => {
    rig = makeMemoryRig();
  });
  afterEach(() => rig.remove());

  const repository = (): string => {
    const folder = join(rig.home.folder, 'work');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.txt'), 'a\n');
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args]);
    git('init', '-q');
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qm', 'one');
    return folder;
  };
  const writer = (folder: (cwd: string) => string): FakeRunner => {
    const runner = new FakeRunner((_, { cwd, statePath }) => {
      writeFileSync(join(folder(cwd), 'b.txt'), 'b\n');
      mkdirSync(statePath);
      writeFileSync(join(statePath, 'session'), 'said');
      return 'I wrote a file.';
    });
    runner.changesFiles = true;
    return runner;
  };

  it('keeps what a run changed, and the files that a later run goes on from', async () => {
    const folder = repository();
    const id = await rig.add({ type: 'code', cwd: folder });
    await rig.drain(writer(() => folder));
    const record = await rig.record(id);
    assert.equal(record.attempts[0]?.evidence, '1 file changed', record.result?.error?.message);
    const { path, chunks } = await readPatch({ queue: rig.queue, ...asOwner }, id);
    assert.equal(path, null);
    assert.match(await textFrom(chunks()), /\+\+\+ b\/b\.txt\n@@ .*\n\+b\n/);
    const { statePath } = scratchOf(rig.home.store, id, 1);
    assert.equal(readFileSync(join(statePath, 'session'), 'utf8'), 'said');
  });

  it('works in a worktree, which is applied', async () => {
    const folder = repository();
    const id = await rig.add({ type: 'code', cwd: folder, options: { worktree: true } });
    await rig.drain(writer((cwd) => cwd));
    const record = await rig.record(id);
    assert.equal(record.status, 'completed', record.result?.error?.message);
    assert.equal(existsSync(join(folder, 'b.txt')), false);
    const { environment } = settings();
    const app = {
      ...asOwner,
      queue: rig.queue,
      home: rig.home.home,
      seal: rig.home.seal(),
      project: () => assert.fail('a person is kept to no project'),
      programEnvironment: async () => environment,
    };
    assert.equal((await applyTask(app, id)).result, 'applied');
    assert.equal(readFileSync(join(folder, 'b.txt'), 'utf8'), 'b\n');
  });
});
