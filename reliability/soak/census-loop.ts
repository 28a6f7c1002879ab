/**
 * Run as a process: takes the census of a home that is worked on, once a second, or as often as it can. Prints a line
 * of JSON for each: node census-loop.ts HOME FILE, where FILE has the acknowledged ids.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { census } from '../../test/support/census/census.ts';

export interface CensusLine {
  tasks: number;
  faults: string[];
  ms: number;
}

const EVERY_MS = 1000;

const [home = '', ids = ''] = process.argv.slice(2);
while (existsSync(home)) {
  const from = performance.now();
  // Read first: what is acknowledged later may not be there yet.
  const acknowledged = readFileSync(ids, 'utf8').split('\n').filter(Boolean);
  const { tasks, faults } = census(home, { acknowledged, working: true, retried: 'unknown' });
  const ms = performance.now() - from;
  process.stdout.write(`${JSON.stringify({ tasks: tasks.size, faults, ms } satisfies CensusLine)}\n`);
  await delay(Math.max(0, EVERY_MS - ms));
}
