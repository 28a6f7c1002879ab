import { randomBytes } from 'node:crypto';

/** A name that nobody can have taken before: whoever works in a folder can make many there. */
export const unlikelyName = (prefix: string): string =>
  `${prefix}${Date.now()}-${randomBytes(8).toString('hex')}`;
