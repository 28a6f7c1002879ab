/** Run as a process: does a scenario's act and kills itself at the nth time of a step. */
import fs from 'node:fs';
import { FileQueue } from '../../src/queue/files/file-queue.ts';
import { LightDisk } from '../helpers/queue-disk.ts';
import { draftFromDrop } from '../helpers/queue-drop.ts';
import { scenarios } from './scenarios.ts';

const [home = '', name, step, nth, ids = '{}'] = process.argv.slice(2);
let left = Number(nth);
const queue = new FileQueue({
  home,
  draftFromDrop,
  disk: new LightDisk(),
  step: (at) => {
    if (at !== step) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
const scenario = scenarios.find((candidate) => candidate.name === name);
await scenario?.act(queue, JSON.parse(ids), (id) => fs.writeSync(1, `${id}\n`), home);
