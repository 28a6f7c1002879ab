/** Files on their way to their names: each is named by who makes it. */
import { selfIdentity } from './liveness.ts';
import { makerName } from './maker.ts';

// Only one of many, and never again in this process.
const random = (): string =>
  Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0');

/** The name under which this process makes what is to lie at `path`. */
export const halfMadePath = (path: string): string => `${path}.${makerName(selfIdentity(), random())}.tmp`;
