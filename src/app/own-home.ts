/** Makes homes that are this user's own from the start, and tells which folder may become one. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { principalOf } from '../access/principal.ts';
import type { Variables } from '../config/environment.ts';
import { stateFolder } from '../config/paths.ts';
import { KoubouError, systemCode } from '../errors.ts';
import { closeHome } from '../home/closed.ts';
import { makeKey } from '../home/key.ts';
import { requireRegistry, signHome, trustOf } from '../home/signature.ts';
import { halfMadeBy } from '../process/maker.ts';
import type { OpenQueue } from './refuse-amid-runs.ts';

export interface OwnHomeRequest<Made> {
  home: string;
  /** It names the state folder of this user, and says who calls. */
  environment: Variables;
  allowNetworkFs: boolean;
  openQueue: OpenQueue;
  makeHome: (home: string, options: { allowNetworkFs: boolean }) => Promise<Made>;
}

/**
 * Makes the folders that are missing, and signs a home that has no signature. The key goes first: without one nothing is
 * made. Then the signature, before any file that says something: what a crash leaves is signed or blank.
 */
export const makeOwnHome = async <Made>({
  home,
  environment,
  allowNetworkFs,
  openQueue,
  makeHome,
}: OwnHomeRequest<Made>): Promise<Made> => {
  const isOwn = await refuseUntrusted(home, environment);
  const state = stateFolder(environment);
  if (!isOwn) {
    const { refuseAmidRuns } = await import('./refuse-amid-runs.ts');
    await refuseAmidRuns(home, { environment, openQueue });
  }
  makeKey(state);
  if (!isOwn) requireRegistry(state);
  const made = await makeHome(home, { allowNetworkFs });
  if (!isOwn) closeHome(home);
  if (!trustOf(home, state).trusted) signHome(home, state);
  const trust = trustOf(home, state);
  if (!trust.trusted) throw new KoubouError('untrusted_home', `${home} ${trust.why}. Nothing was done.`);
  return made;
};

/**
 * Throws `untrusted_home` for a folder that holds something and is not this user's own home. Whether it is one: else
 * nothing is there, or nothing but folders.
 */
export const refuseUntrusted = async (home: string, environment: Variables): Promise<boolean> => {
  if (!existsSync(home)) return false;
  const state = stateFolder(environment);
  if (trustOf(home, state).trusted) return true;
  if (isBlank(home)) return false;
  // Another process may have signed it, and written to it, between the two looks.
  const trust = trustOf(home, state);
  if (trust.trusted) return true;
  const { untrustedHome } = await import('./untrusted-home.ts');
  throw await untrustedHome({ home, principal: principalOf(environment) }, trust.why);
};

/** What init itself leaves when it is killed: of the look at the file system, and of the signing. */
const isHalfMade = (name: string, of: string): boolean =>
  name.startsWith(`${of}.`) && halfMadeBy(name) !== undefined;
const MOST_DEPTH = 4;

/** Nothing, or folders alone: what a home says and holds is in files, so nobody can have said anything in this one. */
const isBlank = (folder: string, depth = 0): boolean => {
  try {
    return readdirSync(folder, { withFileTypes: true }).every(
      (entry) =>
        (depth === 0 && entry.isFile() && isHalfMade(entry.name, 'home.json')) ||
        (entry.isDirectory() &&
          (isHalfMade(entry.name, '.probe') ||
            (depth < MOST_DEPTH && isBlank(join(folder, entry.name), depth + 1)))),
    );
  } catch (error) {
    // No folder at all: making the home says so better.
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return true;
    throw error;
  }
};
