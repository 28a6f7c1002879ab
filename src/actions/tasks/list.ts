/** Chooses tasks to show. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import type { ListFilter } from '../../queue/queue.ts';
import type { TaskType } from '../../task/fields/types.ts';
import { PART_STATES, STATES, STATUSES, type State, statusOf } from '../../task/lifecycle.ts';
import type { ListDocument } from '../documents/queue.ts';
import { CUT_AMONG_MANY, cutRecord } from './cut-record.ts';

export const LISTED: readonly (State | 'quarantined')[] = [...STATUSES, ...PART_STATES, 'quarantined'];

/** As a record's status says it: what is delayed or blocked is pending too. */
const statesOf = (listed: State): readonly State[] =>
  STATES.filter((state) => state === listed || statusOf(state) === listed);

export interface ListOptions {
  status?: State | 'quarantined' | undefined;
  type?: TaskType | undefined;
  labels: Readonly<Record<string, string>>;
  limit: number;
  /** Wall-clock milliseconds. */
  sinceMs?: number | undefined;
  unread: boolean;
}

/** Newest first, as the caller may see them, with long texts cut. */
export const listTasks = async (
  { queue, view, caller }: Pick<App, 'queue' | 'view' | 'caller'>,
  options: ListOptions,
): Promise<ListDocument> => {
  requireAllowed(caller, 'read', { undone: 'Nothing was shown.' });
  const { status, type, labels, limit, sinceMs, unread } = options;
  if (status === 'quarantined') {
    const all = (await queue.inbox?.quarantined()) ?? [];
    const recent = all.filter(({ at }) => sinceMs === undefined || Date.parse(at) >= sinceMs);
    recent.sort((a, b) => (a.at < b.at ? 1 : -1));
    return { tasks: [], quarantined: recent.slice(0, limit) };
  }
  const filter: ListFilter = {
    labels,
    limit,
    unread,
    ...(status === undefined ? {} : { states: statesOf(status) }),
    ...(type === undefined ? {} : { type }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
  const records = await view.records(await queue.list(filter));
  return { tasks: records.map((record) => cutRecord(record, CUT_AMONG_MANY)) };
};
