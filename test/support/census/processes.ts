/** What runs on this machine for the tasks of a home. Linux only: elsewhere nothing is found. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { CensusTask } from './places.ts';
import { disk, json, orNone } from './reader.ts';

// proc_pid_stat(5): after the last ")" come the state and, 19 fields on, the start time.
const startOf = (pid: number | string): string | undefined => {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
};

/** The workers of a home whose process lives on this machine. */
export const livingWorkers = (home: string): string[] => {
  const boot = orNone(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  return disk.names(join(home, 'run')).flatMap((name) => {
    if (!name.endsWith('.json')) return [];
    const about = json(disk, join(home, 'run', name));
    if (about === undefined || about === 'torn' || about['bootId'] !== boot) return [];
    return startOf(Number(about['pid'])) === about['startTime'] ? [name.slice(0, -'.json'.length)] : [];
  });
};

export interface Child {
  pid: string;
  start: string;
  worker: string;
  id: string;
  run: number;
}

/** Every process that carries a run's marker, of any home. */
export const children = (): Child[] =>
  disk.names('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    const start = startOf(pid);
    let environment: string;
    try {
      environment = fs.readFileSync(`/proc/${pid}/environ`, 'latin1');
    } catch {
      // Gone meanwhile, or another user's.
      return [];
    }
    const match = /(?:^|\0)KOUBOU_RUN=([^\0/]*)\/(task_[0-9a-z_]+)\.r(\d+)(?:\0|$)/.exec(environment);
    if (match === null || start === undefined) return [];
    const [, worker = '', id = '', run = ''] = match;
    return [{ pid, start, worker, id, run: Number(run) }];
  });

/**
 * Processes of tasks that are not running. `before`: those that ran before the tasks were looked for, so that what
 * ended or began meanwhile counts for nothing. `workers`: of this home; null while it is worked in, when a task may be
 * missed that is moved.
 */
export const childFaults = (
  before: readonly Child[],
  tasks: ReadonlyMap<string, CensusTask>,
  workers: readonly string[] | null,
): string[] =>
  before.flatMap(({ pid, start, worker, id, run }) => {
    const task = tasks.get(id);
    if (task === undefined && workers?.includes(worker) !== true) return [];
    if (task?.state === 'in_progress' && task.run === run && isHeldBy(task, worker, workers === null))
      return [];
    if (startOf(pid) !== start) return [];
    const where = task === undefined ? 'nowhere' : `${task.state} with run ${task.run}`;
    return [`process ${pid} runs for run ${run} of ${id}, which is ${where}`];
  });

// Whoever clears up after a dead worker takes its folder away before he ends what runs.
const isHeldBy = (task: CensusTask, worker: string, working: boolean): boolean =>
  task.worker === worker || (working && task.worker === `.reap-${worker}`);
