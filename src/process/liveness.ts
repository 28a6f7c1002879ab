/**
 * Whether a process that was recorded earlier still lives. A pid alone proves nothing (it is reused); a
 * pid with its start time and the machine's boot does. A blocked or stopped process is not dead.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isShortage, systemCode } from '../errors.ts';
import { SYSTEM_PATH } from './programs/find-program.ts';

export interface ProcessIdentity {
  bootId: string;
  pid: number;
  /** Opaque: equal for the same process, different for another with the same pid in one boot. */
  startTime: string;
  /** Pids mean the same only inside one namespace. */
  pidNamespace: string;
  hostId: string;
}

/** `elsewhere`: in another boot, on another host or in another pid namespace, where this process cannot look. */
export type Liveness = 'alive' | 'dead' | 'elsewhere';

const ABSENT = ['ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES', 'EPERM'];

// Any other error says nothing of whom was asked about.
const orNull = (look: () => string): string | null => {
  try {
    return look();
  } catch (error) {
    if (ABSENT.includes(systemCode(error) ?? '')) return null;
    throw error;
  }
};

const readText = (path: string): string | null => orNull(() => readFileSync(path, 'utf8').trim());

/** Rethrows what says nothing of whom was asked about: a living process must not look dead for want of a descriptor. */
export const refuseToGuess = (error: unknown): void => {
  if (isShortage(error)) throw error;
};

const output = (command: string, args: string[]): string | null => {
  try {
    // Only where there is no /proc; loading it would cost each short command on Linux.
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    return execFileSync(command, args, {
      encoding: 'utf8',
      env: { PATH: SYSTEM_PATH },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch (error) {
    refuseToGuess(error);
    return null;
  }
};

/** The start time of a living process; null when it is gone or a zombie. Throws where that cannot be seen now. */
export const startTimeOf = (pid: number): string | null =>
  process.platform === 'linux' ? linuxStartTime(pid) : psStartTime(pid);

// proc_pid_stat(5): after the last ")" come state (field 3) and, as field 22, the start time in ticks since boot.
const linuxStartTime = (pid: number): string | null => {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  if (state === 'Z' || state === 'X') return null;
  return fields[19] ?? null;
};

const psStartTime = (pid: number): string | null => {
  const line = output('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  if (line === null || line === '' || line.startsWith('Z')) return null;
  return line.replace(/^\S+\s+/, '').replaceAll(/\s+/g, '_');
};

const bootId = (): string =>
  readText('/proc/sys/kernel/random/boot_id') ?? output('sysctl', ['-n', 'kern.boottime']) ?? 'unknown-boot';

const pidNamespace = (): string => orNull(() => readlinkSync('/proc/self/ns/pid')) ?? 'host';

let own: ProcessIdentity | undefined;

/** This process, computed once. */
export const selfIdentity = (): ProcessIdentity => {
  own ??= {
    bootId: bootId(),
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? 'unknown',
    pidNamespace: pidNamespace(),
    hostId: readText('/etc/machine-id') || hostname(),
  };
  return own;
};

/**
 * What can be known of `other` from here. A boot id belongs to one machine's one boot, so the same boot id means the same
 * host. Of another boot nothing is known: it may be an earlier one of this machine, or one of a clone with the same
 * machine id.
 */
export const livenessOf = (
  other: ProcessIdentity,
  self: ProcessIdentity,
  startOf: (pid: number) => string | null = startTimeOf,
): Liveness => {
  if (other.bootId !== self.bootId) return 'elsewhere';
  if (other.pidNamespace !== self.pidNamespace) return 'elsewhere';
  return startOf(other.pid) === other.startTime ? 'alive' : 'dead';
};
