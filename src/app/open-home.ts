/**
 * From what was said on the command line to a home: the one place that decides whether it may be acted on, and the only one
 * that looks for homes (test/architecture).
 */

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Principal, principalOf } from '../access/principal.ts';
import type { Variables } from '../config/environment.ts';
import { defaultConfig, type Loaded, loadConfig } from '../config/load.ts';
import { findHome, HOME_NAME, stateFolder, userHome } from '../config/paths.ts';
import { KoubouError } from '../errors.ts';
import { trustOf } from '../home/signature.ts';
import { keyFolders } from '../process/homes/key-folders.ts';
import { knowHome } from '../process/homes/model-folders.ts';
import type { Queue } from '../queue/queue.ts';
import { action, say, type Words } from '../say/say.ts';
import type { Seal } from '../text/seal.ts';
import { type Caller, callerOf, requireAllowed } from './caller.ts';
import { refuseUntrusted } from './own-home.ts';
import { realOf } from './project.ts';
import { type View, viewOf } from './withhold.ts';

export interface HomeRequest {
  /** --home */
  home?: string | undefined;
  environment: Variables;
  /** Who asks; left out: who the environment says, as at a terminal. A door with callers of its own says who. */
  principal?: Principal;
  cwd: string;
  /**
   * `act`: what the home says is read, run, or told; only in a home of this user's own. `look`: in any other one nothing
   * is written, and neither its config nor its .env is read.
   */
  purpose: 'look' | 'act';
  /** Told once of a home that may only be looked at. */
  warn: (line: Words) => void;
  /** --reveal */
  reveal?: boolean;
  /** Told where the home is before anything is read of it. */
  found?: (home: string) => void;
}

export interface OpenHome extends Loaded {
  queue: Queue;
  /** The environment as it was given, without config/.env. */
  outer: Variables;
  /** undefined: the home is only looked at. */
  seal: Seal | undefined;
  /** Whether it is this user's own, looked at again. */
  isTrusted: () => boolean;
  /** Who asks. */
  caller: Caller;
  /** What that caller is shown of tasks. */
  view: View;
}

interface QueueOptions {
  home: string;
  seal?: Seal | undefined;
}

/**
 * Throws `no_home`, `untrusted_home` where acting is meant, `not_allowed` where an agent names a home that is not that of
 * its folder, and `usage` for a config that cannot be read. Nothing needs to be closed for a short look.
 */
export const openHome = async (
  request: HomeRequest,
  openQueue: (options: QueueOptions, loaded: Loaded) => Queue,
): Promise<OpenHome> => {
  const { home: flag, environment, cwd, purpose, warn, reveal = false } = request;
  const principal = request.principal ?? principalOf(environment);
  const home = findHome({ flag, environment, cwd });
  request.found?.(home);
  const state = stateFolder(environment);
  const trust = trustOf(home, state);
  knowHome(home, keyFolders(environment));
  if (!trust.trusted) {
    if (purpose === 'act') {
      const { untrustedHome } = await import('./untrusted-home.ts');
      throw await untrustedHome({ home, principal }, trust.why);
    }
    // What is no home at all cannot be made one's own; the queue says so.
    if (existsSync(join(home, 'tasks')))
      warn(say`${home} ${trust.why}. It is only looked at; ${action('trust')} makes it yours.`);
  }
  const loaded = trust.trusted
    ? await loadConfig({ home, environment })
    : await defaultConfig({ home, environment });
  // The home's own .env may name who calls, too.
  const caller = callerOf(loaded.config, { principal: request.principal ?? loaded.environment.principal });
  refuseOtherHome(request, home, caller);
  const seal = trust.trusted ? trust.seal : undefined;
  const queue = openQueue({ home, seal }, loaded);
  const view = viewOf({ queue, config: loaded.config, isOwnConfig: trust.trusted, caller }, reveal);
  const isTrusted = (): boolean => stillTrusted(home, state);
  return { ...loaded, queue, seal, outer: environment, isTrusted, caller, view };
};

