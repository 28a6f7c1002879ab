/**
 * Room for ending what runs when the disk is full: blocks and inodes that were set aside while there was
 * enough, and that are freed for outcomes.
 */
import { join } from 'node:path';
import { KoubouError } from '../../../errors.ts';
import { isDiskFull, listOrNone, unlessCode } from '../disk/disk.ts';
import type { QueueContext } from './context.ts';

const FLOOR_BYTES = 4 * 1024 * 1024;
const FLOOR_INODES = 64;
const RESERVE_FILES = 64;
const RESERVE_FILE_BYTES = 16 * 1024;
/** Less than this is for what runs already: a program begun now would fail for want of room. */
const BEGIN_FLOOR_BYTES = RESERVE_FILES * RESERVE_FILE_BYTES;
const BEGIN_FLOOR_INODES = RESERVE_FILES;
/** xfs gives back a moment later what a file that was removed took. */
const FREED_AFTER_MS = 25;

/** Refuses to add when the disk would be left without room to work in. Throws `disk_full`; nothing was written. */
export const refuseWhenDiskIsLow = async (
  context: QueueContext,
  bytes: number,
  files: number,
): Promise<void> => {
  const free = await context.disk.free(context.layout.tasks);
  const lowInodes = free.inodes !== null && free.inodes < FLOOR_INODES + 4 * files;
  if (!lowInodes && free.bytes >= FLOOR_BYTES + 2 * bytes) return;
  throw new KoubouError(
    'disk_full',
    lowInodes
      ? `Only ${free.inodes} inodes are free on the disk of ${context.layout.home}; nothing was added.`
      : `Only ${Math.floor(free.bytes / 1024)} KB are free on the disk of ${context.layout.home}, and ${Math.ceil((FLOOR_BYTES + 2 * bytes) / 1024)} KB are needed; nothing was added.`,
  );
};

/** Refuses to begin a task when the disk has no room for what it will print and make. Throws `disk_full`. */
export const refuseToBeginWhenDiskIsFull = async ({ disk, layout }: QueueContext): Promise<void> => {
  const { bytes, inodes } = await disk.free(layout.tasks);
  if (bytes < BEGIN_FLOOR_BYTES) {
    const free = `only ${Math.floor(bytes / 1024)} KB are free`;
    throw new KoubouError('disk_full', `${free} on the disk of ${layout.home}`);
  }
  if (inodes !== null && inodes < BEGIN_FLOOR_INODES) {
    throw new KoubouError('disk_full', `only ${inodes} inodes are free on the disk of ${layout.home}`);
  }
};

/** Fills the reserve up while there is room. A full disk is no error here. */
export const fillReserve = async (context: QueueContext): Promise<void> => {
  const { disk, layout } = context;
  const free = await disk.free(layout.tasks);
  if (free.bytes < 4 * FLOOR_BYTES || (free.inodes !== null && free.inodes < 4 * FLOOR_INODES)) return;
  const present = new Set(await listOrNone(disk, layout.reserve));
  const filling = Buffer.alloc(RESERVE_FILE_BYTES, 'r');
  for (let number = 0; number < RESERVE_FILES; number += 1) {
    const name = `reserve-${String(number).padStart(2, '0')}`;
    if (present.has(name)) continue;
    try {
      await unlessCode(['EEXIST'], () => disk.create(join(layout.reserve, name), filling, false));
    } catch (error) {
      if (isDiskFull(error)) return;
      throw error;
    }
  }
};

/** Runs `action`, on a full disk again with what was set aside freed. Each round frees half, so it ends. */
export const withReserve = async <T>(context: QueueContext, action: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isDiskFull(error) || !(await freeReserve(context))) throw error;
    }
  }
};

/** Frees half of what is set aside, of the files at most so many; false when nothing was left to free. */
export const freeReserve = async (context: QueueContext, most = RESERVE_FILES): Promise<boolean> => {
  const { disk, layout } = context;
  const names = (await listOrNone(disk, layout.reserve)).filter((name) => name.startsWith('reserve-'));
  const chosen = names.slice(0, Math.min(most, Math.ceil(names.length / 2)));
  for (const name of chosen) await unlessCode(['ENOENT'], () => disk.unlink(join(layout.reserve, name)));
  if (chosen.length > 0) await context.machine.sleep(FREED_AFTER_MS);
  return chosen.length > 0;
};
