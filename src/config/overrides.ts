/** What the environment puts over agent.yaml: each variable is the override of one key. */
import { KoubouError } from '../errors.ts';
import { isOfKind, type KindFacts } from '../task/runner-kinds.ts';
import { nearest } from '../text/nearest.ts';
import type { Environment } from './environment.ts';
import { setAt } from './keys.ts';
import type { Config } from './schema.ts';

export interface Override {
  /** Dotted keys of the config it sets; none where the config has nothing it could mean. */
  keys: string[];
  /** The variables it can come from; the first that is set wins. */
  variables: readonly string[];
  value: unknown;
}

/** Changes `config` in place. Throws `usage` where DEFAULT_AGENT names no runner. */
export const applyOverrides = (config: Config, environment: Environment): Override[] => {
  const applied = overridesFor(config, environment).filter(({ value }) => value !== undefined);
  for (const { keys, value } of applied) {
    for (const key of keys) setAt(config, key.split('.'), value);
  }
  return applied;
};

const overridesFor = (config: Config, environment: Environment): Override[] => {
  const { maxWorkers } = environment;
  const ollama = endpointOf(config, 'ollama', 'ollama');
  const openai = endpointOf(config, 'openai', 'lmstudio');
  return [
    {
      keys: ollama ? [`endpoints.${ollama}.url`] : [],
      variables: ['OLLAMA_HOST'],
      value: environment.ollamaUrl,
    },
    {
      keys: openai ? [`endpoints.${openai}.url`] : [],
      variables: ['OPENAI_API_BASE', 'LMSTUDIO_BASE_URL'],
      value: environment.openaiUrl,
    },
    {
      keys: runnersAt(config, 'openai')
        .slice(0, 1)
        .map((name) => `runners.${name}.model`),
      variables: ['LMSTUDIO_MODEL'],
      value: environment.openaiModel,
    },
    {
      keys: runnersAt(config, 'ollama').map((name) => `runners.${name}.num_gpu`),
      variables: ['OLLAMA_NUM_GPU'],
      value: environment.numGpu,
    },
    {
      // A most that is under the least can only be met by lowering both.
      keys: [
        'workers.max',
        ...(maxWorkers !== undefined && maxWorkers < config.workers.min ? ['workers.min'] : []),
      ],
      variables: ['MAX_WORKERS'],
      value: maxWorkers,
    },
    {
      keys: ['defaults.timeout.general', 'defaults.timeout.code'],
      variables: ['AGENT_TIMEOUT'],
      value: environment.agentTimeout,
    },
    {
      keys: ['defaults.heartbeat_interval'],
      variables: ['WORKER_HEARTBEAT_INTERVAL'],
      value: environment.heartbeatInterval,
    },
    {
      keys: ['security.allow_full_access'],
      variables: ['CODEX_UNSAFE_ALLOW_NO_SANDBOX'],
      value: environment.allowFullAccess,
    },
    {
      keys: ['routing.default.general'],
      variables: ['DEFAULT_AGENT'],
      value: defaultRunner(config, environment.defaultRunner),
    },
  ];
};

/** The endpoint that a variable means: the one of the usual name, else the first of its kind. */
const endpointOf = ({ endpoints }: Config, kind: string, usual: string): string | undefined =>
  endpoints[usual]?.kind === kind
    ? usual
    : Object.keys(endpoints).find((name) => endpoints[name]?.kind === kind);

/** Those that ask a server of this kind alone. */
const runnersAt = ({ runners }: Config, server: KindFacts['server']): string[] =>
  Object.keys(runners).filter((name) => isOfKind(runners[name], 'server', server));

const defaultRunner = ({ runners }: Config, name: string | undefined): string | undefined => {
  if (name === undefined) return undefined;
  if (isOfKind(runners[name], 'model')) return name;
  const known = Object.keys(runners).filter((other) => isOfKind(runners[other], 'model'));
  const guess = nearest(name, known);
  throw new KoubouError('usage', `DEFAULT_AGENT is "${name}", and no runner with a model has that name.`, {
    hint: guess ? `Did you mean ${guess}?` : `Runners in config/agent.yaml: ${known.join(', ') || 'none'}.`,
  });
};
