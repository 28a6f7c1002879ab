/**
 * Caps that hold across all daemons of a home. A permit is a file that is either in permits/NAME/N/ or in
 * the folder of the worker that uses it; it moves by rename, so there is never one too many, and a dead
 * worker's are returned by whoever reaps it.
 */
import { basename, dirname, join } from 'node:path';
import type { PermitRequest } from '../../member.ts';
import { unlessCode } from '../disk/disk.ts';
import { move, removeAny } from '../disk/moves.ts';
import { creatorName, type QueueContext } from '../layout/context.ts';
import { ensureFolder } from '../layout/locate.ts';
import { heldPermitName, parseHeldPermit } from '../layout/names.ts';
import { quarantine } from '../layout/quarantine.ts';
import { PendingReturns } from '../workers/pending-returns.ts';

export const PERMIT_FILE = 'permit';
// It never leaves, so the permit's folder is never empty and cannot be made a second time by a rename.
const SENTINEL = 'made';

/** What one worker does with permits. */
export class Permits {
  readonly #context: QueueContext;
  readonly #folder: string;
  readonly #pendingReturns = new PendingReturns<string>();

  constructor(context: QueueContext, workerFolder: string) {
    this.#context = context;
    this.#folder = workerFolder;
  }

  /** All of them by their held names, or none: undefined. `exhausted`: names that need not be asked for again. */
  async take(requests: readonly PermitRequest[], exhausted: Set<string>): Promise<string[] | undefined> {
    const taken: string[] = [];
    try {
      for (const request of requests) {
        const permit = exhausted.has(request.name) ? undefined : await this.#takeOne(request);
        if (permit === undefined) {
          exhausted.add(request.name);
          await this.giveBack(taken);
          return undefined;
        }
        taken.push(permit);
      }
      return taken;
    } catch (error) {
      await this.giveBack(taken);
      throw error;
    }
  }

  /** What cannot be given back now is given back by a later call: whoever ends a run has nothing to do with it. */
  async giveBack(held: readonly string[]): Promise<void> {
    for (const permit of held) this.#pendingReturns.add(permit, permit);
    await this.#pendingReturns.putBack(async (permit) => {
      await returnPermit(this.#context, this.#folder, permit);
      return true;
    });
  }

  async #takeOne(request: PermitRequest): Promise<string | undefined> {
    const { disk, layout, step } = this.#context;
    const folder = layout.permitFolder(request.name);
    await ensureFolder(this.#context, layout.permits, join(layout.permits, folder));
    for (let number = 1; number <= request.cap; number += 1) {
      const home = join(layout.permits, folder, String(number));
      const facts = await disk.facts(home);
      if (facts?.kind !== 'folder') {
        if (facts !== undefined) {
          const why = 'it lay where the folder of a permit belongs';
          await quarantine(this.#context, home, `${folder}-${number}`, why);
        }
        await makePermit(this.#context, folder, home);
      }
      const [free, held] = [join(home, PERMIT_FILE), heldPermitName(folder, number)];
      if (await unlessCode(['ENOENT'], () => move(disk, free, join(this.#folder, held)))) {
        step('permit.taken');
        return held;
      }
    }
    return undefined;
  }
}

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
  await unlessCode(['ENOENT'], () => move(disk, source, join(home, PERMIT_FILE)));
};

const makePermit = async (context: QueueContext, folder: string, home: string): Promise<void> => {
  const { disk, layout } = context;
  const building = join(layout.tmp, `batch-${creatorName(context)}`);
  try {
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
  } catch (error) {
    context.forsaken.add(basename(building));
    throw error;
  }
};
