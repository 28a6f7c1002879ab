/** Where each task lies. */
import fs from 'node:fs';
import { join } from 'node:path';
import { json, orNone, type Reader } from './reader.ts';

export interface CensusTask {
  id: string;
  state: string;
  /** Runs that were started; the last outcome's number. */
  run: number;
  /** The run after which errors count; null for an ended task, whose name does not say it. */
  base: number | null;
  path: string;
  /** The folder of in_progress that it lies in. */
  worker: string | null;
}

/** The states that a task does not leave by itself. */
export const ENDED_STATES: readonly string[] = ['completed', 'failed'];
export const SLOT = /^slot-\d\d$/;
const WAITING = /^(?:\d{13}-)?\d\d-(task_\d{8}_\d{6}_\d{6}_[0-9a-z]{4})\.r(\d+)\.b(\d+)\.json$/;
const ENDED = /^(task_\d{8}_\d{6}_\d{6}_[0-9a-z]{4})\.r(\d+)\.json$/;

interface Scan {
  /** Every place in the order of the way through the states, so that a task that moves on is seen late, not never. */
  seen: CensusTask[];
  workers: string[];
  /** What lies where tasks do and is none. */
  strangers: string[];
}

const scan = (home: string, reader: Reader): Scan => {
  const found: Scan = { seen: [], workers: [], strangers: [] };
  const see = (state: string, folder: string, form: RegExp, worker: string | null = null): void => {
    for (const name of reader.names(folder)) {
      if (worker !== null && name.startsWith('permit@')) continue;
      const match = form.exec(name);
      if (match === null) {
        found.strangers.push(`${state} has ${name}`);
        continue;
      }
      const [, id = '', run = '', base] = match;
      const counts = base === undefined ? null : Number(base);
      found.seen.push({ id, state, run: Number(run), base: counts, path: join(folder, name), worker });
    }
  };
  const tasks = join(home, 'tasks');
  for (const state of ['blocked', 'delayed', 'pending']) see(state, join(tasks, state), WAITING);
  for (const name of reader.names(join(tasks, 'in_progress'))) {
    const folder = join(tasks, 'in_progress', name);
    if (!SLOT.test(name)) found.workers.push(name);
    see('in_progress', folder, WAITING, name);
  }
  for (const state of ENDED_STATES) {
    for (const day of reader.names(join(tasks, state))) see(state, join(tasks, state, day), ENDED);
  }
  return found;
};

/** Looks again so often for a task that is moved while it is looked for: it is somewhere else each time. */
const LOOKS = 20;

export interface Places extends Omit<Scan, 'seen'> {
  tasks: Map<string, CensusTask>;
  faults: string[];
}

/** Each acknowledged task in exactly one place. `working`: tasks are moved meanwhile. */
export const placesOf = (
  home: string,
  reader: Reader,
  acknowledged: readonly string[],
  working: boolean,
): Places => {
  const faults: string[] = [];
  const tasks = new Map<string, CensusTask>();
  const first = scan(home, reader);
  const take = ({ seen }: Scan): void => {
    for (const task of seen) {
      const before = tasks.get(task.id);
      // What was found in an earlier scan has only moved on.
      if (before !== undefined && seen.includes(before) && isDoubled(before, task, reader, working)) {
        faults.push(`${task.id} is in ${before.state} and in ${task.state}`);
      }
      tasks.set(task.id, task);
    }
  };
  take(first);
  const missing = (): string[] => acknowledged.filter((id) => !tasks.has(id));
  for (let look = 1; working && look < LOOKS && missing().length > 0; look += 1) take(scan(home, reader));
  const aside = reader.names(join(home, 'tasks/quarantine'));
  for (const id of missing()) {
    faults.push(`${id} is lost${aside.some((name) => name.includes(id)) ? ': it lies in quarantine' : ''}`);
  }
  return { tasks, faults, workers: first.workers, strangers: first.strangers };
};

// One that is moved while the folders are read is seen at two places. Its file is never written anew, so two files are
// one too many at any time, and one file has no more names than its place and its key.
const isDoubled = (one: CensusTask, other: CensusTask, reader: Reader, working: boolean): boolean => {
  if (!working) return true;
  const [first, second] = [one, other].map(({ path }) => orNone(() => fs.lstatSync(path)));
  if (first === undefined || second === undefined) return false;
  if (first.ino !== second.ino) return true;
  const task = json(reader, other.path);
  return task !== undefined && task !== 'torn' && second.nlink > (typeof task['key'] === 'string' ? 2 : 1);
};
