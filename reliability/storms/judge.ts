/** What must hold of a home when a storm is over and all its tasks were worked off. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKER_LOST_BUDGET } from '../../src/route/plan.ts';
import type { TaskRecord } from '../../src/task/record.ts';
import { census } from '../../test/support/census/census.ts';
import type { Daemons } from '../../test/support/koubou/daemon.ts';
import { type Trace, traceFaults } from './trace.ts';

export interface Judged {
  records: TaskRecord[];
  faults: string[];
  /** Runs whose worker died. */
  lost: number;
  /** Tasks that lost as many workers as a task may, and those that waited for one. */
  givenUp: number;
}

/** Runs that may be followed by another one of a task that cannot fail by itself. */
const MAY_BE_FOLLOWED = ['worker_lost', 'worker_stopped'];

/** `ids`: tasks that cannot fail by themselves. `mayGiveUp`: so many workers die that some may be given up for it. */
export const judge = async (
  daemons: Daemons,
  ids: readonly string[],
  trace: Trace,
  mayGiveUp = false,
): Promise<Judged> => {
  const { faults } = census(daemons.home.home, { acknowledged: ids });
  const wanted = new Set(ids);
  const records = (await daemons.queue.list({})).filter(({ task_id }) => wanted.has(task_id));
  if (records.length !== wanted.size) faults.push(`${wanted.size - records.length} tasks are not listed`);
  const givenUp = new Set<string>();
  // Parents first: ids begin with the time.
  records.sort((a, b) => (a.task_id < b.task_id ? -1 : 1));
  for (const record of mayGiveUp ? records : []) if (isGivenUp(record, givenUp)) givenUp.add(record.task_id);
  for (const { task_id, status, attempts } of records) {
    if (status !== 'completed' && !givenUp.has(task_id))
      faults.push(`${task_id} is ${status}: ${JSON.stringify(attempts.at(-1))}`);
    for (const { attempt, outcome, error } of attempts.slice(0, -1)) {
      if (outcome !== 'error' || !MAY_BE_FOLLOWED.includes(error?.code ?? '')) {
        faults.push(`${task_id} was run again after run ${attempt}: ${error?.code ?? outcome}`);
      }
    }
  }
  faults.push(...traceFaults(trace.lines(), records), ...records.flatMap(resultFaults));
  faults.push(...records.flatMap((record) => worktreeFaults(daemons.home.home, record)));
  const lost = records
    .flatMap(({ attempts }) => attempts)
    .filter(({ error }) => error?.code === 'worker_lost');
  return { records, faults, lost: lost.length, givenUp: givenUp.size };
};

/** `before`: those of the tasks that were added earlier. */
const isGivenUp = ({ attempts, result, after }: TaskRecord, before: ReadonlySet<string>): boolean => {
  const code = result?.error?.code;
  const lost = attempts.filter(({ error }) => error?.code === 'worker_lost').length;
  if (code === 'worker_lost') return lost === WORKER_LOST_BUDGET + 1;
  return code === 'dependency_failed' && after.some((id) => before.has(id));
};

/** What task.sh prints, and what it writes, says which run it was: the result has to be that of the run that counts. */
const resultFaults = ({ task_id, type, options, attempts, result, cwd }: TaskRecord): string[] => {
  const last = attempts.at(-1);
  if (type === 'general' || last?.outcome !== 'success') return [];
  const wanted = `${last.worker_id}/${task_id}.r${last.attempt}\n`;
  const { output, worktree } = options;
  const file = `${task_id}.txt`;
  const found: Record<string, string | null> = {
    result: result?.output ?? null,
    output: output === undefined ? wanted : read(output),
    [file]: worktree === true ? committed(cwd, `koubou/${task_id}:${file}`) : read(join(cwd, file)),
  };
  return Object.entries(found)
    .filter(([, text]) => text !== wanted)
    .map(([where, text]) => `${task_id}: ${where} is ${JSON.stringify(text)} and not of run ${last.attempt}`);
};

/** By its record the work is applied and the worktree removed. */
const worktreeFaults = (home: string, { task_id, options, attempts }: TaskRecord): string[] => {
  const last = attempts.at(-1);
  if (options.worktree !== true || last?.outcome !== 'success') return [];
  const text = read(join(home, 'worktrees', `${task_id}.json`)) ?? '{}';
  const { run, made } = JSON.parse(text) as { run?: number; made?: object };
  if (run === last.attempt && made !== undefined) return [];
  return [`${task_id}: the record of its worktree is of run ${run} and not of run ${last.attempt}`];
};

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

const committed = (repository: string, what: string): string | null => {
  try {
    return execFileSync('git', ['show', what], {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return null;
  }
};
