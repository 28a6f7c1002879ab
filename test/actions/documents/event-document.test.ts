import assert from 'node:assert/strict';
import * as z from 'zod/mini';
import { DOCUMENTS } from '../../../src/actions/documents.ts';
import { eventDocument } from '../../../src/actions/event-document.ts';
import { errorInfo } from '../../../src/errors.ts';
import type { WorkerEvent } from '../../../src/events.ts';

const left = { delayed: 0, blocked: 0, unserved: 0, running: 0 };
const task = { task_id: 't', attempt: 1 };
/** One of each kind: a new one has to be put here, or this does not compile. */
const EVENTS: { [Kind in WorkerEvent['event']]: Extract<WorkerEvent, { event: Kind }> } = {
  worker_started: { event: 'worker_started', worker_id: 'w', slots: 1 },
  task_started: { event: 'task_started', ...task, runner: 'r', model: null, why: 'because' },
  task_ended: {
    event: 'task_ended',
    ...task,
    state: 'delayed',
    seconds: 1,
    again_in: 2,
    error: { ...errorInfo('timeout', 'x') },
  },
  task_taken_away: { event: 'task_taken_away', ...task },
  endpoint_down: { event: 'endpoint_down', endpoint: 'e', reason: 'x' },
  endpoint_up: { event: 'endpoint_up', endpoint: 'e' },
  workers_reaped: { event: 'workers_reaped', workers: ['w'], restarted: 1 },
  adopted: { event: 'adopted', added: 1, quarantined: 0 },
  note: { event: 'note', message: 'x' },
  stopping: { event: 'stopping', running: 1, now: false },
  worker_stopped: { event: 'worker_stopped', completed: 1, failed: 0, left },
};

describe('the document of an event', () => {
  for (const [kind, event] of Object.entries(EVENTS))
    it(`has when it was and all that ${kind} says, and fits its schema`, () => {
      const document = eventDocument(event, new Date(0));
      assert.deepEqual(document, { at: '1970-01-01T00:00:00.000Z', ...event });
      assert.deepEqual(z.parse(DOCUMENTS.work, document), document);
      const { at: _, ...timeless } = document;
      assert.equal(z.safeParse(DOCUMENTS.work, timeless).success, false);
    });
});
