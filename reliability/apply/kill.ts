/** Kills a command: in one of its system calls, or at a moment, alone or with the git that it started. */
import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command, Ground } from './ground.ts';

/** What changes something on a disk. */
const CHANGES = [
  'write',
  'pwrite64',
  'writev',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'symlink',
  'symlinkat',
  'unlink',
  'unlinkat',
  'rmdir',
  'mkdir',
  'mkdirat',
  'fsync',
  'fdatasync',
  'chmod',
  'fchmod',
  'utimensat',
  'ftruncate',
  'copy_file_range',
  'sendfile',
];

export interface SystemCall {
  call: string;
  /** How often a thread has made it until then. */
  nth: number;
}

const traced = (log: string, more: readonly string[] = []): string[] => [
  'strace',
  '-f',
  '-q',
  '-y',
  '-s',
  '0',
  '-o',
  log,
  '-e',
  `trace=${CHANGES.join(',')}`,
  ...more,
];

/** Calls that change something in the home, beside it or in the repository, by koubou and its git, each number of each once. */
export const callsOf = async (ground: Ground, command: Command, log: string): Promise<SystemCall[]> => {
  ground.reset();
  const { ended } = await ground.start(command, traced(log));
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(`${command} under strace: ${stderr}`);
  const counts = new Map<string, number>();
  const pieces = new Set<string>();
  const found = new Map<string, SystemCall>();
  for (const line of fs.readFileSync(log, 'utf8').split('\n')) {
    const [, thread, call, rest] = /^(\d+) +([a-z_0-9]+)\((.*)$/.exec(line) ?? [];
    if (thread === undefined || call === undefined) continue;
    const nth = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, nth);
    const ours = [ground.repository.folder, ground.apart];
    if (!ours.some((folder) => rest?.includes(folder))) continue;
    // One piece of a file is as good as the next.
    const piece = `${thread} ${call} ${rest?.split('>')[0]}`;
    if (call === 'write' && pieces.has(piece)) continue;
    pieces.add(piece);
    found.set(`${call} ${nth}`, { call, nth });
  }
  return [...found.values()];
};

/** Whether something was killed. */
export const killAtCall = async (
  ground: Ground,
  command: Command,
  { call, nth }: SystemCall,
  log: string,
): Promise<boolean> => {
  const inject = ['-e', `inject=${call}:signal=SIGKILL:when=${nth}`];
  const { ended } = await ground.start(command, traced(log, inject));
  await ended;
  return /killed by SIGKILL/.test(fs.readFileSync(log, 'utf8'));
};

/** So long after it has begun its work; `all`: with every process of its group. Whether it still ran. */
export const killAtMoment = async (
  ground: Ground,
  command: Command,
  { afterMs, all }: { afterMs: number; all: boolean },
): Promise<boolean> => {
  const { child, ended } = await ground.start(command, ['setsid', '-w']);
  const pid = await pidOf(child.pid ?? 0);
  await hasBegun(ground, command, () => child.exitCode !== null);
  await delay(afterMs);
  const isThere = child.exitCode === null;
  try {
    process.kill(all ? -pid : pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
  await ended;
  return isThere;
};

/** The leader of the session that setsid makes: itself where it need not fork, else its child. */
const pidOf = async (pid: number): Promise<number> => {
  for (;;) {
    const program = read(`/proc/${pid}/comm`).trim();
    if (program !== 'setsid') return pid;
    const [child] = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ');
    if (child !== undefined && child !== '') return Number(child);
    await delay(1);
  }
};

const hasBegun = async (ground: Ground, command: Command, ended: () => boolean): Promise<void> => {
  const lock = join(ground.repository.folder, '.git/index.lock');
  const worktree = join(ground.worktree, '.git');
  const begun = (): boolean => (command === 'apply' ? fs.existsSync(lock) : !fs.existsSync(worktree));
  while (!begun() && !ended()) await delay(1);
};

const read = (path: string): string => {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
