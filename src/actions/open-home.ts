/** From what was said on the command line to an open home: the one place that decides whether it may be acted on. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Variables } from '../config/environment.ts';
import { defaultConfig, type Loaded, loadConfig } from '../config/load.ts';
import { findHome, HOME_NAME, stateFolder, userHome } from '../config/paths.ts';
import { KoubouError } from '../errors.ts';
import { type Trust, trustOf } from '../home/signature.ts';
import { keyFolders } from '../process/key-folders.ts';
import { knowHome } from '../process/model-folders.ts';
import type { Queue } from '../queue/queue.ts';
import { type Caller, callerOf, requireAllowed } from './caller.ts';
import { realOf } from './project.ts';
import { type View, viewOf } from './withhold.ts';

export interface HomeRequest {
  /** --home */
  home?: string | undefined;
  environment: Variables;
  cwd: string;
  /**
   * `act`: what the home says is read, run, or told; only in a home of this user's own. `look`: in any other one nothing
   * is written, and neither its config nor its .env is read.
   */
  purpose: 'look' | 'act';
  /** Told once of a home that may only be looked at. */
  warn: (line: string) => void;
  /** --reveal */
  reveal?: boolean;
}

export interface OpenHome extends Loaded {
  queue: Queue;
  /** The environment as it was given, without config/.env. */
  outer: Variables;
  /** Whether it is this user's own, looked at again. */
  isTrusted: () => boolean;
  /** Who asks. */
  caller: Caller;
  /** What that caller is shown of tasks. */
  view: View;
}

interface QueueOptions {
  home: string;
  seal?: Extract<Trust, { trusted: true }>['seal'] | undefined;
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
  const home = findHome({ flag, environment, cwd });
  const state = stateFolder(environment);
  const trust = trustOf(home, state);
  knowHome(home, keyFolders(environment));
  if (!trust.trusted) {
    if (purpose === 'act') {
      const { untrustedHome } = await import('./untrusted-home.ts');
      throw await untrustedHome(home, trust.why);
    }
    // What is no home at all cannot be made one's own; the queue says so.
    if (existsSync(join(home, 'tasks')))
      warn(`${home} ${trust.why}. It is only looked at; \`koubou trust\` makes it yours.`);
  }
  const loaded = trust.trusted
    ? await loadConfig({ home, environment })
    : await defaultConfig({ home, environment });
  const caller = callerOf(loaded.config, loaded.environment);
  refuseOtherHome(request, home, caller);
  const seal = trust.trusted ? trust.seal : undefined;
  const queue = openQueue({ home, seal }, loaded);
  const view = viewOf({ queue, config: loaded.config, isOwnConfig: trust.trusted, caller }, reveal);
  const isTrusted = (): boolean => stillTrusted(home, state);
  return { ...loaded, queue, outer: environment, isTrusted, caller, view };
};

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
  { home: flag, environment, cwd }: HomeRequest,
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
  const own = ownHome(unnamed, cwd);
  if (own !== undefined && realOf(own) === realOf(home)) return;
  const ofFolder = own !== undefined && own !== userOwn;
  if (flag === undefined && !ofFolder) return;
  requireAllowed(caller, 'other_home', {
    about: home,
    undone: 'Nothing was done.',
    instead: own === undefined ? 'Call koubou in the folder of that project.' : `The home here is ${own}.`,
  });
};

const ownHome = (environment: Variables, cwd: string): string | undefined => {
  try {
    return findHome({ environment, cwd });
  } catch (error) {
    if (error instanceof KoubouError && error.code === 'no_home') return undefined;
    throw error;
  }
};
