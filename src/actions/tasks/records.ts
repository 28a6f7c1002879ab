/** Tasks as they are now: one alone, or several together. */
import type { View } from '../../app/withhold.ts';
import { KoubouError } from '../../errors.ts';
import type { Queue } from '../../queue/queue.ts';
import type { OneOrMany, TaskDocument } from '../documents/task.ts';
import { CUT_AMONG_MANY, cutRecord } from './cut-record.ts';

/**
 * With long texts cut. `alone`: the first of them by itself. Tasks that are gone are left out; throws `no_such_task` where
 * that leaves none to stand alone.
 */
export const recordsDocument = async (
  { queue, view }: { queue: Pick<Queue, 'get'>; view: View },
  ids: readonly string[],
  alone = ids.length === 1,
): Promise<OneOrMany> => {
  const records: TaskDocument[] = [];
  for (const id of ids) {
    const record = await queue.get(id);
    if (record !== undefined) records.push(cutRecord(await view.record(record), CUT_AMONG_MANY));
  }
  return oneOrMany(records, alone);
};

/** `alone`: the first of them by itself. Throws `no_such_task` where there is none. */
export const oneOrMany = (tasks: TaskDocument[], alone = tasks.length === 1): OneOrMany => {
  if (!alone) return { tasks };
  const [record] = tasks;
  if (record === undefined) throw new KoubouError('no_such_task', 'There is no such task any more.');
  return record;
};

/** Whether the caller was not shown all of it. */
export const isWithheld = (document: OneOrMany): boolean =>
  ('tasks' in document ? document.tasks : [document]).some(({ withheld }) => withheld);
