/**
 * Clears up what dead processes left half made in the home, outside of tasks/tmp, and in its folder beside the user's key:
 * drafts of files, folders to work in.
 */
import { join } from 'node:path';
import { isLeft } from '../../../process/homes/apart.ts';
import { halfMadeBy } from '../../../process/maker.ts';
import { listOrNone } from '../disk/disk.ts';
import { removeTree } from '../disk/moves.ts';
import { each } from '../disk/run-all.ts';
import { makerLives, type QueueContext } from '../layout/context.ts';

/** How many were removed. */
export const sweepHalfMade = async (context: QueueContext): Promise<number> => {
  const { disk, layout, seal } = context;
  let removed = 0;
  const within = ['config', 'worktrees'].map((name) => join(layout.home, name));
  // Where other machines may be at work, whose makers are of another boot.
  const apart = [join(layout.run, 'apart'), ...(seal === undefined ? [] : [seal.apart])];
  const folders = [layout.home, layout.run, ...within, ...apart];
  await each(
    folders.map((folder) => async () => {
      for (const name of await listOrNone(disk, folder)) {
        const maker = halfMadeBy(name);
        const path = join(folder, name);
        if (maker === undefined) continue;
        const isOver = apart.includes(folder) ? await isLeft(path, maker) : !makerLives(context, path, maker);
        if (!isOver) continue;
        await removeTree(disk, path);
        removed += 1;
      }
    }),
  );
  return removed;
};
