/** One process that uses a queue: node drive.ts NAME VERB PLACE [COUNT or JOB]. What it acknowledges goes to stdout. */

import { once } from 'node:events';
import { appendFileSync, stat, writeSync } from 'node:fs';
import type { Job, Place } from './driver.ts';
import { drivers } from './drivers/all.ts';

const [name = '', verb = '', where = '{}', what = ''] = process.argv.slice(2);
const place = JSON.parse(where) as Place;
const load = drivers[name];
if (load === undefined) throw new Error(`There is no driver ${name}.`);
const driver = await load();
const say = (line: string): void => void writeSync(1, `${line}\n`);
const log = (line: string): void => appendFileSync(place.log, `${line} ${process.pid} ${Date.now()}\n`);

const handle = async ({ id, ms, blocks }: Job): Promise<string> => {
  log(`start ${id}`);
  if (blocks) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  else await new Promise((resolve) => setTimeout(resolve, ms));
  log(`end ${id}`);
  return `${process.pid}`;
};

/** Longer than anybody looks: what is acknowledged must not be done before the power goes. */
const WAITS_MS = 3_600_000;

/** Eight at a time, until COUNT are acknowledged. */
const addMany = async (count: number): Promise<void> => {
  const add = await driver.open(place);
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const id = `job-${next}`;
      await add({ id, ms: WAITS_MS, blocks: false });
      say(id);
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
};

/** Each line of stdin is a job to add. */
const addAsTold = async (): Promise<void> => {
  const add = await driver.open(place);
  // So that the thread of the pool is there before anybody looks for it.
  await new Promise((resolve) => stat('/', resolve));
  say('ready');
  for (;;) {
    const [data] = (await once(process.stdin, 'data')) as [Buffer];
    const job = JSON.parse(data.toString()) as Job;
    await add(job);
    say(job.id);
  }
};

const verbs: Record<string, () => Promise<void>> = {
  async serve() {
    await driver.serve?.(place);
    say('ready');
    // The server is a child that must die with this process.
    await new Promise(() => setInterval(() => undefined, 60_000));
  },
  setUp: () => driver.setUp(place),
  add: () => addMany(Number(what)),
  told: addAsTold,
  async work() {
    await driver.work?.(place, handle);
  },
  async ids() {
    for (const id of await driver.ids(place)) say(id);
  },
  async result() {
    say((await driver.result(place, what)) ?? '');
  },
};
await verbs[verb]?.();
process.exit(0);
