/** @platformatic/job-queue with its file storage. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileStorage, Queue, Reaper } from '@platformatic/job-queue';
import type { Driver, Job, Place } from '../driver.ts';

const VISIBLE_MS = 30_000;
const storageOf = ({ folder }: Place) => new FileStorage({ basePath: join(folder, 'queue') });

export const platformatic: Driver = {
  setUp: () => Promise.resolve(),
  async open(place) {
    const queue = new Queue<Job, string>({ storage: storageOf(place) });
    await queue.start();
    return async (job) => {
      await queue.enqueue(job.id, job);
    };
  },
  async work(place, handler) {
    const storage = storageOf(place);
    const queue = new Queue<Job, string>({ storage, visibilityTimeout: VISIBLE_MS });
    queue.on('error', (error) => console.error(String(error)));
    queue.execute((job: { payload: Job }) => handler(job.payload));
    await queue.start();
    const reaper = new Reaper({ storage, visibilityTimeout: VISIBLE_MS });
    reaper.on('error', (error) => console.error(String(error)));
    await reaper.start();
    await new Promise(() => undefined);
  },
  // It offers no list: a job is there when its id is in a file that is not torn.
  ids(place) {
    const found = new Set<string>();
    const walk = (folder: string): void => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (statSync(path).isDirectory()) walk(path);
        else
          for (const [id] of `${name}\n${readFileSync(path, 'utf8')}`.matchAll(/\bjob-\d+\b/g)) found.add(id);
      }
    };
    walk(join(place.folder, 'queue'));
    return Promise.resolve([...found]);
  },
  async result(place, id) {
    const queue = new Queue<Job, string>({ storage: storageOf(place) });
    await queue.start();
    const result = await queue.getResult(id);
    await queue.stop();
    return result;
  },
};
