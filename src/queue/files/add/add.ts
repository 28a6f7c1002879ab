/** Adding tasks durably. README.md walks through the steps and what a crash after each leaves. */
import { basename, join } from 'node:path';
import { KoubouError, systemCode } from '../../../errors.ts';
import { action, field, say } from '../../../say/say.ts';
import {
  requireFits,
  requireOwnKeys,
  requireSameTask,
  taskOf,
  unknownParent,
} from '../../../task/new-task.ts';
import { MAX_TASK_BYTES, type NewTask, parseTaskFile, type TaskFile } from '../../../task/record.ts';
import type { Added } from '../../queue.ts';
import { isDiskFull, listOrNone, unlessCode } from '../disk/disk.ts';
import { abandon, creatorName, discard, type QueueContext } from '../layout/context.ts';
import { ensureDayFolders, ensureFolder, locate } from '../layout/locate.ts';
import { refuseWhenDiskIsLow } from '../layout/reserve.ts';
import { requireSeal, UNSEALED } from '../layout/seal.ts';
import { firstPlace, publishTask, type TaskPlace } from '../tasks/transition.ts';
import { moveCommitted } from './batch.ts';
import { sweepTmp } from './finish-adds.ts';

const KEYED_TASK_WAIT_MS = 2000;
const KEYED_TASK_POLL_MS = 50;
/** Files of a batch that are written together; each is an open descriptor. */
const FILES_AT_ONCE = 64;

/** A new task with its file's content and where it goes. */
interface Draft {
  task: TaskFile;
  content: string;
  place: TaskPlace;
}

/** Adds all or none. Throws `usage`, `key_conflict`, `no_such_task`, `disk_full` (nothing added) or `unknown`. */
export const addTasks = async (context: QueueContext, tasks: readonly NewTask[]): Promise<Added[]> => {
  const drafts = tasks.map((task) => draftOf(context, task));
  const bytes = drafts.reduce((sum, draft) => sum + Buffer.byteLength(draft.content), 0);
  await refuseWhenDiskIsLow(context, bytes, drafts.length);
  await refuseUnknownParents(context, tasks);
  try {
    for (const draft of drafts) await ensureDayFolders(context, draft.task.task_id);
  } catch (error) {
    throw notAdded(error);
  }
  const [only] = drafts;
  if (drafts.length === 1 && only !== undefined) return [await addOne(context, only)];
  return addBatch(context, drafts);
};

const draftOf = (context: QueueContext, asked: NewTask): Draft => {
  const task = taskOf(asked, context.ids.next(), context.nowMs());
  const content = requireSeal(context).seal(JSON.stringify(task));
  requireFits(content);
  return { task, content, place: firstPlace(context.layout, task) };
};

const refuseUnknownParents = async (context: QueueContext, tasks: readonly NewTask[]): Promise<void> => {
  for (const parent of new Set(tasks.flatMap((task) => [...task.after, ...task.after_any]))) {
    if ((await locate(context, parent)) === undefined) throw unknownParent(parent);
  }
};

const addOne = async (context: QueueContext, draft: Draft): Promise<Added> => {
  const { disk, layout, step } = context;
  const id = draft.task.task_id;
  const tmp = join(layout.tmp, `${creatorName(context)}.json`);
  try {
    await disk.create(tmp, draft.content, true);
  } catch (error) {
    throw notAdded(error);
  }
  step('add.written');
  const { key } = draft.task;
  if (key !== null) {
    const existing = await linkKey(context, tmp, key, draft.task);
    if (existing !== undefined) return existing;
  }
  try {
    await publishTask(context, tmp, draft.place);
  } catch (error) {
    if (key !== null) {
      await abandon(context, tmp);
      throw maybeAdded(error, key);
    }
    await discard(context, tmp);
    throw notAdded(error);
  }
  try {
    step('add.renamed');
    await disk.syncFolder(draft.place.folder);
    step('add.synced');
  } catch (error) {
    throw maybeAdded(error, key);
  }
  return { id, existed: false };
};

