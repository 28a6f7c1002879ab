/**
 * Who writes to the files of a run. What took on another environment and another session is no member of its tree any
 * more, but as long as it can write to the result or the log, it holds a descriptor that says so.
 */
import { type BigIntStats, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { refuseToGuess } from '../liveness.ts';
import { linuxPids } from './process-table.ts';

export interface RunFiles {
  /** A process of the run: only what began after it is looked at. */
  since: number;
  /** As fileIdentity names them: what koubou itself opened for it. What lies at a name later may be anybody's. */
  given: ReadonlySet<string>;
  /** Whatever lies below it, too. */
  folder: string | null;
}

const PROC = '/proc';

/** Nobody who merely reads, as those who follow a log do. Empty where that cannot be seen. */
export const pidsWriting = (files: RunFiles): Set<number> => {
  if (process.platform !== 'linux') return new Set();
  const { folder, given } = files;
  const real = folder === null ? null : (attempt(() => realpathSync(folder)) ?? null);
  const isYounger = youngerThan(files.since);
  return new Set(linuxPids().filter((pid) => isYounger(pid) && isWriting(pid, given, real)));
};

/** Pids are given out in turn, so it takes no look at a process to know that it is older. */
const youngerThan = (since: number): ((pid: number) => boolean) => {
  const last = Number(
    attempt(() => readFileSync(`${PROC}/loadavg`, 'utf8'))
      ?.trim()
      .split(' ')
      .at(-1),
  );
  return last >= since ? (pid) => pid > since : (pid) => pid > since || pid <= last;
};

const isWriting = (pid: number, given: ReadonlySet<string>, folder: string | null): boolean => {
  const fds = pid === process.pid ? [] : (attempt(() => readdirSync(`${PROC}/${pid}/fd`)) ?? []);
  return fds.some((fd) => {
    const path = `${PROC}/${pid}/fd/${fd}`;
    const isOurs =
      given.has(attempt(() => fileIdentity(statSync(path, { bigint: true }))) ?? '') ||
      (folder !== null && attempt(() => readlinkSync(path))?.startsWith(`${folder}/`) === true);
    return isOurs && canWrite(pid, fd);
  });
};

/** As open(2) has it: the last two bits say how it was opened, 0 is for reading alone. */
const canWrite = (pid: number, fd: string): boolean => {
  const info = attempt(() => readFileSync(`${PROC}/${pid}/fdinfo/${fd}`, 'utf8')) ?? '';
  return (Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '0', 8) & 3) !== 0;
};

/** undefined: a device or a pipe, which is everybody's. */
export const fileIdentity = (facts: BigIntStats): string | undefined =>
  facts.isFile() ? `${facts.dev}:${facts.ino}` : undefined;

const attempt = <T>(look: () => T): T | undefined => {
  try {
    return look();
  } catch (error) {
    // To see nobody for want of descriptors is not to know that nobody is there.
    refuseToGuess(error);
    return undefined;
  }
};
