/** A committed batch: carried on by its creator, or by whoever sweeps after the creator's death. */
import { join } from 'node:path';
import { listOrNone, unlessCode } from '../disk/disk.ts';
import type { QueueContext } from '../layout/context.ts';
import { ensureDayFolders, ensureFolder, locate } from '../layout/locate.ts';
import { readTask } from '../tasks/read.ts';
import { type FirstState, publishTask } from '../tasks/transition.ts';

const BATCH_FILE = /^(pending|delayed|blocked)@(?:\d{13}-)?\d{2}-(task_[0-9a-z_]+)\./;

/**
 * Moves a committed batch's files to where they belong; any number of processes may do so at once. One whose key
 * another task has taken meanwhile is dropped.
 */
export const moveCommitted = async (context: QueueContext, committed: string): Promise<void> => {
  const { disk, layout, step } = context;
  const touched = new Set<string>();
  for (const file of await listOrNone(disk, committed)) {
    const match = BATCH_FILE.exec(file);
    if (match === null) continue;
    const [, state, id] = match as unknown as [string, FirstState, string];
    const from = join(committed, file);
    const read = await readTask(context, from, id);
    if ('gone' in read) continue;
    const key = 'task' in read ? read.task.key : null;
    if (key !== null && !(await takeKeyFor(context, from, key))) {
      await unlessCode(['ENOENT'], () => disk.unlink(from));
      continue;
    }
    if (key !== null) step('batch.key_linked');
    if (await isPublished(context, from, id, key)) {
      await unlessCode(['ENOENT'], () => disk.unlink(from));
      continue;
    }
    await ensureDayFolders(context, id);
    const folder = layout[state];
    const place = { state, folder, path: join(folder, file.slice(state.length + 1)) };
    await unlessCode(['ENOENT'], () => publishTask(context, from, place));
    touched.add(folder);
    step('batch.moved');
  }
  await Promise.all([...touched].map((folder) => disk.syncFolder(folder)));
  await unlessCode(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => disk.removeFolder(committed));
};

/** Whether it has its place already, and is only shown under its old name as well. */
const isPublished = async (
  context: QueueContext,
  file: string,
  id: string,
  key: string | null,
): Promise<boolean> => {
  const links = (await context.disk.facts(file))?.links ?? 0;
  return links > (key === null ? 1 : 2) && (await locate(context, id)) !== undefined;
};

/** Whether the key is this very file's now (it may have been before). */
const takeKeyFor = async (context: QueueContext, file: string, key: string): Promise<boolean> => {
  const { disk, layout } = context;
  const { folder, path } = layout.key(key);
  await ensureFolder(context, layout.keys, folder);
  if (!(await unlessCode(['EEXIST', 'ENOENT'], () => disk.link(file, path)))) {
    const [ours, holder] = [await disk.facts(file), await disk.facts(path)];
    if (ours === undefined) return true;
    if (ours.inode !== holder?.inode) return false;
  }
  // Also when another one linked it, who may have died before that: a task must not outlive its key.
  await disk.syncFolder(folder);
  return true;
};
