/** Ready-made folders for workers: on a full disk one can still be renamed where none can be made. */
import { join } from 'node:path';
import { systemCode } from '../../../errors.ts';
import { listOrNone, unlessCode } from '../disk/disk.ts';
import type { QueueContext } from '../layout/context.ts';
import { SLOT, SLOT_COUNT } from '../layout/names.ts';

export const returnSlot = async (context: QueueContext, folder: string): Promise<void> => {
  const { disk, layout } = context;
  const present = new Set(await listOrNone(disk, layout.inProgress));
  const free = slotNames().find((slot) => !present.has(slot));
  const gone = ['ENOENT', 'ENOTEMPTY', 'EEXIST'];
  if (free === undefined) await unlessCode(gone, () => disk.removeFolder(folder));
  else await unlessCode(gone, () => disk.rename(folder, join(layout.inProgress, free)));
};

export const slotNames = (): string[] =>
  Array.from({ length: SLOT_COUNT }, (_, number) => `slot-${String(number).padStart(2, '0')}`);

/** Whether there was one. */
export const takeSlot = async (context: QueueContext, folder: string): Promise<boolean> => {
  const { disk, layout } = context;
  for (const name of await listOrNone(disk, layout.inProgress)) {
    if (!SLOT.test(name)) continue;
    const slot = join(layout.inProgress, name);
    try {
      if ((await disk.facts(slot))?.kind !== 'folder' || (await listOrNone(disk, slot)).length > 0) continue;
      if (await unlessCode(['ENOENT', 'EXDEV'], () => disk.rename(slot, folder))) return true;
    } catch (error) {
      // One that somebody else made is no reason not to take the next.
      if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    }
  }
  return false;
};
