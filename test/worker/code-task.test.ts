import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorInfo } from '../../src/errors.ts';
import type { NewTask } from '../../src/task/record.ts';
import { until } from '../support/until.ts';
import { FakeRunner, failure, gate, Rig } from '../support/worker/rig.ts';

describe('a code task of a runner that changes files', () => {
  let rig: Rig;
  let folder: string;
  let runner: FakeRunner;

  beforeEach(async () => {
    rig = await Rig.make();
    folder = await mkdtemp(join(tmpdir(), 'koubou-code-'));
    runner = new FakeRunner();
    runner.changesFiles = true;
  });

  afterEach(async () => {
    await rig.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const add = (over: Partial<NewTask> = {}): Promise<string> =>
    rig.add({ type: 'code', cwd: folder, ...over });

  it('is done when files changed, and keeps what did', async () => {
    execFileSync('git', ['init', '-q'], { cwd: folder });
    runner.act = () => {
      write('a.txt', 'a\n');
      write('b.txt', 'b\n');
      return 'I wrote two files.';
    };
    const id = await add();
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.equal(record.status, 'completed', record.result?.error?.message);
    assert.equal(record.attempts[0]?.evidence, '2 files changed');
    const patch = (await rig.queue.artifacts.find(id, 1, 'patch'))?.path ?? '';
    assert.match(readFileSync(patch, 'utf8'), /\+\+\+ b\/b\.txt\n@@ .*\n\+b\n/);
  });

  it('has failed when nothing changed, and the next attempt is told so', async () => {
    runner.act = () => {
      if (runner.runs.length === 2) write('a.txt', 'a');
      return 'All done! I fixed everything:\n```js\nx = 1\n```';
    };
    const id = await add();
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.deepEqual(
      record.attempts.map(({ error, evidence }) => error?.code ?? evidence),
      ['no_evidence', '1 file changed'],
    );
    assert.match(record.attempts[0]?.error?.message ?? '', /no file changed/);
    assert.match(runner.runs[1]?.feedback ?? '', /No file was changed/);
  });

  it('has failed when only the home within its folder changed', async () => {
    const home = rig.home.home;
    runner.act = () => {
      writeFileSync(join(home, 'tasks', 'note'), 'x');
      return 'Done.';
    };
    const id = await add({ cwd: join(home, '..'), options: { retries: 0 } });
    await rig.drain(runner);
    assert.equal((await rig.record(id)).result?.error?.code, 'no_evidence');
  });

  it('may change nothing where the task says so', async () => {
    runner.act = () => 'It was right already.';
    const id = await add({ options: { allow_no_change: true } });
    await rig.drain(runner);
    const record = await rig.record(id);
    assert.equal(record.status, 'completed');
    assert.equal(record.attempts[0]?.evidence, null);
  });

  it('does not count what the check wrote', async () => {
    runner.act = () => 'Done.';
    const id = await add({ options: { retries: 0, check: 'touch coverage' } });
    await rig.drain(runner);
    assert.equal((await rig.record(id)).result?.error?.code, 'no_evidence');
    assert.equal(existsSync(join(folder, 'coverage')), false);
  });

  it('leaves what it changed with a failed run, too', async () => {
    runner.act = () => {
      write('half.txt', 'half');
      return failure(errorInfo('stalled', 'nothing came'));
    };
    const id = await add({ options: { retries: 0 } });
    await rig.drain(runner);
    assert.equal((await rig.record(id)).result?.error?.code, 'stalled');
    const patch = (await rig.queue.artifacts.find(id, 1, 'patch'))?.path ?? '';
    assert.match(readFileSync(patch, 'utf8'), /^A half\.txt$/m);
  });

  it('waits for the one before it in the same folder, across daemons', async () => {
    mkdirSync(join(folder, '.git'));
    mkdirSync(join(folder, 'sub'));
    runner.act = async ({ task_id }) => {
      await new Promise(setImmediate);
      write(task_id, 'x');
      return 'Done.';
    };
    const ids = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) =>
        add({
          cwd: n % 2 === 0 ? folder : join(folder, 'sub'),
          options: { retries: 0, allow_no_change: true },
        }),
      ),
    );
    const daemons = [rig.start(runner, { min: 3, max: 3 }), rig.start(runner, { min: 3, max: 3 })];
    for (const id of ids) assert.equal((await rig.ended(id)).status, 'completed');
    assert.equal(runner.peak, 1);
    for (const daemon of daemons) daemon.requestStop();
  });

  it('runs beside one in another folder, and beside a task of text', async () => {
    const all = gate();
    runner.act = async () => {
      if (runner.running === 3) all.open();
      await all.opened;
      return 'Done.';
    };
    const other = await mkdtemp(join(tmpdir(), 'koubou-code-'));
    const options = { allow_no_change: true };
    const ids = [await add({ options }), await add({ options, cwd: other }), await add({ type: 'general' })];
    rig.start(runner, { min: 3, max: 3 });
    for (const id of ids) assert.equal((await rig.ended(id)).status, 'completed');
    await rm(other, { recursive: true });
  });

  it('waits, and says for what', async () => {
    const end = gate();
    runner.act = async () => {
      await end.opened;
      return 'Done.';
    };
    const options = { allow_no_change: true };
    const ids = [await add({ options }), await add({ options })];
    rig.start(runner, { min: 2, max: 2, heartbeatSeconds: 0.05 });
    await until(async () => {
      const records = await Promise.all(ids.map((id) => rig.record(id)));
      return records.some(({ waiting }) => waiting === 'permit');
    }, 'the reason');
    end.open();
    for (const id of ids) assert.equal((await rig.ended(id)).status, 'completed');
  });

  it('is refused what its runner cannot do', async () => {
    runner.changesFiles = false;
    const id = await add({ options: { expect: ['a.txt'] } });
    await rig.drain(runner);
    const { result } = await rig.record(id);
    assert.equal(result?.error?.code, 'usage');
    assert.match(result?.error?.message ?? '', /runner fake gives text/);
    assert.deepEqual(runner.runs, []);
  });
});
