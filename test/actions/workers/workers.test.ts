import assert from 'node:assert/strict';
import { listWorkers } from '../../../src/actions/workers/workers.ts';
import { projectForEach } from '../../support/app.ts';
import { beat, newTask, noRetries, succeeded, takeAll, worker } from '../../support/builders.ts';
import { until } from '../../support/until.ts';

describe('the workers that are listed', () => {
  const project = projectForEach();

  it('are all that joined and have not left, with what they run and say', async () => {
    const app = await project().open();
    assert.deepEqual(await listWorkers(app), { workers: [] });
    const { queue } = project();
    const [added] = await queue.add([newTask()]);
    const desk = await queue.join(worker({ label: 'desk', slots: 2, runner: 'ollama', model: 'm' }));
    const other = await queue.join(worker({ label: 'other' }));
    const claim = await until(() => desk.claim(takeAll));
    await desk.renew(
      beat({ slots: 2, progress: { [added?.id ?? '']: 950 }, completed: 3, failed: 1, notes: ['disk full'] }),
    );
    const { workers } = await listWorkers(app);
    assert.deepEqual(
      workers.map(({ worker_id }) => worker_id).toSorted(),
      [desk.workerId, other.workerId].toSorted(),
    );
    const first = workers.find(({ worker_id }) => worker_id === desk.workerId);
    assert.deepEqual(
      [first?.status, first?.slots, first?.tasks, first?.progress, first?.notes],
      ['busy', 2, [added?.id], { [added?.id ?? '']: 950 }, ['disk full']],
    );
    assert.deepEqual(
      [first?.tasks_completed, first?.tasks_failed, first?.runner, first?.model],
      [3, 1, 'ollama', 'm'],
    );
    await desk.settle(claim, succeeded(claim, desk), noRetries);
    await other.leave();
    await desk.leave();
    assert.deepEqual(await listWorkers(app), { workers: [] });
  });
});
