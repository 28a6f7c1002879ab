/** From the config to what a daemon is told. */
import type { Environment } from '../config/environment.ts';
import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { namingVariables } from '../executor/guarded/named-secrets.ts';
import { wordsOf } from '../executor/guarded/placed-programs.ts';
import { keyFolders } from '../process/homes/key-folders.ts';
import { reducedEnvironment } from '../process/programs/reduced-environment.ts';
import type { Seal } from '../text/seal.ts';
import type { Until, WorkerSettings } from '../worker/settings.ts';
import { planSettings } from './routing.ts';

export interface WorkerOptions {
  version: string;
  home: string;
  seal: Seal;
  /** Slots; undefined leaves it to the config. */
  min: number | undefined;
  max: number | undefined;
  until: Until;
}

export const workerSettings = (
  config: Config,
  environment: Environment,
  variables: Readonly<Record<string, string | undefined>>,
  wishes: WorkerOptions,
): WorkerSettings => {
  const min = wishes.min ?? Math.min(config.workers.min, wishes.max ?? config.workers.min);
  return {
    label: environment.workerLabel ?? 'worker',
    version: wishes.version,
    home: wishes.home,
    seal: wishes.seal,
    keys: keyFolders(variables),
    programs: wordsOf(config.runners),
    naming: namingVariables(variables),
    worktreeLinks: config.worktrees.link,
    min,
    max: Math.max(min, wishes.max ?? config.workers.max),
    idleSlotSeconds: config.workers.idle_timeout,
    scaleUpAt: config.workers.scale_up_at,
    heartbeatSeconds: config.defaults.heartbeat_interval,
    ...planSettings(config),
    probeSeconds: { first: 5, last: 60 },
    localNetworks: config.security.local_networks,
    sensitivePatterns: config.security.sensitive_patterns,
    environment: reducedEnvironment(variables, config.security.env_pass),
    until: wishes.until,
  };
};

/** The environment with the keys of endpoints that stand in config/.env only. */
export const withApiKeys = (
  loaded: Pick<Loaded, 'config' | 'variable'>,
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> => {
  const names = Object.values(loaded.config.endpoints).flatMap(({ api_key_env: name }) => name ?? []);
  return { ...variables, ...Object.fromEntries(names.map((name) => [name, loaded.variable(name)])) };
};
