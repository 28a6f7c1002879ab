/** The daemons that are stopped here are those of the build (`node build/build.ts`). */
import assert from 'node:assert/strict';
import { startWorker } from '../../../src/actions/workers/ensure-worker.ts';
import { stopWorkers } from '../../../src/actions/workers/stop.ts';
import type { App } from '../../../src/app/app.ts';
import type { WorkerInfo } from '../../../src/queue/queue.ts';
import { projectForEach } from '../../support/app.ts';
import { until } from '../../support/until.ts';

const PATIENT = { now: false, waitMs: 30_000 };

describe('stopping', () => {
  const project = projectForEach();
  let app: App;
  beforeEach(async () => {
    app = await project().open();
  });

  const start = async (): Promise<string> =>
    (await startWorker(app, { until: { kind: 'stopped' } })).worker.worker_id;
  const running = async (): Promise<string> => {
    const [id = ''] = await project().delegate({ type: 'command', command: ['sleep', '600'] });
    await until(async () => (await project().queue.state(id)) === 'in_progress', 'the run');
    return id;
  };

  it('is done where none runs', async () => {
    assert.deepEqual(await stopWorkers(app, PATIENT), { stopped: [], finishing: [], elsewhere: [] });
  });

  it('ends every idle worker, and waits until they are gone', async () => {
    const started = [await start(), await start()];
    const { stopped, finishing, elsewhere } = await stopWorkers(app, PATIENT);
    assert.deepEqual([stopped.toSorted(), finishing, elsewhere], [started.toSorted(), [], []]);
    assert.deepEqual(await project().queue.workers(), []);
  });

  it('lets a task that runs go on, says which, and with `now` sends it back to the queue', async () => {
    const worker = await start();
    const task = await running();
    const still = { stopped: [], finishing: [{ worker_id: worker, tasks: [task] }], elsewhere: [] };
    assert.deepEqual(await stopWorkers(app, { now: false, waitMs: 0 }), still);
    const signal = AbortSignal.abort();
    assert.deepEqual(await stopWorkers(app, { ...PATIENT, signal }), still);
    assert.equal(await project().queue.state(task), 'in_progress');
    assert.deepEqual((await stopWorkers(app, { now: true, waitMs: 30_000 })).stopped, [worker]);
    const record = await project().queue.get(task);
    assert.deepEqual([record?.status, record?.attempts[0]?.error?.code], ['pending', 'worker_stopped']);
  });

  it('says which it cannot reach, and which of these nobody hears from', async () => {
    const far = { pid: process.pid, host: 'other', tasks: [] };
    const workers = [
      { ...far, worker_id: 'heard', status: 'busy' },
      { ...far, worker_id: 'silent', status: 'offline' },
    ] as unknown as WorkerInfo[];
    const queue = { workers: async () => workers } as App['queue'];
    assert.deepEqual(await stopWorkers({ ...app, queue }, PATIENT), {
      stopped: [],
      finishing: [],
      elsewhere: ['heard', 'silent'],
      silent: ['silent'],
    });
  });
});
