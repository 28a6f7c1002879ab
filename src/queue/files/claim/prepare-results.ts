/** Where a run puts what it makes: fresh files in folders of the home, whatever lay there before. */

import { isDiskFull, unlessCode } from '../disk/disk.ts';
import { removeAny } from '../disk/moves.ts';
import type { QueueContext } from '../layout/context.ts';
import type { TaskName } from '../layout/names.ts';
import { quarantine } from '../layout/quarantine.ts';
import { ensureResultFolder } from '../tasks/outcome.ts';

/** What a run writes to is opened by name later on: a link there would have it write elsewhere. */
export const prepareResults = async (
  context: QueueContext,
  { id, run }: Pick<TaskName, 'id' | 'run'>,
): Promise<void> => {
  const { disk, layout } = context;
  await ensureResultFolder(context, id);
  for (const kind of ['log', 'output', 'state', 'patch', 'refused'] as const) {
    const path = layout.artifact(id, run, kind);
    if ((await disk.facts(path)) !== undefined) await clear(context, path, `${id}.run-${run}.${kind}`);
  }
  try {
    // They only mark the start and save an inode later: whoever writes to them makes them where it can.
    await unlessCode(['EEXIST'], () => disk.create(layout.artifact(id, run, 'log'), '', false));
    await unlessCode(['EEXIST'], () => disk.create(layout.artifact(id, run, 'output'), '', false));
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
};

// No run of this number has begun, so nothing of it can be there.
const clear = async (context: QueueContext, path: string, name: string): Promise<void> => {
  const { disk } = context;
  await removeAny(disk, path);
  if ((await disk.facts(path)) === undefined) return;
  await quarantine(context, path, name, 'it lay where a run was to put its result');
};
