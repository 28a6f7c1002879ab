import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskRecord } from '../../src/task/record.ts';
import { AttemptClocks } from '../../src/worker/attempt/clocks.ts';
import { StepLeft, Steps } from '../../src/worker/attempt/steps.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/until.ts';
import { FakeRunner, Rig } from '../support/worker/rig.ts';

const clock = new ManualClock();
const none = { timeout: 0, stall: 0, load: 0 };

describe('the steps of an attempt', () => {
  it('give what they give, and refuse what they refuse', async () => {
    const steps = new Steps(new AttemptClocks(none, clock), clock);
    assert.equal(await steps.within('adding', async () => 3), 3);
    await assert.rejects(
      steps.within('failing', async () => {
        throw new Error('no');
      }),
      /^Error: no$/,
    );
    assert.equal(steps.ended, undefined);
  });

  it('are left behind where they hang, and told of until they are done', async () => {
    const clocks = new AttemptClocks(none, clock);
    const steps = new Steps(clocks, clock);
    const { promise, resolve } = Promise.withResolvers<string>();
    const late: string[] = [];
    const step = steps.within('reading', () => promise, {
      graceMs: 10,
      late: async (given: string) => late.push(given),
    });
    clocks.stop({ kind: 'cancelled' });
    await clock.advance(9);
    assert.deepEqual(steps.left, []);
    await clock.advance(1);
    await assert.rejects(step, StepLeft);
    assert.deepEqual(steps.left, ['reading']);
    const ended = steps.ended;
    assert.ok(ended);
    resolve('at last');
    await ended;
    assert.deepEqual(late, ['at last']);
    assert.equal(steps.ended, undefined);
  });

  it('may end by themselves in the time that they have', async () => {
    const clocks = new AttemptClocks(none, clock);
    const steps = new Steps(clocks, clock);
    const step = steps.within(
      'stopping',
      () => new Promise((resolve) => clocks.signal.addEventListener('abort', () => resolve('stopped'))),
      { graceMs: 10_000 },
    );
    await clock.advance(60_000);
    clocks.stop({ kind: 'stopped' });
    assert.equal(await step, 'stopped');
    assert.deepEqual(steps.left, []);
  });
});

describe('an attempt that hangs around its run', () => {
  let rig: Rig;
  let clock: ManualClock;
  let folder: string;

  beforeEach(async () => {
    clock = new ManualClock();
    rig = await Rig.make(undefined, clock);
    folder = await mkdtemp(join(tmpdir(), 'koubou-steps-'));
    // A program that hears nothing, as one on a disk that is gone.
    const git = join(folder, 'git');
    await writeFile(git, '#!/bin/sh\ntrap \'\' TERM\necho $$ >>"$0.pids"\nwhile :; do sleep 1; done\n');
    await chmod(git, 0o755);
  });
  afterEach(async () => {
    const pids = (await readFile(join(folder, 'git.pids'), 'utf8').catch(() => '')).split('\n').map(Number);
    for (const pid of pids.filter((each) => each > 0)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    await rig.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const changing = (): FakeRunner => {
    const runner = new FakeRunner();
    runner.changesFiles = true;
    return runner;
  };

  const environment = (): { environment: Record<string, string> } => ({
    environment: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
  });

  const hangs = (): Promise<unknown> =>
    until(() => readFile(join(folder, 'git.pids'), 'utf8').catch(() => null), 'a git that hangs');

  const end = (id: string): Promise<TaskRecord> =>
    clock.until(async () => {
      const record = await rig.record(id);
      return record.result !== null && record;
    }, `the end of ${id}`);

  const inRepository = async (): Promise<string> => {
    const cwd = await mkdtemp(join(folder, 'work-'));
    await writeFile(join(cwd, '.git'), 'gitdir: /nowhere\n');
    return cwd;
  };

  it('ends at its deadline, and says in which step it was', async () => {
    const id = await rig.add({
      type: 'code',
      cwd: await inRepository(),
      options: { timeout: 0.5, retries: 0 },
    });
    rig.start(changing(), environment());
    await hangs();
    await clock.advance(500);
    const { error } = (await end(id)).result ?? {};
    assert.equal(error?.code, 'timeout');
    assert.match(error?.message ?? '', /within 0\.5 s: it was still looking at the working folder/);
  });

  it('ends when it is cancelled', async () => {
    const id = await rig.add({ type: 'code', cwd: await inRepository(), options: { retries: 0 } });
    rig.start(changing(), environment());
    await hangs();
    await rig.queue.cancel(id);
    assert.equal((await end(id)).result?.error?.code, 'cancelled');
  });

  it('goes back to the queue when its daemon is stopped, which ends', async () => {
    const id = await rig.add({ type: 'code', cwd: await inRepository() });
    const daemon = rig.start(changing(), environment());
    await hangs();
    daemon.requestStop();
    daemon.requestStop();
    await clock.until(() => daemon.ended, 'its end');
    assert.equal((await daemon.end).kind, 'stopped');
    assert.equal((await rig.record(id)).status, 'pending');
  });
});
