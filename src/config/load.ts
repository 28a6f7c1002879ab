/** The effective configuration: environment, over config/.env, over config/agent.yaml, over the defaults. */
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { principalOf } from '../access/principal.ts';
import { KoubouError, systemCode } from '../errors.ts';
import { readTextFile } from '../text/formats/read-text.ts';
import { type CachedConfig, cacheKey, readCache, writeCache } from './cache.ts';
import { type Environment, NOT_FROM_AGENTS, readEnvironment, type Variables } from './environment.ts';
import { leavesOf, valueAt } from './keys.ts';
import { applyOverrides } from './overrides.ts';
import type { Config } from './schema.ts';

export interface Origin {
  value: unknown;
  from: 'environment' | '.env' | 'agent.yaml' | 'default';
  /** The variable, where it comes from one. */
  name?: string;
}

export interface Loaded {
  home: string;
  config: Config;
  /** What the variables say beyond the config: of the environment, else of config/.env. */
  environment: Environment;
  /** Any variable by name (an API key), from the environment, else from config/.env. */
  variable: (name: string) => string | undefined;
  /** Every dotted key that has a value. */
  keys: () => string[];
  /** The value at a dotted key and where it comes from; undefined where the config has none there. */
  originOf: (key: string) => Origin | undefined;
}

export const agentYamlFile = (home: string): string => join(home, 'config', 'agent.yaml');
export const envFile = (home: string): string => join(home, 'config', '.env');

/**
 * Reads the home's configuration; a file that is missing gives the defaults. Throws KoubouError `usage` that
 * says which file and line, or which variable, is wrong.
 */
export const loadConfig = async ({
  home,
  environment: outer,
}: {
  home: string;
  environment: Variables;
}): Promise<Loaded> => {
  const read = readVariables(home, outer);
  return loaded(home, await readFileConfig(home), read);
};

/** What holds for a home whose files must not be read: the environment, over the defaults. */
export const defaultConfig = async ({
  home,
  environment: outer,
}: {
  home: string;
  environment: Variables;
}): Promise<Loaded> => {
  const { readAgentYaml } = await import('./read-yaml.ts');
  const read = { variables: outer, heard: outer, environment: readEnvironment(outer) };
  return loaded(home, readAgentYaml('', 'the defaults'), read);
};

const loaded = (
  home: string,
  { config, stated }: CachedConfig,
  { variables, heard, environment }: ReturnType<typeof readVariables>,
): Loaded => {
  const overrides = applyOverrides(config, environment);
  const values = leavesOf(config);

  const leafOrigin = (key: string): Omit<Origin, 'value'> => {
    const override = overrides.find(({ keys }) => keys.includes(key));
    const name = override?.variables.find((variable) => variables[variable]?.trim());
    if (name !== undefined) return { from: heard[name] === undefined ? '.env' : 'environment', name };
    return { from: stated.includes(key) ? 'agent.yaml' : 'default' };
  };

  return {
    home,
    config,
    environment,
    variable: (name) => variables[name],
    keys: () => [...values.keys()],
    originOf: (key) => {
      if (values.has(key)) return { value: values.get(key), ...leafOrigin(key) };
      const value = valueAt(config, key.split('.'));
      if (value === undefined) return undefined;
      const stands = stated.some((leaf) => leaf.startsWith(`${key}.`));
      return { value, from: stands ? 'agent.yaml' : 'default' };
    },
  };
};

/** The variables of the environment, as far as they are `heard`, over those of config/.env. Throws `usage` for one that cannot be read. */
export const readVariables = (
  home: string,
  outer: Variables,
): { variables: Variables; heard: Variables; environment: Environment } => {
  const principal = principalOf(outer);
  const said = parseEnv(readConfigFile(envFile(home)) ?? '');
  const heard = principal.role === 'owner' ? outer : heardOfAgent(outer, said);
  const inner = withoutHidden(said, heard);
  const variables = { ...inner, ...heard };
  const placeOf = (name: string) => (heard[name] === undefined ? 'config/.env' : 'the environment');
  return { variables, heard, environment: readEnvironment(variables, placeOf, principal) };
};

/** What an agent's environment may say of the config: nothing that config/.env says, as the keys of others. */
const heardOfAgent = (outer: Variables, said: Variables): Variables => {
  const left = new Set<string>([
    ...NOT_FROM_AGENTS,
    ...Object.keys(said).filter((name) => said[name]?.trim()),
  ]);
  return Object.fromEntries(Object.entries(outer).filter(([name]) => !left.has(name)));
};

/** A variable of the environment also hides the other name of the same thing in config/.env. */
const withoutHidden = (inner: Variables, outer: Variables): Variables => {
  const twins = ['OPENAI_API_BASE', 'LMSTUDIO_BASE_URL'];
  if (!twins.some((name) => outer[name] !== undefined)) return inner;
  return Object.fromEntries(Object.entries(inner).filter(([name]) => !twins.includes(name)));
};

const readFileConfig = async (home: string): Promise<CachedConfig> => {
  const file = agentYamlFile(home);
  const text = readConfigFile(file) ?? '';
  const key = cacheKey(text);
  const cached = readCache(home, key);
  if (cached) return cached;
  const { readAgentYaml } = await import('./read-yaml.ts');
  const { config, stated } = readAgentYaml(text, file);
  await writeCache(home, key, { config, stated });
  return { config, stated };
};

/** Watches nothing: whether the files differ from what they were at this call is asked of the function it gives. */
export const configWatch = (home: string): (() => boolean) => {
  const text = (): string => {
    try {
      return [agentYamlFile(home), envFile(home)].map((file) => readConfigFile(file) ?? '').join('\0');
    } catch {
      return 'cannot be read';
    }
  };
  const before = text();
  return () => text() !== before;
};

/** undefined where there is none. `whole`: to be written again. Throws `usage` for what cannot be read. */
export const readConfigFile = (file: string, options: { whole?: boolean } = {}): string | undefined => {
  try {
    return readTextFile(file, options);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new KoubouError(
      'usage',
      `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: options.whole
          ? 'Nothing was written. Make it a file of text in UTF-8 that you may read, then repeat the command.'
          : 'Make it a file that you may read, or remove it: the defaults then hold.',
        cause,
      },
    );
  }
};
