/** Run as a process: does a scenario's act and kills itself at the nth time of a step. */
import fs from 'node:fs';
import { openHealthy } from './aftermath.ts';
import { scenarios } from './scenarios.ts';
import { Stage } from './stage.ts';

const [home = '', name, step, nth, ids = '{}'] = process.argv.slice(2);
let left = Number.POSITIVE_INFINITY;
const stage = new Stage({
  home,
  ids: JSON.parse(ids),
  now: () => {
    left = Number(nth);
  },
  say: (word) => fs.writeSync(1, `${word}\n`),
  open: () =>
    openHealthy(home, {
      step: (at) => {
        if (at !== step) return;
        left -= 1;
        if (left === 0) process.kill(process.pid, 'SIGKILL');
      },
    }),
});
await scenarios.find((candidate) => candidate.name === name)?.act(stage);
