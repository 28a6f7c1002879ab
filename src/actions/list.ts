/** Chooses tasks to show. */
import type { ListFilter, Quarantined, Queue } from '../queue/queue.ts';
import type { State } from '../task/lifecycle.ts';
import type { TaskRecord, TaskType } from '../task/record.ts';

export const LISTED = [
  'pending',
  'in_progress',
  'completed',
  'failed',
  'delayed',
  'blocked',
  'quarantined',
] as const;

/** As a record's status says it: what is delayed or blocked is pending too. */
const STATES: Readonly<Record<Exclude<(typeof LISTED)[number], 'quarantined'>, readonly State[]>> = {
  pending: ['pending', 'delayed', 'blocked'],
  delayed: ['delayed'],
  blocked: ['blocked'],
  in_progress: ['in_progress'],
  completed: ['completed'],
  failed: ['failed'],
};

export interface ListWish {
  status?: (typeof LISTED)[number] | undefined;
  type?: TaskType | undefined;
  labels: Readonly<Record<string, string>>;
  limit: number;
  /** Wall-clock milliseconds. */
  sinceMs?: number | undefined;
  unread: boolean;
}

export interface Listed {
  records: TaskRecord[];
  /** Only where it was asked for: what could not be read as a task has no record. */
  quarantined?: Quarantined[];
}

/** Newest first. */
export const listTasks = async (queue: Queue, wish: ListWish): Promise<Listed> => {
  const { status, type, labels, limit, sinceMs, unread } = wish;
  if (status === 'quarantined') {
    const all = (await queue.inbox?.quarantined()) ?? [];
    const recent = all.filter(({ at }) => sinceMs === undefined || Date.parse(at) >= sinceMs);
    recent.sort((a, b) => (a.at < b.at ? 1 : -1));
    return { records: [], quarantined: recent.slice(0, limit) };
  }
  const filter: ListFilter = {
    labels,
    limit,
    unread,
    ...(status === undefined ? {} : { states: STATES[status] }),
    ...(type === undefined ? {} : { type }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
  return { records: await queue.list(filter) };
};
