/** Ends what this process does to files in the middle, as a kill would: from one call on, each of them fails. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const CHANGES = [
  'rename',
  'link',
  'unlink',
  'rm',
  'rmdir',
  'mkdir',
  'symlink',
  'writeFile',
  'copyFile',
  'open',
] as const;

class Killed extends Error {}

interface Ended {
  /** How many calls there were until then. */
  calls: number;
  /** Whether it came to its end before. */
  through: boolean;
}

/** `after`: how many calls go well. */
export const killedAfter = async (after: number, act: () => Promise<unknown>): Promise<Ended> => {
  const promises = fs.promises as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const real = Object.fromEntries(CHANGES.map((name) => [name, promises[name]]));
  let calls = 0;
  for (const name of CHANGES) {
    promises[name] = (...args) => {
      calls += 1;
      return calls > after
        ? Promise.reject(new Killed())
        : (real[name]?.(...args) ?? Promise.reject(new Error(name)));
    };
  }
  syncBuiltinESMExports();
  try {
    await act();
    return { calls, through: calls <= after };
  } catch (error) {
    if (calls <= after) throw error;
    return { calls, through: false };
  } finally {
    Object.assign(promises, real);
    syncBuiltinESMExports();
  }
};
