/**
 * Clears up what dead processes left half made in the home, outside of tasks/tmp, and in its folder beside the user's key:
 * drafts of files, folders to work in.
 */
import { join } from 'node:path';
import { halfMadeBy } from '../../process/maker.ts';
import { makerLives, type QueueContext } from './context.ts';
import { listOrNone, removeTree } from './disk.ts';
import { each } from './each.ts';

/** How many were removed. */
export const sweepHalfMade = async (context: QueueContext): Promise<number> => {
  const { disk, layout, seal } = context;
  let removed = 0;
  const within = ['config', 'worktrees', join('run', 'apart')].map((name) => join(layout.home, name));
  const folders = [layout.home, layout.run, ...within, ...(seal === undefined ? [] : [seal.apart])];
  await each(
    folders.map((folder) => async () => {
      for (const name of await listOrNone(disk, folder)) {
        const maker = halfMadeBy(name);
        const path = join(folder, name);
        if (maker === undefined || makerLives(context, path, maker)) continue;
        await removeTree(disk, path);
        removed += 1;
      }
    }),
  );
  return removed;
};
