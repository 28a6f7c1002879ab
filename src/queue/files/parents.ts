/** What the tasks that another one waits for have come to. */
import { isEnded } from '../../task/lifecycle.ts';
import type { TaskFile } from '../../task/record.ts';
import type { QueueContext } from './context.ts';
import type { Place } from './layout.ts';
import { locate } from './locate.ts';
import { readTask } from './read.ts';
import { UNSEALED } from './seal.ts';

export type ParentsState =
  | { kind: 'met' }
  | { kind: 'unmet' }
  | { kind: 'failed'; parent: string; why: string };

/** `after` wants every parent completed; `after_any` only wants every parent ended, however. */
export const parentsState = async (
  context: QueueContext,
  task: Pick<TaskFile, 'after' | 'after_any'>,
): Promise<ParentsState> => {
  let unmet = false;
  for (const parent of task.after) {
    const place = await locate(context, parent);
    if (place === undefined) return { kind: 'failed', parent, why: 'no longer exists' };
    if (place.state === 'failed') return { kind: 'failed', parent, why: 'failed' };
    if (place.state !== 'completed') unmet = true;
    else if (await isForeign(context, place)) return { kind: 'failed', parent, why: FOREIGN };
  }
  for (const parent of task.after_any) {
    const place = await locate(context, parent);
    if (place === undefined) continue;
    if (!isEnded(place.state)) unmet = true;
    else if (await isForeign(context, place)) return { kind: 'failed', parent, why: FOREIGN };
  }
  return unmet ? { kind: 'unmet' } : { kind: 'met' };
};

/** Whoever can put a file among the ended tasks must not have others begin by it. */
const isForeign = async (context: QueueContext, { path, id }: Place): Promise<boolean> => {
  const read = await readTask(context, path, id);
  return 'bad' in read && read.bad === UNSEALED;
};

const FOREIGN = `cannot be relied on: ${UNSEALED}`;
