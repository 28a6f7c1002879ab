/** Run as a thread: plays every so many-th history of a range. */
import { parentPort, workerData } from 'node:worker_threads';
import { playHistory } from './history.ts';
import type { Played, Range } from './many.ts';

const { from, count, every, first } = workerData as Range;
for (let seed = from + first; seed < from + count; seed += every) {
  let played: Played;
  try {
    played = { seed, story: await playHistory(seed) };
  } catch (error) {
    const causes: string[] = [];
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) causes.push(cause.message);
    played = { seed, broken: causes.join(': ') };
  }
  parentPort?.postMessage(played);
}
