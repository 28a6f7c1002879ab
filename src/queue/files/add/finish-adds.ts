/** Clears up after creators that died in the middle of an add. */
import { join } from 'node:path';
import { systemCode } from '../../../errors.ts';
import { MAX_TASK_BYTES, parseTaskFile, type TaskFile } from '../../../task/record.ts';
import { BadFile, listOrNone, unlessCode } from '../disk/disk.ts';
import { moveFolder } from '../disk/moves.ts';
import { each } from '../disk/run-all.ts';
import { abandonedName, makerLives, type QueueContext } from '../layout/context.ts';
import { ensureDayFolders, locate } from '../layout/locate.ts';
import { parseTmpName } from '../layout/names.ts';
import { withoutOldNames } from '../layout/old-names.ts';
import { quarantine } from '../layout/quarantine.ts';
import { requireSeal, UNSEALED } from '../layout/seal.ts';
import { finishEnd } from '../tasks/outcome.ts';
import { firstPlace, publishTask } from '../tasks/transition.ts';
import { moveCommitted } from './batch.ts';

/** How many files were cleared or published. What a living process is making is left alone. */
export const sweepTmp = async (context: QueueContext): Promise<number> => {
  await withoutOldNames(context);
  let cleared = 0;
  const names = await listOrNone(context.disk, context.layout.tmp);
  const { forsaken } = context;
  for (const name of forsaken) if (!names.includes(name)) forsaken.delete(name);
  await each(
    names.map((name) => async () => {
      if (await sweepOne(context, name)) cleared += 1;
    }),
  );
  return cleared;
};

const sweepOne = async (context: QueueContext, name: string): Promise<boolean> => {
  const { disk, layout, step } = context;
  const creator = parseTmpName(name);
  if (creator === undefined) return false;
  if (!context.forsaken.has(name) && makerLives(context, name, creator)) return false;
  const path = join(layout.tmp, name);
  step('sweep.tmp_found');
  // What is not of the kind its name says is not ours.
  const facts = await disk.facts(path);
  if (facts?.kind !== (creator.kind === 'file' ? 'file' : 'folder')) return false;
  if (creator.kind === 'commit') {
    // Committed is acknowledged or about to be: it is carried on, never deleted.
    // Its creator may have died before that was on the device: no key may lead to a batch that was never there.
    await disk.syncFolder(layout.tmp);
    await moveCommitted(context, path);
  } else if (creator.kind === 'batch') {
    await clearFolder(context, path, name);
  } else {
    await clearFile(context, path, name);
  }
  return true;
};

// Taken away first: should its creator live all the same, it must not go on with a part of it.
const clearFolder = async (context: QueueContext, path: string, name: string): Promise<void> => {
  const { disk, layout } = context;
  const taken = join(layout.tmp, abandonedName(context, name));
  if (!(await unlessCode(['ENOENT'], () => moveFolder(disk, path, taken)))) return;
  for (const file of await listOrNone(disk, taken)) {
    await unlessCode(['ENOENT', 'EISDIR', 'EPERM'], () => disk.unlink(join(taken, file)));
  }
  await unlessCode(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => disk.removeFolder(taken));
};

const clearFile = async (context: QueueContext, found: string, name: string): Promise<void> => {
  const { disk, layout, step } = context;
  const isTask = name.endsWith('.json');
  const path = isTask ? join(layout.tmp, abandonedName(context, name)) : found;
  // Taken away first, too: its creator could give it a key just before it is removed.
  if (isTask && !(await unlessCode(['ENOENT'], () => disk.rename(found, path)))) return;
  const facts = await disk.facts(path);
  if (facts === undefined) return;
  if (name.endsWith('.outcome')) await finishEnd(context, path);
  const keyed = facts.links > 1 && isTask ? await readKeyed(context, path, facts.inode) : undefined;
  const task = await unlessPublished(context, keyed);
  if (task === 'unsealed') {
    await quarantine(context, path, name, UNSEALED);
    return;
  }
  if (task === undefined) {
    await unlessCode(['ENOENT'], () => disk.unlink(path));
    return;
  }
  const place = firstPlace(layout, task);
  await ensureDayFolders(context, task.task_id);
  // Its creator may have died before that: a task must not outlive its key.
  if (task.key !== null) await disk.syncFolder(layout.key(task.key).folder);
  step('sweep.tmp_publishing');
  await unlessCode(['ENOENT'], () => publishTask(context, path, place));
  await disk.syncFolder(place.folder);
};

/** Not what has its place already, and is only shown under its old name as well. */
const unlessPublished = async <T extends TaskFile | 'unsealed' | undefined>(
  context: QueueContext,
  task: T,
): Promise<T | undefined> => {
  if (task === undefined || task === 'unsealed') return task;
  return (await locate(context, task.task_id)) === undefined ? task : undefined;
};

/**
 * The task in a file to which its key leads: whoever repeats the command would be told that it exists. That a file has two
 * names does not say so, for one of them may be an old one.
 */
const readKeyed = async (
  context: QueueContext,
  path: string,
  inode: number,
): Promise<TaskFile | 'unsealed' | undefined> => {
  const { disk, layout } = context;
  try {
    const bytes = await disk.read(path, MAX_TASK_BYTES);
    const task = parseTaskFile(JSON.parse(bytes.toString('utf8')));
    if (task.key === null || (await disk.facts(layout.key(task.key).path))?.inode !== inode) return undefined;
    return requireSeal(context).isSealed(bytes) ? task : 'unsealed';
  } catch (error) {
    if (error instanceof BadFile || error instanceof SyntaxError) return undefined;
    // Somebody else published it meanwhile.
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof Error && error.name === 'KoubouError') return undefined;
    throw error;
  }
};
