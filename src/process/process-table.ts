/** What runs on this machine now: what is needed to find everything that belongs to one run. */
import { readdirSync, readFileSync } from 'node:fs';
import { refuseToGuess } from './liveness.ts';

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  /** As startTimeOf gives it. */
  startTime: string;
}

/** Every living process (zombies are not alive); what vanishes while it is read is left out. Throws where none can be seen now. */
export const processTable = (): ProcessEntry[] => (process.platform === 'linux' ? linuxTable() : psTable());

const linuxPids = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);

const linuxTable = (): ProcessEntry[] => {
  const table: ProcessEntry[] = [];
  for (const pid of linuxPids()) {
    const stat = readProc(pid, 'stat');
    if (stat === undefined) continue;
    // proc_pid_stat(5), from field 3 on: the name before it may hold any character but its last ")".
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent, group] = fields;
    const startTime = fields[19];
    if (state === 'Z' || state === 'X' || startTime === undefined) continue;
    table.push({ pid, parent: Number(parent), group: Number(group), startTime });
  }
  return table;
};

const readProc = (pid: number, file: string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    refuseToGuess(error);
    return undefined;
  }
};

const ps = (args: string[]): string[] => {
  try {
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    return execFileSync('ps', args, {
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n');
  } catch (error) {
    refuseToGuess(error);
    return [];
  }
};

const psTable = (): ProcessEntry[] => {
  const table: ProcessEntry[] = [];
  for (const line of ps(['-axo', 'pid=,ppid=,pgid=,stat=,lstart='])) {
    const [pid, parent, group, state, ...start] = line.trim().split(/\s+/);
    if (state === undefined || state.startsWith('Z')) continue;
    table.push({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      startTime: start.join('_'),
    });
  }
  return table;
};

/** Pids whose environment holds `KOUBOU_RUN=marker`, as far as this user may read environments. */
export const pidsCarrying = (marker: string): Set<number> => {
  const wanted = `KOUBOU_RUN=${marker}`;
  const pids = new Set<number>();
  if (process.platform === 'linux') {
    for (const pid of linuxPids()) {
      if (readProc(pid, 'environ')?.split('\0').includes(wanted)) pids.add(pid);
    }
    return pids;
  }
  for (const line of ps(['-axEwwo', 'pid=,command='])) {
    if (line.includes(wanted) && line.split(/\s+/).includes(wanted)) pids.add(Number.parseInt(line, 10));
  }
  return pids;
};
