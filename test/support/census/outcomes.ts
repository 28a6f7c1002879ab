/** How each run ended: every run once, every ended task for one reason, none more often than it was allowed. */
import { join } from 'node:path';
import type { CensusTask } from './places.ts';
import { json, type Reader } from './reader.ts';

type Fields = Record<string, unknown>;

export interface Allowed {
  /** Charged errors that are followed by another attempt, for a task that does not say it itself. */
  retries?: number;
  /** Deaths of a worker that are followed by another attempt. */
  workerLost?: number;
  /**
   * Tasks that were ended and run again by hand, once for each time. It leaves no trace in the home, so without
   * being told the census takes such a run for one too many; 'unknown' says that any may have been.
   */
  retried?: readonly string[] | 'unknown';
}

/** Ends of runs that charge nothing and after which the task goes on by itself. */
const DEATHS_AND_WAITS = [
  'worker_lost',
  'worker_stopped',
  'runner_unavailable',
  'endpoint_busy',
  'disk_full',
  'unknown',
];

export const dayOf = (id: string): string => `${id.slice(5, 9)}-${id.slice(9, 11)}-${id.slice(11, 13)}`;
const codeOf = (outcome: Fields): string => String((outcome['error'] as Fields | null)?.['code']);
const isCharged = (outcome: Fields): boolean => outcome['outcome'] === 'error' && outcome['charged'] === true;
const isEnd = (outcome: Fields): boolean =>
  !isCharged(outcome) && !(outcome['outcome'] === 'error' && DEATHS_AND_WAITS.includes(codeOf(outcome)));

/** One task's outcomes against its place. `task`: what its file says; undefined when it moved meanwhile. */
export const outcomeFaults = (
  home: string,
  reader: Reader,
  place: CensusTask,
  {
    task,
    working,
    times,
    allowed,
  }: { task: Fields | undefined; working: boolean; times: number; allowed: Allowed },
): string[] => {
  const { id, state, run } = place;
  const faults: string[] = [];
  const folder = join(home, 'results', dayOf(id), id);
  const outcomes = new Map<number, Fields>();
  for (const name of reader.names(folder)) {
    const number = Number(/^run-(\d+)\./.exec(name)?.[1] ?? 0);
    // While it is worked on it may have gone on since its place was seen.
    if (number > run && !working && !isEmpty(reader, join(folder, name))) {
      faults.push(`${id} is ${state} with run ${run} and has ${name}`);
    }
    if (number === 0 || number > run || !/^run-\d+\.json$/.test(name)) continue;
    const outcome = json(reader, join(folder, name));
    if (outcome === undefined) continue;
    if (outcome === 'torn' || outcome['attempt'] !== number || outcome['task_id'] !== id) {
      faults.push(`${id}: torn ${name}`);
    } else outcomes.set(number, outcome);
  }
  for (const name of reader.names(join(folder, 'late'))) {
    const number = Number(/^run-(\d+)\./.exec(name)?.[1] ?? 0);
    if (!outcomes.has(number) && !working) faults.push(`${id}: late/${name}, and no outcome was first`);
  }
  const ended = state === 'completed' || state === 'failed';
  for (let number = 1; number <= run; number += 1) {
    if (outcomes.has(number)) continue;
    if (number === run && state === 'in_progress') continue;
    if (number === run && state === 'failed' && working && isBeingEnded(home, reader, id, run)) continue;
    faults.push(`${id} is ${state} with run ${run}, and run ${number} has no outcome`);
  }
  const last = outcomes.get(run);
  if (ended && last !== undefined) faults.push(...reasonFaults(place, last));
  if (state === 'completed' && last !== undefined) faults.push(...outputFaults(place, last, folder, reader));
  const order = [...outcomes].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
  return task === undefined ? faults : [...faults, ...budgetFaults(place, order, { task, times, allowed })];
};

// A worker that could not begin a run had made ready for it.
const isEmpty = (reader: Reader, path: string): boolean => reader.exists(path) && reader.text(path) === '';

// Without a run its outcome is written in tmp, the task is moved, the outcome published from there: once the file in
// tmp is gone the outcome is there.
const isBeingEnded = (home: string, reader: Reader, id: string, run: number): boolean => {
  const tmp = join(home, 'tasks/tmp');
  const isWritten = reader.names(tmp).some((name) => {
    const outcome = name.endsWith('.outcome') ? json(reader, join(tmp, name)) : undefined;
    return typeof outcome === 'object' && outcome['task_id'] === id && outcome['attempt'] === run;
  });
  return isWritten || reader.exists(join(home, 'results', dayOf(id), id, `run-${run}.json`));
};

const reasonFaults = ({ id, state }: CensusTask, { outcome, error }: Fields): string[] => {
  if (state === 'completed') {
    return outcome === 'success' && error === null ? [] : [`${id} completed without success`];
  }
  const { code, message } = (error ?? {}) as Fields;
  const said =
    outcome === 'error' && [code, message].every((text) => typeof text === 'string' && text !== '');
  return said ? [] : [`${id} failed without a reason`];
};

const outputFaults = ({ id, run }: CensusTask, last: Fields, folder: string, reader: Reader): string[] => {
  const bytes = last['output_bytes'];
  if (typeof bytes !== 'number') return [];
  const path = join(folder, `run-${run}.output`);
  const there = reader.exists(path) ? Buffer.byteLength(reader.text(path)) : null;
  return there === bytes ? [] : [`${id}: the result of run ${run} has ${there} bytes of ${bytes}`];
};

/** Charged errors never exceed what was allowed, runs never those and one for each death or wait. */
const budgetFaults = (
  { id, state, run, base }: CensusTask,
  outcomes: readonly Fields[],
  { task, times, allowed }: { task: Fields; times: number; allowed: Allowed },
): string[] => {
  if (allowed.retried === 'unknown' && base === null) return [];
  const faults: string[] = [];
  const counted = outcomes.filter((outcome) => Number(outcome['attempt']) > (base ?? 0));
  // A waiting task's name tells what counts; an ended one's does not, so all that it was given is added up.
  const rounds = base === null ? times + 1 : 1;
  const options = (task['options'] ?? {}) as Fields;
  const retries = typeof options['retries'] === 'number' ? options['retries'] : (allowed.retries ?? 2);
  const charged = counted.filter(isCharged).length;
  if (charged > (retries + 1) * rounds) {
    faults.push(`${id} was charged ${charged} errors, and ${(retries + 1) * rounds} were allowed`);
  }
  const deaths = counted.filter((outcome) => codeOf(outcome) === 'worker_lost').length;
  if (deaths > ((allowed.workerLost ?? 10) + 1) * rounds) faults.push(`${id} lost ${deaths} workers`);
  // A worker publishes the end of a run a moment before it moves the task.
  const mayBeEnd = base === null || state === 'in_progress';
  const early = counted.filter((outcome) => isEnd(outcome) && !(mayBeEnd && outcome['attempt'] === run));
  if (early.length > rounds - 1) {
    const how = early.map((outcome) => (outcome['outcome'] === 'success' ? 'success' : codeOf(outcome)));
    faults.push(`${id} went on after it had ended (${how.join(', ')}), and nobody retried it`);
  }
  return faults;
};
