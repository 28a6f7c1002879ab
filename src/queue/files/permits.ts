/**
 * Caps that hold across all daemons of a home. A permit is a file that is either in permits/NAME/N/ or in
 * the folder of the worker that uses it; it moves by rename, so there is never one too many, and a dead
 * worker's are returned by whoever reaps it.
 */
import { dirname, join } from 'node:path';
import type { PermitRequest } from '../queue.ts';
import { creatorName, type QueueContext } from './context.ts';
import { removeAny, unlessCode } from './disk.ts';
import { heldPermitName, parseHeldPermit } from './layout.ts';
import { ensureFolder } from './locate.ts';
import { quarantine } from './quarantine.ts';

const PERMIT_FILE = 'permit';
// It never leaves, so the permit's folder is never empty and cannot be made a second time by a rename.
const SENTINEL = 'made';

/** Takes one of `request.cap` permits into `workerFolder`; answers with its held name, or undefined when none is free. */
export const takePermit = async (
  context: QueueContext,
  workerFolder: string,
  request: PermitRequest,
): Promise<string | undefined> => {
  const { disk, layout } = context;
  const folder = layout.permitFolder(request.name);
  await ensureFolder(context, layout.permits, join(layout.permits, folder));
  for (let number = 1; number <= request.cap; number += 1) {
    const home = join(layout.permits, folder, String(number));
    const held = heldPermitName(folder, number);
    const take = async (): Promise<boolean> => {
      const free = join(home, PERMIT_FILE);
      const taken = await unlessCode(['ENOENT'], () => disk.rename(free, join(workerFolder, held)));
      if (taken) context.step('permit.taken');
      return taken;
    };
    const facts = await disk.facts(home);
    if (facts?.kind !== 'folder') {
      if (facts !== undefined) {
        await quarantine(context, home, `${folder}-${number}`, 'it lay where the folder of a permit belongs');
      }
      await makePermit(context, folder, home);
    }
    if (await take()) return held;
  }
  return undefined;
};

/** Puts a held permit back. Going twice is harmless: the second finds nothing to move. */
export const returnPermit = async (
  context: QueueContext,
  workerFolder: string,
  held: string,
): Promise<void> => {
  const parsed = parseHeldPermit(held);
  if (parsed === undefined) return;
  const { disk, layout } = context;
  const [source, home] = [
    join(workerFolder, held),
    join(layout.permits, parsed.folder, String(parsed.number)),
  ];
  // Without its folder it is none: a new one is made, permit and all, when somebody asks for it.
  const isThere = async (path: string): Promise<boolean> => (await disk.facts(path))?.kind === 'folder';
  if (!(await isThere(dirname(home))) || !(await isThere(home))) return removeAny(disk, source);
  await unlessCode(['ENOENT'], () => disk.rename(source, join(home, PERMIT_FILE)));
};

const makePermit = async (context: QueueContext, folder: string, home: string): Promise<void> => {
  const { disk, layout } = context;
  const building = join(layout.tmp, `batch-${creatorName(context)}`);
  await disk.makeFolder(building);
  await disk.create(join(building, SENTINEL), '', false);
  await disk.create(join(building, PERMIT_FILE), '', false);
  await disk.syncFolder(building);
  context.step('permit.built');
  if (await unlessCode(['ENOTEMPTY', 'EEXIST'], () => disk.rename(building, home))) {
    await disk.syncFolder(join(layout.permits, folder));
    return;
  }
  await disk.unlink(join(building, SENTINEL));
  await disk.unlink(join(building, PERMIT_FILE));
  await disk.removeFolder(building);
};
