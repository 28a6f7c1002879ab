import assert from 'node:assert/strict';
import { renderWorkerEvent } from '../../../src/cli/render/worker-event.ts';
import { errorInfo } from '../../../src/errors.ts';

const task_id = 'task_20250101_120000_123456_abcd';
const ended = { event: 'task_ended', task_id, attempt: 1, again_in: null, error: null } as const;

describe('a daemon tells', () => {
  it('of a task from its start to its end, under the tail of its id', () => {
    const start = {
      event: 'task_started',
      task_id,
      attempt: 2,
      runner: 'local',
      model: 'm',
      why: '',
    } as const;
    assert.equal(renderWorkerEvent(start), '123456_abcd started: local m, attempt 2');
    assert.equal(
      renderWorkerEvent({ ...ended, state: 'completed', seconds: 1.26 }),
      '123456_abcd completed after 1.3 s',
    );
  });

  it('why a task failed and when it is tried again', () => {
    const error = errorInfo('stalled', 'Nothing came from it for 300 s.');
    assert.equal(
      renderWorkerEvent({ ...ended, state: 'delayed', seconds: 300, again_in: 2.04, error }),
      '123456_abcd failed after 300 s: Nothing came from it for 300 s. (again in 2.0 s)',
    );
    assert.equal(
      renderWorkerEvent({ ...ended, state: 'pending', seconds: 3, error }),
      '123456_abcd put back after 3.0 s: Nothing came from it for 300 s.',
    );
  });

  it('how it ends and what it leaves', () => {
    assert.match(renderWorkerEvent({ event: 'stopping', running: 2, now: false }), /2 running.*once more/);
    const left = { delayed: 1, blocked: 0, unserved: 3, running: 0 };
    assert.equal(
      renderWorkerEvent({ event: 'worker_stopped', completed: 4, failed: 1, left }),
      'ended: 4 completed, 1 failed; left: 3 not begun, 1 for a later time',
    );
    const none = { delayed: 0, blocked: 0, unserved: 0, running: 0 };
    assert.equal(
      renderWorkerEvent({ event: 'worker_stopped', completed: 4, failed: 0, left: none }),
      'ended: 4 completed, 0 failed',
    );
  });
});
