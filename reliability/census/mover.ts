/** Run as a process: moves one task through the states and a permit to and fro until it is killed. mover.ts HOME ID WORKER */
import fs from 'node:fs';
import { join } from 'node:path';

const [home = '', id = '', worker = ''] = process.argv.slice(2);
const at = (...parts: string[]): string => join(home, ...parts);
const day = `${id.slice(5, 9)}-${id.slice(9, 11)}-${id.slice(11, 13)}`;
const results = at('results', day, id);
fs.mkdirSync(results, { recursive: true });

/** Each run has an outcome, and a census reads all of them each time. */
const MOST_RUNS = 20;

let path = at('tasks/pending', `05-${id}.r0.b0.json`);
const move = (to: string): void => {
  fs.renameSync(path, to);
  path = to;
};
const end = (run: number): void => {
  const error = { code: 'worker_stopped', message: 'it was stopped' };
  const outcome = { task_id: id, attempt: run, outcome: 'error', charged: false, error, output_bytes: null };
  const tmp = at('tasks/tmp', `${run}.outcome`);
  fs.writeFileSync(tmp, JSON.stringify(outcome));
  fs.linkSync(tmp, join(results, `run-${run}.json`));
  fs.unlinkSync(tmp);
};

process.stdout.write('moving\n');
const free = at('permits/p/2/permit');
const held = at('tasks/in_progress', worker, 'permit@p@2');
for (let run = 1; ; ) {
  const before = path;
  fs.renameSync(free, held);
  move(at('tasks/in_progress', worker, `05-${id}.r${run}.b0.json`));
  if (run > MOST_RUNS) {
    // As after an error: the task was not begun.
    move(before);
    fs.renameSync(held, free);
    continue;
  }
  end(run);
  move(at('tasks/delayed', `1768532400000-05-${id}.r${run}.b0.json`));
  fs.renameSync(held, free);
  move(at('tasks/pending', `05-${id}.r${run}.b0.json`));
  run += 1;
}
