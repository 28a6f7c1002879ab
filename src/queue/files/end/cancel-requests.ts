/**
 * Marks that ask for a task's end. A mark belongs to one life of a task, which ends and begins again with a retry: its
 * name says after which run that was. So whoever takes a mark away late takes none that was meant for the next life,
 * and one that is left over, or that comes back with a power cut, means nothing.
 */
import { join } from 'node:path';
import { isTaskId } from '../../../task/id.ts';
import { unlessCode } from '../disk/disk.ts';
import { removeAny } from '../disk/moves.ts';
import type { QueueContext } from '../layout/context.ts';
import type { TaskName } from '../layout/names.ts';
import { withReserve } from '../layout/reserve.ts';

export type TaskLife = Pick<TaskName, 'id' | 'base'>;

const NAME = /^(task_[0-9a-z_]+)(?:\.b(\d{1,9}))?$/;

export const cancelRequestName = ({ id, base }: TaskLife): string => (base === 0 ? id : `${id}.b${base}`);

export const parseCancelRequestName = (text: string): TaskLife | undefined => {
  const [, id = '', base = '0'] = NAME.exec(text) ?? [];
  return isTaskId(id) ? { id, base: Number(base) } : undefined;
};

const pathOf = ({ layout }: QueueContext, name: string): string => join(layout.cancelMarks, name);

export const isCancelRequested = async (context: QueueContext, life: TaskLife): Promise<boolean> =>
  (await context.disk.facts(pathOf(context, cancelRequestName(life)))) !== undefined;

/** Durably. */
export const requestCancel = async (context: QueueContext, life: TaskLife): Promise<void> => {
  const { disk, layout } = context;
  const path = pathOf(context, cancelRequestName(life));
  await withReserve(context, () => unlessCode(['EEXIST'], () => disk.create(path, '', true)));
  await disk.syncFolder(layout.cancelMarks);
};

/** Somebody may have made a folder there: it is a mark as well, and must go like one. */
export const removeCancelRequest = (context: QueueContext, name: string): Promise<void> =>
  removeAny(context.disk, pathOf(context, name));
