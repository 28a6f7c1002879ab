/** Files in pending/ that are no task yet: a person dropped them in. */
import { join } from 'node:path';
import { unlessCode } from '../disk/disk.ts';
import type { QueueContext } from '../layout/context.ts';
import { quarantine } from '../layout/quarantine.ts';

/**
 * Puts a dropped file that was taken into a worker's folder back. Never over another one: by link, since a
 * rename would replace a file of the same name that was dropped in meanwhile. It then stays where it is
 * until that one is gone. Answers whether it lies there no more.
 */
export const returnForeign = async (context: QueueContext, from: string, name: string): Promise<boolean> => {
  const { disk, layout } = context;
  const target = join(layout.pending, name);
  const facts = await disk.facts(from);
  if (facts === undefined) return true;
  if (facts.kind !== 'file') return quarantine(context, from, name, 'it is not a regular file');
  const linked = await unlessCode(['EEXIST', 'ENOENT'], () => disk.link(from, target));
  if (!linked && (await disk.facts(target))?.inode !== facts.inode) return false;
  await unlessCode(['ENOENT'], () => disk.unlink(from));
  await disk.syncFolder(layout.pending);
  return true;
};
