/** Changes how many tasks running daemons take at a time. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { KoubouError } from '../../errors.ts';
import { action, field, say } from '../../say/say.ts';
import type { ScaleDocument } from '../documents/queue.ts';

/**
 * Tells every daemon, or the one whose id contains `worker`. They obey at their next beat. Throws `usage` where
 * the bounds make no sense or `worker` fits none or several, `conflict` where none runs; then none was told.
 */
export const scaleWorkers = async (
  { queue, caller }: Pick<App, 'queue' | 'caller'>,
  { min, max, worker }: { min: number; max: number; worker?: string | undefined },
): Promise<ScaleDocument> => {
  requireAllowed(caller, 'work', { undone: 'Nothing was changed.' });
  if (min > max) {
    throw new KoubouError('usage', `The least, ${min}, is more than the most, ${max}; nothing was changed.`, {
      hint: say`Give the smaller number first: ${action('workers scale', '1', '4')}.`,
    });
  }
  const ids = (await queue.workers()).map(({ worker_id }) => worker_id);
  if (ids.length === 0) {
    throw new KoubouError('conflict', 'No worker is running; nothing was changed.', {
      hint: say`Start one with ${action('work', field('min', `${min}`), field('max', `${max}`))}.`,
    });
  }
  const chosen = worker === undefined ? ids : [theOne(ids, worker)];
  for (const id of chosen) await queue.sendMessage(id, { min, max });
  return { workers: chosen.map((worker_id) => ({ worker_id, min, max })) };
};

const theOne = (ids: readonly string[], part: string): string => {
  const fitting = ids.filter((id) => id === part || id.includes(part) || shortForm(id) === part);
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const how = only === undefined ? 'No running worker is called' : 'Several running workers are called';
  throw new KoubouError('usage', `${how} ${part}; nothing was changed.`, {
    hint: `There ${ids.length === 1 ? 'is' : 'are'}: ${(only === undefined ? ids : fitting).join(', ')}`,
  });
};

/** LABEL-PID, as `koubou workers` shows it. */
const shortForm = (id: string): string => id.replace(/-[0-9a-f]{8}-(\d+)-[^-]+-[0-9a-f]+$/, '-$1');
