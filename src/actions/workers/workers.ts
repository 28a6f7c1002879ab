/** The daemons of a home. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import type { WorkersDocument } from '../documents/queue.ts';

/** Every daemon that is not known to be dead, oldest first. */
export const listWorkers = async ({
  queue,
  caller,
}: Pick<App, 'queue' | 'caller'>): Promise<WorkersDocument> => {
  requireAllowed(caller, 'read', { undone: 'Nothing was shown.' });
  return { workers: await queue.workers() };
};
