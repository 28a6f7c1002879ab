/** That actions ask the table themselves: a door cannot forget it. */
import assert from 'node:assert/strict';
import type { Request } from '../../src/access/may.ts';
import { delegate } from '../../src/actions/delegate/delegate.ts';
import { changeConfig } from '../../src/actions/setup/config.ts';
import { cancelTasks } from '../../src/actions/tasks/cancel.ts';
import { retryTasks } from '../../src/actions/tasks/retry.ts';
import { applyTask, discardTask } from '../../src/actions/tasks/worktrees.ts';
import { ensureWorker, startWorker } from '../../src/actions/workers/ensure-worker.ts';
import { scaleWorkers } from '../../src/actions/workers/scale.ts';
import { stopWorkers } from '../../src/actions/workers/stop.ts';
import { type App, openApp } from '../../src/app/app.ts';
import { asCaller } from '../support/as-caller.ts';
import { newTask } from '../support/builders.ts';
import { makeHome, type TestHome } from '../support/queue/home.ts';
import { stateHome } from '../support/state.ts';

describe('a caller that may only look', () => {
  let test: TestHome;
  let app: App;
  let id: string;
  beforeEach(async () => {
    test = await makeHome();
    id = (await test.open().add([newTask()]))[0]?.id ?? '';
    const opened = await openApp({
      home: test.home,
      environment: { XDG_STATE_HOME: stateHome },
      cwd: '/',
      purpose: 'act',
      warn: () => assert.fail('the home is its own'),
    });
    app = { ...opened, caller: asCaller('reader') };
  });
  afterEach(() => test.remove());

  const asked: [Request, string, () => Promise<unknown>][] = [
    ['delegate', 'add a task', () => delegate({ fields: { prompt: 'x' }, skipExisting: false }, app)],
    ['retry', 'retry one', () => retryTasks(app, [id])],
    ['cancel', 'cancel one', () => cancelTasks(app, [id], { waitMs: 0 })],
    ['work', 'start a worker', () => startWorker(app, { until: { kind: 'stopped' } })],
    ['work', 'have a worker started by a wait', () => ensureWorker(app)],
    ['work', 'stop workers', () => stopWorkers(app, { now: false, waitMs: 0 })],
    ['work', 'scale workers', () => scaleWorkers(app, { min: 1, max: 2 })],
    ['apply', 'apply a worktree', () => applyTask(app, id)],
    ['unchecked', 'apply a branch as it is', () => applyTask(app, id, 'branch')],
    ['apply', 'discard a worktree', () => discardTask(app, id)],
    ['config', 'change the config', () => changeConfig(app, 'workers.max', '3')],
  ];
  for (const [, what, act] of asked) {
    it(`cannot ${what}, and nothing is done`, async () => {
      await assert.rejects(act(), { code: 'not_allowed' });
      assert.equal(await app.queue.state(id), 'pending');
      assert.deepEqual(await app.queue.workers(), []);
    });
  }
});
