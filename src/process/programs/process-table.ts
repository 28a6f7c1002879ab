/** What runs on this machine now: what is needed to find everything that belongs to one run. */
import { readdirSync, readFileSync } from 'node:fs';
import { refuseToGuess } from '../liveness.ts';
import { SYSTEM_PATH } from './find-program.ts';

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  /** As startTimeOf gives it. */
  startTime: string;
}

const PROC = '/proc';
/** States of a process that does nothing any more. */
const GONE = ['Z', 'X'];

/** Every living process (zombies are not alive); what vanishes while it is read is left out. Throws where none can be seen now. */
export const processTable = (): ProcessEntry[] => (process.platform === 'linux' ? linuxTable() : psTable());

/** Of all processes that can be seen here. */
export const linuxPids = (proc = PROC): number[] =>
  readdirSync(proc)
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);

const linuxTable = (): ProcessEntry[] => {
  const table: ProcessEntry[] = [];
  for (const pid of linuxPids()) {
    const { 3: state = 'X', 4: parent, 5: group, 22: startTime } = statOf(PROC, pid);
    if (GONE.includes(state) || startTime === undefined) continue;
    table.push({ pid, parent: Number(parent), group: Number(group), startTime });
  }
  return table;
};

/** The fields by their numbers in proc_pid_stat(5), from 3 on; none for a process that is gone. */
const statOf = (proc: string, pid: number): (string | undefined)[] => {
  const stat = readProc(proc, pid, 'stat');
  if (stat === undefined) return [];
  // The name, field 2, may hold any character: its end is the last ")".
  return [undefined, undefined, undefined, ...stat.slice(stat.lastIndexOf(')') + 2).split(' ')];
};

const readProc = (proc: string, pid: number, file: string): string | undefined => {
  try {
    return readFileSync(`${proc}/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
};

const ps = (args: string[]): string[] => {
  try {
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    return execFileSync('ps', args, {
      encoding: 'utf8',
      env: { PATH: SYSTEM_PATH },
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

/**
 * Pids whose environment holds `KOUBOU_RUN=marker`, as far as this user may read environments. `proc`: for tests.
 */
export const pidsCarrying = (marker: string, proc = PROC): Set<number> => {
  const wanted = `KOUBOU_RUN=${marker}`;
  if (process.platform === 'linux') {
    return new Set(linuxPids(proc).filter((pid) => environmentOf(proc, pid).split('\0').includes(wanted)));
  }
  const pids = new Set<number>();
  for (const line of ps(['-axEwwo', 'pid=,command='])) {
    if (line.includes(wanted) && line.split(/\s+/).includes(wanted)) pids.add(Number.parseInt(line, 10));
  }
  return pids;
};

const EXEC_LOOKS = 200;
const EXEC_LOOK_MS = 1;

/** Empty where there is none, or none that this user may read. */
const environmentOf = (proc: string, pid: number): string => {
  const look = (): string | undefined => readProc(proc, pid, 'environ');
  let environment = look();
  // One that is becoming another program has none for a moment; taken for a stranger it would be left behind.
  for (let looks = 1; environment === '' && looks < EXEC_LOOKS; looks += 1) {
    const { 3: state = 'X', 23: memory, 50: environmentStart } = statOf(proc, pid);
    // A thread of the kernel has no memory.
    if (GONE.includes(state) || memory === '0') break;
    environment = look();
    if (environmentStart !== '0') break;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXEC_LOOK_MS);
  }
  return environment ?? '';
};
