/** From what was said on the command line to an open home. */
import type { Variables } from '../config/environment.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import { findHome } from '../config/paths.ts';
import type { Queue } from '../queue/queue.ts';

export interface HomeRequest {
  /** --home */
  home?: string | undefined;
  environment: Variables;
  cwd: string;
}

export interface OpenHome extends Loaded {
  queue: Queue;
  /** The environment as it was given, without config/.env. */
  outer: Variables;
}

/** Throws `no_home`, and `usage` for a config that cannot be read. Nothing needs to be closed for a short look. */
export const openHome = async (
  { home: flag, environment, cwd }: HomeRequest,
  openQueue: (options: { home: string }) => Queue,
): Promise<OpenHome> => {
  const home = findHome({ flag, environment, cwd });
  const loaded = await loadConfig({ home, environment });
  return { ...loaded, queue: openQueue({ home }), outer: environment };
};
