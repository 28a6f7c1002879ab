import type { Member } from '../../queue/queue.ts';
import type { Attempts } from './attempts.ts';
import type { Notes } from './notes.ts';

/** Stops the attempts whose tasks are to be cancelled. Never rejects; what fails is noted. */
export const obeyCancels = async (member: Member, attempts: Attempts, notes: Notes): Promise<void> => {
  try {
    for (const id of await member.cancelRequests()) attempts.stop(id, { kind: 'cancelled' });
    notes.set('cancel', null);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    notes.set('cancel', `requests to cancel cannot be read (${words})`);
  }
};
