/** The runners of a home. What makes them is loaded when they are first asked for: most commands need none. */
import type { Variables } from '../config/environment.ts';
import type { Loaded } from '../config/load.ts';
import { promptFolders } from '../config/paths.ts';
import type { Runner } from '../runner/runner.ts';
import { withApiKeys } from './worker-settings.ts';

/** By name. */
export type Runners = ReadonlyMap<string, Runner>;

/** `variables`: the whole environment; programs get a part of it. Throws `usage` as buildRunners. */
export const runnersOf = async (loaded: Loaded, variables: Variables): Promise<Runners> => {
  const { buildRunners } = await import('../runner/registry.ts');
  const { config, home } = loaded;
  return buildRunners(config, withApiKeys(loaded, variables), promptFolders(home), home);
};
