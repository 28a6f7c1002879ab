/** Task files that carry no seal of this home: shown to a person, who may have them taken as tasks all the same. */
import { join } from 'node:path';
import { MAX_TASK_BYTES, parseTaskFile, type TaskFile } from '../../../task/record.ts';
import type { Unsealed } from '../../queue.ts';
import { BadFile, unlessCode } from '../disk/disk.ts';
import { allPlaces } from '../tasks/list.ts';
import { firstPlace, publishTask, type TaskPlace } from '../tasks/transition.ts';
import { creatorName, type QueueContext } from './context.ts';
import { ensureDayFolders, locate, outcomeRuns } from './locate.ts';
import type { Place } from './names.ts';
import { listQuarantine } from './quarantine.ts';
import { requireSeal } from './seal.ts';

/** Where one lies: at its place as a task, or set aside for want of a seal. */
interface Found extends Unsealed {
  path: string;
  place: Place | null;
}

/** Those that run are their worker's, and are left out. Without a seal of the queue's own, all tasks are. */
export const listUnsealed = async (context: QueueContext): Promise<Unsealed[]> => {
  const found: Found[] = [];
  for await (const place of allPlaces(context)) {
    if (place.state === 'in_progress') continue;
    const task = await look(context, place.path, place.id);
    if (task !== undefined) found.push({ task, state: place.state, path: place.path, place });
  }
  for (const { name } of await listQuarantine(context)) {
    const id = /^(task_[0-9a-z_]+)\.json/.exec(name)?.[1];
    if (id === undefined || (await locate(context, id)) !== undefined) continue;
    const path = join(context.layout.quarantine, name);
    const task = await look(context, path, id);
    if (task !== undefined) found.push({ task, state: 'quarantined', path, place: null });
  }
  return found.sort((a, b) => (a.task.task_id < b.task.task_id ? -1 : 1));
};

const look = async (
  { disk, seal }: QueueContext,
  path: string,
  id: string,
): Promise<TaskFile | undefined> => {
  try {
    const bytes = await disk.read(path, MAX_TASK_BYTES);
    if (seal?.isSealed(bytes) === true) return undefined;
    const task = parseTaskFile(JSON.parse(bytes.toString('utf8')));
    return task.task_id === id ? task : undefined;
  } catch (error) {
    if (error instanceof BadFile || error instanceof SyntaxError) return undefined;
    if (error instanceof Error && (error.name === 'KoubouError' || 'code' in error)) return undefined;
    throw error;
  }
};

/**
 * Seals what `listUnsealed` of this home gave, with `task` as whoever showed it to a person says it. Answers with how many;
 * one that moved on meanwhile is left out.
 */
export const sealThem = async (context: QueueContext, tasks: readonly Unsealed[]): Promise<number> => {
  let sealed = 0;
  for (const found of tasks as readonly Found[]) if (await sealOne(context, found)) sealed += 1;
  return sealed;
};

const sealOne = async (context: QueueContext, found: Found): Promise<boolean> => {
  const { disk, layout } = context;
  if ((await disk.facts(found.path)) === undefined) return false;
  const id = found.task.task_id;
  const tmp = join(layout.tmp, `${creatorName(context)}.json`);
  await ensureDayFolders(context, id);
  await disk.create(tmp, requireSeal(context).seal(JSON.stringify(found.task)), true);
  const place = found.place ?? (await placeFor(context, found));
  await publishTask(context, tmp, place);
  await disk.syncFolder(place.folder);
  if (found.place === null) {
    await unlessCode(['ENOENT'], () => disk.unlink(found.path));
    await unlessCode(['ENOENT'], () => disk.unlink(`${found.path}.why.json`));
    await disk.syncFolder(layout.quarantine);
  }
  await linkKey(context, found, place.path);
  return true;
};

/** Where one that was set aside waits. Its name was lost; its outcomes tell how often it ran. */
const placeFor = async (context: QueueContext, { task }: Found): Promise<TaskPlace> =>
  firstPlace(context.layout, task, (await outcomeRuns(context, task.task_id)).at(-1));

/** Its key leads to the file as it was, which is no task any more. */
const linkKey = async (context: QueueContext, { task }: Found, path: string): Promise<void> => {
  const { disk, layout } = context;
  if (task.key === null) return;
  const key = layout.key(task.key);
  const held = await look(context, key.path, task.task_id);
  if (held === undefined) return;
  const tmp = join(layout.tmp, `${creatorName(context)}.key`);
  if (!(await unlessCode(['ENOENT'], () => disk.link(path, tmp)))) return;
  await disk.rename(tmp, key.path);
  await disk.syncFolder(key.folder);
};