/** Throws `untrusted_home` where the home is only looked at. */
export const requireSeal = ({ home, seal }: Pick<OpenHome, 'home' | 'seal'>): Seal => {
  if (seal !== undefined) return seal;
  throw new KoubouError('untrusted_home', `${home} is only looked at; nothing was done.`);
};

export interface Examined {
  home: string;
  /** Its config, or why that cannot be read. */
  config: { loaded: Loaded } | { fault: unknown };
}

/**
 * A home in which much may be wrong, its config too. Throws `no_home`, `untrusted_home`, and `not_allowed` as openHome: a
 * config that cannot be read gives an agent nothing.
 */
export const examineHome = async (
  request: Pick<HomeRequest, 'home' | 'environment' | 'cwd'>,
): Promise<Examined> => {
  const { home: flag, environment, cwd } = request;
  const home = findHome({ flag, environment, cwd });
  await refuseUntrusted(home, environment);
  const config = await loadConfig({ home, environment }).then(
    (loaded) => ({ loaded }),
    (fault: unknown) => ({ fault }),
  );
  const caller =
    'loaded' in config
      ? callerOf(config.loaded.config, config.loaded.environment)
      : { principal: principalOf(environment), rights: NO_RIGHTS };
  refuseOtherHome(request, home, caller);
  return { home, config };
};

/** The one that a person is about to sign. Throws `not_allowed` for an agent, whatever the home would give it. */
export const homeToSign = ({
  home: flag,
  environment,
  cwd,
}: Pick<HomeRequest, 'home' | 'environment' | 'cwd'>): string => {
  // What a model reads in a planted folder must not be able to have that folder trusted.
  requireAllowed({ principal: principalOf(environment), rights: NO_RIGHTS }, 'trust', {
    undone: 'Nothing was done.',
    instead: say`The person whose home it is types ${action('trust')}.`,
  });
  return findHome({ flag, environment, cwd });
};

const NO_RIGHTS: Caller['rights'] = { may: [], commands: [] };

/** What cannot be told now (too many open files) is no reason to stop. */
const stillTrusted = (home: string, state: string): boolean => {
  try {
    return trustOf(home, state).trusted;
  } catch {
    return true;
  }
};

/**
 * A person names any home. An agent has that of the folder it stands in: others may hold other people's work, and a
 * config that gives agents more. KOUBOU_HOME counts where the folder has none, as a person's shell may set it.
 */
const refuseOtherHome = (
  { home: flag, environment, cwd }: Pick<HomeRequest, 'home' | 'environment' | 'cwd'>,
  home: string,
  caller: Caller,
): void => {
  const { KOUBOU_HOME: named, ...unnamed } = environment;
  if (caller.principal.role === 'owner') return;
  const userOwn = join(userHome(environment), HOME_NAME);
  if (home !== userOwn && realOf(home) !== join(realOf(dirname(home)), basename(home))) {
    requireAllowed(caller, 'other_home', {
      about: `${home} is a link to ${realOf(home)}`,
      undone: 'Nothing was done.',
      instead: 'Call koubou in the folder of that project.',
    });
  }
  if (flag === undefined && !named?.trim()) return;
  const own = homeFoundHere(unnamed, cwd);
  if (own !== undefined && realOf(own) === realOf(home)) return;
  const ofFolder = own !== undefined && own !== userOwn;
  if (flag === undefined && !ofFolder) return;
  requireAllowed(caller, 'other_home', {
    about: home,
    undone: 'Nothing was done.',
    instead: own === undefined ? 'Call koubou in the folder of that project.' : `The home here is ${own}.`,
  });
};

/** By a command that names none; undefined: it would find none. */
export const homeFoundHere = (environment: Variables, cwd: string): string | undefined => {
  try {
    return findHome({ environment, cwd });
  } catch (error) {
    if (error instanceof KoubouError && error.code === 'no_home') return undefined;
    throw error;
  }
};
