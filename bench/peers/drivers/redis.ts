/** BullMQ on a Redis server of its own, with an append-only file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { Queue, Worker } from 'bullmq';
import type { Driver, Job, Place } from '../driver.ts';

export const NAME = 'peer';
const connectionTo = ({ port }: Place) => ({ host: '127.0.0.1', port, maxRetriesPerRequest: null });

/** `fsync`: Redis' appendfsync. */
export const bullmq = (fsync: 'everysec' | 'always'): Driver => ({
  async serve(place) {
    const { folder, port } = place;
    const server = spawn(
      'redis-server',
      [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--save',
        '',
        '--appendonly',
        'yes',
        '--appendfsync',
        fsync,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    process.once('SIGTERM', () => server.kill('SIGKILL'));
    await answers(port);
  },
  setUp: () => Promise.resolve(),
  async open(place) {
    const queue = new Queue<Job>(NAME, { connection: connectionTo(place) });
    await queue.waitUntilReady();
    return async (job) => {
      await queue.add('job', job, { jobId: job.id, attempts: 3 });
    };
  },
  async work(place, handler) {
    const worker = new Worker<Job, string>(NAME, (job) => handler(job.data), {
      connection: connectionTo(place),
    });
    worker.on('error', (error) => console.error(String(error)));
    await once(worker, 'closed');
  },
  async ids(place) {
    const queue = new Queue<Job>(NAME, { connection: connectionTo(place) });
    const jobs = await queue.getJobs(['waiting', 'active', 'completed', 'failed', 'delayed', 'prioritized']);
    await queue.close();
    return jobs.map((job) => job.data.id);
  },
  async result(place, id) {
    const queue = new Queue<Job, string>(NAME, { connection: connectionTo(place) });
    const job = await queue.getJob(id);
    await queue.close();
    return job?.returnvalue ?? null;
  },
});

/** Until something listens there and has loaded its data. */
export const answers = async (port: number): Promise<void> => {
  const until = performance.now() + 60_000;
  for (;;) {
    const said = await new Promise<string>((resolve) => {
      const socket = createConnection(port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('error', () => resolve(''));
      socket.once('close', () => resolve(''));
    });
    if (said.startsWith('+PONG')) return;
    if (performance.now() > until) throw new Error(`nobody answers on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
