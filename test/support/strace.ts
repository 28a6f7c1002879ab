/** System calls of a thread as strace shows them, and faults that it puts in the place of one of them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';

/** Why nothing can be traced here, or null. */
export const cannotTrace = (): string | null => {
  if (process.platform !== 'linux') return 'only Linux has strace';
  if (spawnSync('strace', ['-V']).status !== 0)
    return 'strace is not installed (reliability/install does it)';
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const args = ['-o', '/dev/null', '-p', `${child.pid}`];
    const { stderr } = spawnSync('timeout', ['-s', 'INT', '1', 'strace', ...args], { encoding: 'utf8' });
    return stderr.includes('attached') ? null : `strace may not attach to a process: ${stderr.trim()}`;
  } finally {
    child.kill('SIGKILL');
  }
};

/** What calls the system for files: the thread that runs JavaScript, and the one that waits for the device. */
export type Thread = 'main' | 'pool';

/** A thread's number in a Node process with UV_THREADPOOL_SIZE=1 that has used its pool. */
export const threadOf = (pid: number, thread: Thread): number => {
  if (thread === 'main') return pid;
  const nameOf = (id: string): string => fs.readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim();
  const found = fs.readdirSync(`/proc/${pid}/task`).find((id) => nameOf(id) === 'libuv-worker');
  if (found === undefined) throw new Error(`${pid} has no thread called libuv-worker`);
  return Number(found);
};

/** Attached to one thread when it resolves; it ends when the thread does. */
export const strace = async (id: number, log: string, options: readonly string[]): Promise<ChildProcess> => {
  const child = spawn('strace', ['-y', '-s', '0', '-o', log, ...options, '-p', `${id}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      if (said.includes(' attached')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`strace: ${said}`)));
  });
  return child;
};

export const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

export interface Call {
  thread: Thread;
  call: string;
  /** How often this thread has made this call until then, itself included. */
  nth: number;
  /** What it is made with, without what is another one each time. */
  what: string;
  /** How often it was made with this until then. */
  like: number;
  /** Whether it opens a file that need not be there. */
  makes: boolean;
}

const ENTRY = /^([a-z_0-9]+)\((.*)$/;

/** Every call that was begun, in order. `plain` takes away what is another one each time. */
export const callsIn = (log: string, thread: Thread, plain: (path: string) => string): Call[] => {
  const counts = new Map<string, number>();
  const count = (key: string): number => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts.get(key) ?? 0;
  };
  const lines = fs.readFileSync(log, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, call, rest] = ENTRY.exec(line) ?? [];
    if (call === undefined || rest === undefined) return [];
    // What comes after the arguments is the answer.
    const [given = ''] = rest.split(/\) += /);
    const paths = [...given.matchAll(/"([^"]+)"|<(\/[^>]*)>/g)].map(
      ([, quoted, open]) => quoted ?? open ?? '',
    );
    // The folder that a path begins in when it does not begin at the root.
    const what = paths.filter((path) => path !== '/').map(plain);
    const like = count(`${call} ${what.join(' ')}`);
    return [{ thread, call, nth: count(call), what: what.join(' '), like, makes: given.includes('O_CREAT') }];
  });
};
