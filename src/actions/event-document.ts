/** The events of a daemon, as its readers get them. */
import type { WorkerEvent } from '../events.ts';
import type { EventDocument } from './documents/event.ts';

export const eventDocument = (event: WorkerEvent, at: Date): EventDocument => ({
  at: at.toISOString(),
  ...event,
});
