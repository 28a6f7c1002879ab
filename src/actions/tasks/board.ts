/** What is going on in a home: what `koubou status` shows. */
import type { Counts, Queue, WorkerInfo } from '../../queue/queue.ts';
import type { TaskRecord } from '../../task/record.ts';
import { listWorktrees, type WorktreeRecord } from '../../worktree/record.ts';

export interface Board {
  counts: Counts;
  running: TaskRecord[];
  workers: WorkerInfo[];
  /** The newest failed tasks, newest first. */
  failures: TaskRecord[];
  /** Those that were neither applied nor discarded, or that hold more than what was. */
  worktrees: BoardWorktree[];
}

export type BoardWorktree = Pick<WorktreeRecord, 'task_id' | 'path' | 'branch' | 'repository' | 'state'>;

const FAILURES_SHOWN = 5;
const FAILURES_READ = 4 * FAILURES_SHOWN;

/** Opens the files of running tasks and of a few failed ones; all else is counted by names. */
export const readBoard = async (queue: Queue, home: string): Promise<Board> => {
  const counts = await queue.counts();
  const workers = await queue.workers();
  return {
    counts,
    workers,
    running: counts.in_progress === 0 ? [] : await queue.list({ states: ['in_progress'] }),
    failures: counts.failed === 0 ? [] : await lastFailures(queue),
    worktrees: (await listWorktrees(home)).map(({ task_id, path, branch, repository, state }) => ({
      task_id,
      path,
      branch,
      repository,
      state,
    })),
  };
};

/** What somebody cancelled is no news to anybody. */
const lastFailures = async (queue: Queue): Promise<TaskRecord[]> => {
  const newest = await queue.list({ states: ['failed'], limit: FAILURES_READ });
  return newest.filter(({ result }) => result?.error?.code !== 'cancelled').slice(0, FAILURES_SHOWN);
};

/** Equal for two boards between which only time passed. */
export const boardSignature = ({ counts, running, workers, failures, worktrees }: Board): string =>
  JSON.stringify([
    counts,
    running.map(({ task_id, attempts, waiting }) => [task_id, attempts.length, waiting]),
    workers.map(({ worker_id, status, slots, notes, down }) => [worker_id, status, slots, notes, down]),
    failures.map(({ task_id, attempts }) => [task_id, attempts.length]),
    worktrees.map(({ task_id, state }) => [task_id, state]),
  ]);
