/** Starts a daemon in the background, exactly one however many callers ask at once. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { templatesFolder } from '../config/paths.ts';
import { KoubouError } from '../errors.ts';
import { startDetached } from '../process/detach.ts';
import type { Queue, WorkerInfo } from '../queue/queue.ts';

/** Seconds without work after which a daemon that was started by a waiting command ends. */
const IDLE_EXIT = '30s';
const START_TIMEOUT_MS = 15_000;
const POLL_MS = 25;

export interface StartParts {
  queue: Queue;
  home: string;
  environment: Readonly<Record<string, string | undefined>>;
}

/** A worker that lives and takes tasks. */
export const livingWorker = async (queue: Pick<Queue, 'workers'>): Promise<WorkerInfo | undefined> =>
  (await queue.workers()).find(
    (worker) => worker.status !== 'offline' && !worker.notes.some((note) => note.startsWith('stopping')),
  );

/** Makes sure that a daemon lives. Throws `internal` with the log's path when one cannot be started. */
export const ensureWorker = async (parts: StartParts): Promise<'alive' | 'started'> => {
  if ((await livingWorker(parts.queue)) !== undefined) return 'alive';
  // Two daemons would do no harm, so a lock that can fail under a stopped process is good enough here.
  const { lock } = await import('proper-lockfile');
  const release = await lock(parts.home, {
    lockfilePath: join(parts.home, 'run', 'autostart.lock'),
    realpath: false,
    stale: 10_000,
    retries: { retries: 400, factor: 1, minTimeout: 40, maxTimeout: 60 },
    onCompromised: () => undefined,
  });
  try {
    if ((await livingWorker(parts.queue)) !== undefined) return 'alive';
    await startWorker(parts, ['--idle-exit', IDLE_EXIT]);
    return 'started';
  } finally {
    // The lock is gone already where another process took it for stale.
    await release().catch(() => undefined);
  }
};

/** Starts `koubou work` with `flags` in the background; answers once it has joined the queue. */
export const startWorker = async (
  { queue, home, environment }: StartParts,
  flags: readonly string[],
): Promise<{ worker: WorkerInfo; logPath: string }> => {
  const known = new Set((await queue.workers()).map((worker) => worker.worker_id));
  const logFolder = join(home, 'logs', 'workers');
  mkdirSync(logFolder, { recursive: true, mode: 0o700 });
  const logPath = join(logFolder, `${new Date().toISOString().slice(0, 10)}.log`);
  const program = join(dirname(templatesFolder()), 'bin', 'run.js');
  const { pid, ended } = startDetached({
    command: process.execPath,
    args: [program, 'work', '--home', home, ...flags],
    // Not the caller's folder: a daemon must not keep a folder busy that somebody wants to unmount.
    cwd: home,
    environment,
    logPath,
  });
  let exit: number | null | undefined;
  void ended.then((code) => {
    exit = code;
  });
  const until = performance.now() + START_TIMEOUT_MS;
  while (exit === undefined && performance.now() < until) {
    const worker = (await queue.workers()).find((each) => each.pid === pid && !known.has(each.worker_id));
    if (worker !== undefined) return { worker, logPath };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const how = exit === undefined ? `did not join within ${START_TIMEOUT_MS / 1000} s` : `ended with ${exit}`;
  throw new KoubouError('internal', `The background worker ${how}; the tasks stay queued.`, {
    hint: `See ${logPath}, or run \`koubou work\` in the foreground.`,
  });
};
