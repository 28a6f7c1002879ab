/** What the tasks that another one waits for have come to, as their files lie. */
import { isEnded } from '../../../task/lifecycle.ts';
import { type Parent, type ParentsState, parentsState } from '../../../task/parents.ts';
import type { TaskFile } from '../../../task/record.ts';
import type { QueueContext } from '../layout/context.ts';
import { locate } from '../layout/locate.ts';
import { UNSEALED } from '../layout/seal.ts';
import { readTask } from './read.ts';

export const parentsOf = (
  context: QueueContext,
  task: Pick<TaskFile, 'after' | 'after_any'>,
): Promise<ParentsState> => parentsState(task, (id) => look(context, id));

/** Whoever can put a file among the ended tasks must not have others begin by it. */
const look = async (context: QueueContext, id: string): Promise<Parent> => {
  const place = await locate(context, id);
  if (place === undefined) return undefined;
  const { state } = place;
  const read = isEnded(state) ? await readTask(context, place.path, id) : undefined;
  const isForeign = read !== undefined && 'bad' in read && read.bad === UNSEALED;
  return isForeign ? { state, distrusted: `cannot be relied on: ${UNSEALED}` } : { state };
};
