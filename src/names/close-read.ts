import { closeSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/**
 * Closes a descriptor by which nothing was written. What the system says of that tells of no loss, and it is closed whatever the
 * system says (close(2)): nobody has to hear of it. Throws EBADF, since a descriptor that is closed twice is another's by then.
 */
export const closeRead = (descriptor: number): void => {
  try {
    closeSync(descriptor);
  } catch (error) {
    if (systemCode(error) === undefined || systemCode(error) === 'EBADF') throw error;
  }
};
