import { randomBytes } from 'node:crypto';

/** A name that cannot be guessed: a program that may write to the folder cannot create it in advance. */
export const unlikelyName = (prefix: string): string =>
  `${prefix}${Date.now()}-${randomBytes(8).toString('hex')}`;
