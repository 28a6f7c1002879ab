/**
 * task-spooler and nq: queues of command lines for one machine. What waits in them is processes, and what they run is a
 * program, so no event loop is theirs.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Driver, Job, Place } from '../driver.ts';

const execute = promisify(execFile);

export const jobProgram = ({ id, ms }: Job, { log }: Place): string[] => [
  'sh',
  '-c',
  `echo start ${id} $$ $(date +%s%3N) >> ${log}; sleep ${ms / 1000}; echo end ${id} $$ $(date +%s%3N) >> ${log}; echo $$`,
];

const spooler = ({ folder }: Place) => ({
  ...process.env,
  TS_SOCKET: join(folder, 'socket'),
  TMPDIR: folder,
});
const queueOfNq = ({ folder }: Place) => ({ ...process.env, NQDIR: join(folder, 'nq') });

export const taskSpooler: Driver = {
  keepsOnlyIn: 'memory',
  setUp: () => Promise.resolve(),
  open: (place) =>
    Promise.resolve(async (job) => {
      await execute('tsp', ['-L', job.id, ...jobProgram(job, place)], { env: spooler(place) });
    }),
  async ids(place) {
    // A server that is gone answers nothing, and what waited in it went with it.
    const { stdout } = await execute('tsp', ['-l'], { env: spooler(place), maxBuffer: 1e9 }).catch(() => ({
      stdout: '',
    }));
    return [...stdout.matchAll(/\[(job-\d+)\]/g)].map(([, id = '']) => id);
  },
  result: () => Promise.resolve(null),
};

export const nq: Driver = {
  setUp: ({ folder }) => {
    mkdirSync(join(folder, 'nq'), { recursive: true });
    return Promise.resolve();
  },
  open: (place) =>
    Promise.resolve(async (job) => {
      await execute('nq', ['-q', ...jobProgram(job, place)], { env: queueOfNq(place) });
    }),
  // Each waiting job is a process that waits for a lock. After a power cut none is there, but each has a file whose
  // first line is its command, and its manual says to run that to have the job again: that counts as there.
  ids: ({ folder }) => {
    const files = readdirSync(join(folder, 'nq')).map((name) =>
      readFileSync(join(folder, 'nq', name), 'utf8'),
    );
    return Promise.resolve(files.flatMap((text) => /^exec nq .*echo start (job-\d+)/.exec(text)?.[1] ?? []));
  },
  result: () => Promise.resolve(null),
};
