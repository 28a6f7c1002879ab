/** All that servers do wrong. */
import type { Case } from './case.ts';
import { connections } from './connection-faults.ts';
import { dressed, looks, shapes } from './content-faults.ts';
import { protocol } from './protocol-faults.ts';
import { sizes } from './size-faults.ts';

export const CASES: readonly Case[] = [
  ...connections,
  ...protocol,
  ...sizes,
  ...dressed,
  ...shapes,
  ...looks,
];
