/**
 * Has the tests make their folders in memory where there is room: syncing files takes much of their time, and what a loss
 * of power leaves is shown by test/faults. `TMPDIR=/tmp npm test` has them on the disk.
 */
import { accessSync, constants, statfsSync } from 'node:fs';

const MEMORY = '/dev/shm';
const LEAST_BYTES = 2 ** 31;

const hasRoom = (): boolean => {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= LEAST_BYTES;
  } catch {
    return false;
  }
};

if (process.env['TMPDIR'] === undefined && hasRoom()) process.env['TMPDIR'] = MEMORY;
