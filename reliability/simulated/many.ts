/** Many histories, as many at once as there are cores. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Story } from './history.ts';

export interface Range {
  from: number;
  count: number;
  every: number;
  first: number;
}

export type Played = { seed: number } & ({ story: Story } | { broken: string });

export interface Total extends Story {
  histories: number;
  seconds: number;
  /** What broke, with the seed that plays it again. */
  broken: string[];
}

/** More of them say nothing that these do not say. */
const ENOUGH = 10;

export const playMany = async (
  from: number,
  count: number,
  progress: (done: number) => void,
): Promise<Total> => {
  const started = performance.now();
  const total: Total = {
    histories: 0,
    tasks: 0,
    kills: 0,
    powerLosses: 0,
    choices: 0,
    calls: 0,
    seconds: 0,
    broken: [],
  };
  const every = availableParallelism();
  const workers = Array.from({ length: every }, (_, first) => {
    const range: Range = { from, count, every, first };
    return new Worker(new URL('./player.ts', import.meta.url), { workerData: range });
  });
  const take = (played: Played): void => {
    total.histories += 1;
    if (total.histories % 10_000 === 0) progress(total.histories);
    if ('broken' in played) {
      total.broken.push(`SEED=${played.seed}: ${played.broken}`);
      if (total.broken.length === ENOUGH) for (const worker of workers) void worker.terminate();
      return;
    }
    for (const name of ['tasks', 'kills', 'powerLosses', 'choices', 'calls'] as const) {
      total[name] += played.story[name];
    }
  };
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.on('message', take);
          worker.on('error', reject);
          worker.on('exit', () => resolve());
        }),
    ),
  );
  total.seconds = Math.round((performance.now() - started) / 1000);
  return total;
};
