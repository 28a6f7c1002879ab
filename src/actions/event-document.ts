/** What a daemon tells of, as whoever watches it reads it. */
import type { WorkerEvent } from '../events.ts';
import type { EventDocument } from './documents/event.ts';

export const eventDocument = (event: WorkerEvent, at: Date): EventDocument => ({
  at: at.toISOString(),
  ...event,
});
