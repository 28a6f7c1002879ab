/** From what was said on the command line to an open home: the one place that decides whether it may be acted on. */
import type { Variables } from '../config/environment.ts';
import { defaultConfig, type Loaded, loadConfig } from '../config/load.ts';
import { findHome, stateFolder } from '../config/paths.ts';
import { type Trust, trustOf } from '../home/signature.ts';
import type { Queue } from '../queue/queue.ts';

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
}

export interface OpenHome extends Loaded {
  queue: Queue;
  /** The environment as it was given, without config/.env. */
  outer: Variables;
  /** Whether it is this user's own, looked at again. */
  isTrusted: () => boolean;
}

interface QueueOptions {
  home: string;
  seal?: Extract<Trust, { trusted: true }>['seal'] | undefined;
}

/**
 * Throws `no_home`, `untrusted_home` where acting is meant, and `usage` for a config that cannot be read. Nothing needs
 * to be closed for a short look.
 */
export const openHome = async (
  { home: flag, environment, cwd, purpose, warn }: HomeRequest,
  openQueue: (options: QueueOptions, loaded: Loaded) => Queue,
): Promise<OpenHome> => {
  const home = findHome({ flag, environment, cwd });
  const state = stateFolder(environment);
  const trust = trustOf(home, state);
  if (!trust.trusted) {
    if (purpose === 'act') {
      const { untrustedHome } = await import('./untrusted-home.ts');
      throw await untrustedHome(home, trust.why);
    }
    warn(`${home} ${trust.why}. It is only looked at; \`koubou trust\` makes it yours.`);
  }
  const loaded = trust.trusted
    ? await loadConfig({ home, environment })
    : await defaultConfig({ home, environment });
  const seal = trust.trusted ? trust.seal : undefined;
  const queue = openQueue({ home, seal }, loaded);
  return { ...loaded, queue, outer: environment, isTrusted: () => stillTrusted(home, state) };
};

/** What cannot be told now (too many open files) is no reason to stop. */
const stillTrusted = (home: string, state: string): boolean => {
  try {
    return trustOf(home, state).trusted;
  } catch {
    return true;
  }
};