/** Takes the key for this file; answers with the task that has it already, or undefined when it is ours now. */
const linkKey = async (
  context: QueueContext,
  tmp: string,
  key: string,
  task: TaskFile,
): Promise<Added | undefined> => {
  const { disk, layout, step } = context;
  const { folder, path } = layout.key(key);
  try {
    await ensureFolder(context, layout.keys, folder);
    // The file must be findable after a power cut before a key leads to it: the sweep publishes it from there.
    await disk.syncFolder(layout.tmp);
    step('add.tmp_synced');
    if (await unlessCode(['EEXIST'], () => disk.link(tmp, path))) {
      step('add.key_linked');
      await disk.syncFolder(folder);
      step('add.key_synced');
      return undefined;
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    const ours = await disk.facts(tmp);
    const taken = ours !== undefined && (await disk.facts(path))?.inode === ours.inode;
    if (taken) await abandon(context, tmp);
    else await discard(context, tmp);
    throw taken ? maybeAdded(error, key) : notAdded(error);
  }
  await discard(context, tmp);
  return keyHolder(context, key, task);
};

/** The task that holds `key`. It may still be on its way, or its creator may have died on the way. */
const keyHolder = async (context: QueueContext, key: string, asked: TaskFile): Promise<Added> => {
  const { disk, layout, machine } = context;
  const { folder, path } = layout.key(key);
  const holder = await readKey(context, path);
  if (holder === undefined) throw maybeAdded(new Error('the key was taken away meanwhile'), key);
  requireSameTask(key, asked, holder);
  const id = holder.task_id;
  const until = machine.steadyMs() + KEYED_TASK_WAIT_MS;
  for (;;) {
    const place = await locate(context, id);
    // A folder that is gone by now was a worker's, and the task has moved on.
    if (place !== undefined && (await unlessCode(['ENOENT'], () => disk.syncFolder(place.folder)))) {
      await disk.syncFolder(folder);
      return { id, existed: true };
    }
    await sweepTmp(context);
    if (machine.steadyMs() > until) {
      throw new KoubouError(
        'unknown',
        `The key ${JSON.stringify(key)} belongs to ${id}, which is nowhere yet.`,
        {
          hint: say`Repeat the same command with the same ${field('key')}.`,
        },
      );
    }
    await machine.sleep(KEYED_TASK_POLL_MS);
  }
};

/** The task that a key leads to; undefined when the key is gone. Throws `key_conflict` for one that is none. */
const readKey = async (context: QueueContext, path: string): Promise<TaskFile | undefined> => {
  try {
    const bytes = await context.disk.read(path, MAX_TASK_BYTES);
    if (!requireSeal(context).isSealed(bytes)) throw new Error(UNSEALED);
    return parseTaskFile(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new KoubouError(
      'key_conflict',
      `The key's file cannot be read as a task: ${path}; nothing was added.`,
      {
        cause,
        hint: say`Use another ${field('key')}, or remove that file.`,
      },
    );
  }
};

/**
 * A batch is a folder in tmp/. Renaming it to commit-… is the moment from which all its tasks exist; what
 * remains is moving its files, which whoever sweeps continues if we die.
 */
const addBatch = async (context: QueueContext, drafts: readonly Draft[]): Promise<Added[]> => {
  const { disk, layout, step } = context;
  if (drafts.length === 0) return [];
  const fresh: Draft[] = [];
  const answers = new Map<Draft, Added>();
  requireOwnKeys(drafts.map(({ task }) => task));
  for (const draft of drafts) {
    const { key } = draft.task;
    if (key !== null && (await disk.facts(layout.key(key).path)) !== undefined) {
      answers.set(draft, await keyHolder(context, key, draft.task));
    } else {
      fresh.push(draft);
      answers.set(draft, { id: draft.task.task_id, existed: false });
    }
  }
  if (fresh.length > 0) {
    const name = creatorName(context);
    const building = join(layout.tmp, `batch-${name}`);
    const committed = join(layout.tmp, `commit-${name}`);
    try {
      await disk.makeFolder(building);
      for (let from = 0; from < fresh.length; from += FILES_AT_ONCE) {
        await allDone(
          fresh
            .slice(from, from + FILES_AT_ONCE)
            .map(({ place, content }) =>
              disk.create(join(building, `${place.state}@${basename(place.path)}`), content, true),
            ),
        );
      }
      await disk.syncFolder(building);
      step('batch.written');
      await disk.rename(building, committed);
      step('batch.committed');
    } catch (error) {
      await discardBatch(context, building);
      throw notAdded(error);
    }
    try {
      await disk.syncFolder(layout.tmp);
      await moveCommitted(context, committed);
      // Another task may have taken a key meanwhile; the key itself says which, whoever moved the files.
      for (const draft of fresh) {
        const { key, task_id: id } = draft.task;
        if (key === null || (await readKey(context, layout.key(key).path))?.task_id === id) continue;
        answers.set(draft, await keyHolder(context, key, draft.task));
      }
    } catch (error) {
      await abandon(context, committed);
      throw maybeAdded(error, null);
    }
  }
  return drafts.map((draft) => answers.get(draft) as Added);
};

const discardBatch = async (context: QueueContext, folder: string): Promise<void> => {
  const { disk } = context;
  try {
    for (const name of await listOrNone(disk, folder)) {
      await unlessCode(['ENOENT'], () => disk.unlink(join(folder, name)));
    }
    await unlessCode(['ENOENT'], () => disk.removeFolder(folder));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    context.forsaken.add(basename(folder));
  }
};

// Waits for all even when one fails: what is still being written cannot be cleared away.
const allDone = async (actions: readonly Promise<unknown>[]): Promise<void> => {
  const failed = (await Promise.allSettled(actions)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};

const notAdded = (error: unknown): unknown => {
  if (error instanceof KoubouError) return error;
  if (isDiskFull(error)) {
    return new KoubouError('disk_full', 'The disk is full; nothing was added.', { cause: error });
  }
  const code = systemCode(error);
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return new KoubouError('queue_unavailable', 'The home cannot be written to; nothing was added.', {
      cause: error,
      hint: 'Check the permissions of the .koubou folder and that its disk is not mounted read-only.',
    });
  }
  if (code === 'ENOENT') {
    return new KoubouError('internal', 'A folder of the home is missing; nothing was added.', {
      cause: error,
      hint: say`${action('init')} makes it again.`,
    });
  }
  return code === undefined
    ? error
    : new KoubouError('internal', `The task could not be written (${code}); nothing was added.`, {
        cause: error,
      });
};

const maybeAdded = (error: unknown, key: string | null): KoubouError =>
  new KoubouError(
    'unknown',
    `The task may be queued: ${error instanceof Error ? error.message : String(error)}`,
    {
      cause: error,
      hint:
        key === null
          ? say`${action('list')} shows whether it is; a ${field('key')} makes such a command safe to repeat.`
          : say`Repeat the same command with the same ${field('key')}.`,
    },
  );
