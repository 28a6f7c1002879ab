/** The daemons that are started here are those of the build (`node build/build.ts`). */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureWorker, startWorker } from '../../../src/actions/workers/ensure-worker.ts';
import type { App } from '../../../src/app/app.ts';
import { selfIdentity } from '../../../src/process/liveness.ts';
import { lockPath, tryLock } from '../../../src/process/lock.ts';
import { makerName } from '../../../src/process/maker.ts';
import { projectForEach } from '../../support/app.ts';
import { asCaller } from '../../support/as-caller.ts';
import { beat, worker } from '../../support/builders.ts';
import { until } from '../../support/until.ts';

const IDLE = { until: { kind: 'idle', seconds: 30 } } as const;

describe('making sure of a worker', () => {
  const project = projectForEach();
  let app: App;
  beforeEach(async () => {
    app = await project().open();
  });

  const workers = () => project().queue.workers();

  it('starts none where one lives, and neither looks at locks nor at rights', async () => {
    const member = await project().queue.join(worker());
    const reader = { ...app, caller: asCaller('reader') };
    assert.equal(await ensureWorker(reader), 'alive');
    assert.equal((await workers()).length, 1);
    assert.equal(existsSync(`${lockPath(project().home, 'autostart')}.1`), false);
    await member.leave();
  });

  it('starts one for ten that ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ensureWorker(app)));
    assert.deepEqual(answers.toSorted(), [...Array(9).fill('alive'), 'started']);
    const [only, ...others] = await workers();
    assert.deepEqual([only?.temporary, others], [true, []]);
  });

  it('starts one where the one there takes nothing new', async () => {
    const member = await project().queue.join(worker());
    await member.renew(beat({ notes: ['stopping: takes nothing new'] }));
    assert.equal(await ensureWorker(app), 'started');
    assert.equal((await workers()).length, 2);
    await member.leave();
  });

  it('leaves it to somebody else who is at it, and is told when theirs has joined', async () => {
    const lock = tryLock(lockPath(project().home, 'autostart'));
    assert.ok(lock.held);
    const answer = ensureWorker(app);
    const member = await project().queue.join(worker());
    assert.equal(await answer, 'alive');
    assert.equal((await workers()).length, 1);
    lock.release();
    await member.leave();
  });

  it('is not held up by one that died while it was at it, though its clock was ahead', async () => {
    const lock = lockPath(project().home, 'autostart');
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(`${lock}.1`, makerName({ ...selfIdentity(), startTime: '1' }, '0123456789ab'));
    const ahead = new Date(Date.now() + 86_400_000);
    for (const path of [dirname(lock), `${lock}.1`]) utimesSync(path, ahead, ahead);
    assert.equal(await ensureWorker(app), 'started');
  });

  it('starts none in a sandbox, where it would end with the command', async () => {
    const inside = await project().open({ environment: { CODEX_SANDBOX: '1' } });
    for (const act of [() => ensureWorker(inside), () => startWorker(inside, IDLE)])
      await assert.rejects(act(), {
        code: 'runner_unavailable',
        message: /runs in Codex's sandbox, .* The tasks stay queued/,
        hint: /`koubou work --detach` outside of the sandbox/,
      });
    assert.deepEqual(await workers(), []);
  });

  it('starts none where a file lies in the place of a folder of the home', async () => {
    rmSync(join(project().home, 'logs'), { recursive: true });
    project().write('.koubou/logs', '');
    await assert.rejects(startWorker(app, IDLE), { code: 'conflict' });
    assert.deepEqual(await workers(), []);
  });

  it('answers once the worker has joined, with where its log is', async () => {
    const { worker: started, logPath } = await startWorker(app, { ...IDLE, min: 2, max: 3 });
    assert.deepEqual([started.slots, started.temporary], [2, true]);
    assert.equal((await workers())[0]?.worker_id, started.worker_id);
    await until(() => readFileSync(logPath, 'utf8').includes('is ready'));
  });

  it('says where the log is when the worker ends before it has joined', async () => {
    // It cannot read the config that was good when the app was opened.
    project().configure('workers:\n  mx: 1\n');
    const started = startWorker(app, IDLE);
    await assert.rejects(started, {
      code: 'internal',
      message: /ended with \d+; the tasks stay queued/,
      hint: /logs\/workers\/.*\.log/,
    });
    assert.deepEqual(await workers(), []);
  });
});
