/** Kills one who adds a job at a system call of its choice. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, strace, type Thread, threadOf } from '../../test/support/strace.ts';
import type { Job } from './driver.ts';
import { type Peer, within } from './rig.ts';

export interface Point {
  thread: Thread;
  call: string;
  /** How often the thread has made the call until then, itself included. */
  nth: number;
  /** How often of those it could change something. */
  like: number;
}

/** What can change something on a disk or at a server. */
const CHANGES = new Set([
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'sendto',
  'sendmsg',
  'fsync',
  'fdatasync',
  'sync_file_range',
  'ftruncate',
  'truncate',
  'fallocate',
  'copy_file_range',
  'open',
  'openat',
  'creat',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'symlink',
  'symlinkat',
  'unlink',
  'unlinkat',
  'mkdir',
  'mkdirat',
  'rmdir',
  'chmod',
  'fchmod',
  'fchmodat',
  'utimensat',
]);

/** A process that adds what it is told to; all that it does in the pool is done by one thread, which can be traced. */
const begin = async (peer: Peer) => {
  const adding = peer.start('told', '', { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' });
  if ((await within(30_000, () => adding.said()[0])) === undefined)
    throw new Error(`${peer.name}: nobody is there to add`);
  return adding;
};

const logOf = (peer: Peer): string => join(peer.place.log, '..', 'trace');

/** The calls of an add that nothing happens to, up to the one that tells of it. */
export const pointsOfAdd = async (peer: Peer, fresh: () => Job): Promise<Point[]> => [
  // strace counts for each thread, so one is followed at a time.
  ...(await pointsIn(peer, fresh(), 'main')),
  ...(await pointsIn(peer, fresh(), 'pool')),
];

const pointsIn = async (peer: Peer, job: Job, thread: Thread): Promise<Point[]> => {
  const { child, said } = await begin(peer);
  const names = [...CHANGES].map((call) => `?${call}`).join(',');
  const tracer = await strace(threadOf(child.pid ?? 0, thread), logOf(peer), ['-e', `trace=${names}`]);
  child.stdin?.write(`${JSON.stringify(job)}\n`);
  if ((await within(30_000, () => said()[1])) === undefined)
    throw new Error(`${peer.name}: nothing was added`);
  await peer.kill(child);
  await ended(tracer);
  const seen = callsIn(logOf(peer));
  // A thread that wakes another one writes too; the pool has no end that could be seen.
  const told = seen.findIndex(({ call, given }) => call === 'write' && given.startsWith('1<'));
  return (told === -1 ? seen : seen.slice(0, told + 1))
    .filter((made) => made.changes)
    .map(({ call, nth, like }) => ({ thread, call, nth, like }));
};

interface Seen {
  call: string;
  given: string;
  nth: number;
  like: number;
  changes: boolean;
}

const callsIn = (log: string): Seen[] => {
  const counts = new Map<string, { nth: number; like: number }>();
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, call, given = ''] = /^([a-z_0-9]+)\((.*)$/.exec(line) ?? [];
      if (call === undefined) return [];
      const { nth, like } = counts.get(call) ?? { nth: 0, like: 0 };
      const count = { nth: nth + 1, like: changes(call, given) ? like + 1 : like };
      counts.set(call, count);
      return [{ call, given, ...count, changes: count.like > like }];
    });
};

const changes = (call: string, given: string): boolean => {
  if (call.startsWith('open')) return given.includes('O_CREAT');
  // A thread that wakes another one.
  return !/^\d+<anon_inode:/.test(given);
};

/** Not every add makes the same calls: a folder that one makes is there for another, and threads are woken by chance. */
const ATTEMPTS = 8;

/** The job that was not added to the end, or undefined where no add could be killed there. */
export const addKilledAt = async (peer: Peer, point: Point, fresh: () => Job): Promise<Job | undefined> => {
  let { nth } = point;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const job = fresh();
    const killed = await isKilledAt(peer, { ...point, nth }, job);
    const seen = callsIn(logOf(peer));
    const last = seen.at(-1);
    if (killed && last?.changes === true && last.like === point.like) return job;
    const there = seen.find(({ changes, like }) => changes && like === point.like);
    nth = there?.nth ?? (killed ? nth + 1 : point.nth);
  }
  return undefined;
};

const isKilledAt = async (peer: Peer, { thread, call, nth }: Point, job: Job): Promise<boolean> => {
  const { child, said } = await begin(peer);
  const tracer = await strace(threadOf(child.pid ?? 0, thread), logOf(peer), [
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:signal=SIGKILL:when=${nth}`,
  ]);
  child.stdin?.write(`${JSON.stringify(job)}\n`);
  await within(20_000, () => (said()[1] !== undefined || child.signalCode !== null ? true : undefined));
  const killed = child.signalCode === 'SIGKILL';
  await peer.kill(child);
  await ended(tracer);
  return killed;
};
