/** A folder that is there for as long as a worker holds its tasks: fencing renames that folder away. */
import { existsSync } from 'node:fs';
import { KoubouError } from '../errors.ts';

/** undefined: it is there, or none was asked for. */
export const lostLease = (lease: string | undefined): KoubouError | undefined =>
  lease === undefined || existsSync(lease)
    ? undefined
    : new KoubouError('worker_lost', 'The task was given to another worker.');

/**
 * Throws `worker_lost`. It waits for nothing: what follows in the same turn is done right after the look, whereas a worker may
 * be stopped for hours where it waits.
 */
export const requireLease = (lease: string | undefined): void => {
  const lost = lostLease(lease);
  if (lost !== undefined) throw lost;
};
