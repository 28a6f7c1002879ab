/** Files on their way to their names: each is named by who makes it, and removed when that process is dead. */
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../errors.ts';
import { selfIdentity, startTimeOf } from './liveness.ts';
import { halfMadeBy, makerName, verdictOnMaker } from './maker.ts';

// Only one of many, and never again in this process.
const random = (): string =>
  Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0');

/** Tells who made something, and that from all else that this process makes. */
export const ownMakerName = (): string => makerName(selfIdentity(), random());

/** The name under which this process makes what is to lie at `path`: a file, or a folder to work in. */
export const halfMadePath = (path: string): string => `${path}.${ownMakerName()}.tmp`;

/**
 * Removes what dead processes left of `path`, half made. Another boot counts as dead: should it be another machine's that
 * shares the folder, its command finds the file gone and says so. What cannot be removed stays for the next one to try.
 */
export const removeHalfMade = (path: string): void => removeHalfMadeIn(dirname(path), `${basename(path)}.`);

/** The same of all in a folder whose names begin with `start`. */
export const removeHalfMadeIn = (folder: string, start = ''): void => {
  try {
    for (const name of readdirSync(folder)) {
      if (!name.startsWith(start) || !isLeft(name)) continue;
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
};

const isLeft = (name: string): boolean => {
  const maker = halfMadeBy(name);
  if (maker === undefined) return false;
  return ['dead', 'another boot'].includes(verdictOnMaker(maker, selfIdentity(), startTimeOf));
};
