/** Makes the runners that the config names: one row a kind says how. */
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { namingVariables } from '../executor/guarded/named-secrets.ts';
import { wordsOf } from '../executor/guarded/placed-programs.ts';
import { secretsFromCodex } from '../executor/guarded/secret-places.ts';
import { keyFolders } from '../process/homes/key-folders.ts';
import { reducedEnvironment } from '../process/programs/reduced-environment.ts';
import type { RunnerKind } from '../task/runner-kinds.ts';
import { AgentRunner } from './agent/agent.ts';
import { type AgentEntry } from './agent/entry.ts';
import type { Sandbox } from './codex/arguments.ts';
import { CodexRunner } from './codex/codex.ts';
import { OllamaRunner } from './model/ollama.ts';
import { OpenAiRunner } from './model/openai-compatible.ts';
import { CommandRunner } from './program/command.ts';
import type { Endpoint, Runner } from './runner.ts';

export { requireTemplate } from './model/model-prompt.ts';

/** The part of the config that is read here, in its own words (config/schema.ts lies above this layer). */
export interface RunnersConfig {
  endpoints: Readonly<Record<string, EndpointConfig>>;
  runners: Readonly<Record<string, EntryOf<RunnerKind>>>;
  defaults: { template: string };
  security: { env_pass: readonly string[]; allow_full_access: boolean; agent_sandbox: 'auto' | 'off' };
}

interface EndpointConfig {
  kind: 'ollama' | 'openai';
  url: string;
  max_concurrent: number;
  api_key_env?: string | undefined;
}

interface AtModel {
  endpoint: string;
  model: string;
}

/** What the entry of each kind says. */
interface Entries {
  ollama: AtModel & { num_ctx_max: number; num_gpu?: number | undefined; keep_alive: string; pull: boolean };
  openai: AtModel;
  codex: AtModel & { bin: string; sandbox: Sandbox };
  agent: AgentEntry & { endpoint?: string | undefined; model?: string | undefined };
  command: object;
}

type EntryOf<Kind extends RunnerKind> = { [K in Kind]: { kind: K } & Entries[K] }[Kind];

/** What all rows take from. */
interface Parts {
  config: RunnersConfig;
  environment: Readonly<Record<string, string | undefined>>;
  /** What programs get of it. */
  reduced: Readonly<Record<string, string>>;
  promptFolders: readonly string[];
  home: string | null;
  /** Programs that the config names by their place. */
  programs: readonly string[];
  naming: ReturnType<typeof namingVariables>;
}

const BUILD: { [Kind in RunnerKind]: (name: string, entry: EntryOf<Kind>, parts: Parts) => Runner } = {
  ollama: (name, entry, parts) => {
    const server = endpointOf(name, entry.endpoint, parts);
    refuseOtherKind(name, entry.endpoint, server.kind);
    return new OllamaRunner({
      ...modelOptions(name, entry, server, parts),
      template: parts.config.defaults.template,
      numCtxMax: entry.num_ctx_max,
      numGpu: entry.num_gpu,
      keepAlive: entry.keep_alive,
      pull: entry.pull,
    });
  },

  openai: (name, entry, parts) =>
    new OpenAiRunner({
      ...modelOptions(name, entry, withShapesOfOpenAi(endpointOf(name, entry.endpoint, parts)), parts),
      template: parts.config.defaults.template,
    }),

  codex: (name, entry, parts) => {
    const server = withShapesOfOpenAi(endpointOf(name, entry.endpoint, parts));
    return new CodexRunner({
      ...modelOptions(name, entry, server, parts),
      serverKind: server.kind,
      bin: entry.bin,
      sandbox: entry.sandbox,
      allowFullAccess: parts.config.security.allow_full_access,
      home: parts.home,
      hidden: keyFolders(parts.environment),
      secrets: secretsFromCodex(reducedEnvironment(parts.environment), parts.naming),
      programs: parts.programs,
      environment: parts.reduced,
    });
  },

  agent: (name, { endpoint, ...entry }, parts) => {
    const { config, home, programs, naming } = parts;
    const server = endpoint === undefined ? null : endpointOf(name, endpoint, parts);
    return new AgentRunner({
      name,
      entry,
      endpoint: server && { ...server.endpoint, kind: server.kind },
      apiKey: server?.apiKey,
      model: entry.model ?? null,
      environment: parts.reduced,
      promptFolders: parts.promptFolders,
      template: config.defaults.template,
      confinement: {
        mode: config.security.agent_sandbox,
        home,
        keys: keyFolders(parts.environment),
        programs,
        naming,
      },
    });
  },

  command: (name, _entry, { environment, reduced, home, programs, naming }) =>
    new CommandRunner({
      name,
      environment: reduced,
      home,
      keys: keyFolders(environment),
      programs,
      naming,
    }),
};

/**
 * Runners by name. `environment` is the daemon's whole one: keys are taken from it, programs get a part of
 * it. Prompt templates are looked for in `promptFolders`, the first that has a name wins (the home's, then
 * the package's). `home` is koubou's own folder, where agents must not write; without it runners can only
 * be asked for their health. Throws KoubouError `usage` where a runner names no endpoint that fits it. Nothing is
 * asked of any server yet.
 */
export const buildRunners = (
  config: RunnersConfig,
  environment: Readonly<Record<string, string | undefined>>,
  promptFolders: readonly string[],
  home: string | null = null,
): Map<string, Runner> => {
  const parts: Parts = {
    config,
    environment,
    reduced: reducedEnvironment(environment, config.security.env_pass),
    promptFolders,
    home,
    programs: wordsOf(config.runners),
    naming: namingVariables(environment),
  };
  return new Map(Object.entries(config.runners).map(([name, entry]) => [name, build(name, entry, parts)]));
};

const build = <Kind extends RunnerKind>(name: string, entry: EntryOf<Kind>, parts: Parts): Runner =>
  BUILD[entry.kind](name, entry, parts);

interface FoundEndpoint {
  endpoint: Endpoint;
  kind: EndpointConfig['kind'];
  apiKey: string | undefined;
}

const modelOptions = (
  name: string,
  { model }: AtModel,
  { endpoint, apiKey }: FoundEndpoint,
  { promptFolders, home }: Parts,
) => ({
  name,
  endpoint,
  apiKey,
  model,
  promptFolders,
  countsFile: home === null ? undefined : join(home, 'run', 'prompt-counts.json'),
});

const placeOf = (name: string): string => `runners.${name}.endpoint in config/agent.yaml`;

const endpointOf = (name: string, wanted: string, { config, environment }: Parts): FoundEndpoint => {
  const found = config.endpoints[wanted];
  if (found === undefined) {
    throw new KoubouError('usage', `${placeOf(name)}: there is no endpoint "${wanted}".`, {
      hint: `Endpoints: ${Object.keys(config.endpoints).join(', ') || 'none'}.`,
    });
  }
  return {
    endpoint: { name: wanted, url: found.url.replace(/\/+$/, ''), maxConcurrent: found.max_concurrent },
    kind: found.kind,
    apiKey: found.api_key_env === undefined ? undefined : environment[found.api_key_env],
  };
};

/** Only Ollama itself knows what a runner of that kind asks. */
const refuseOtherKind = (name: string, endpoint: string, kind: EndpointConfig['kind']): void => {
  if (kind === 'ollama') return;
  throw new KoubouError('usage', `${placeOf(name)}: "${endpoint}" is of kind ${kind}, not ollama.`, {
    hint: `Set runners.${name}.kind to openai, or name an endpoint of kind ollama.`,
  });
};

/** Ollama speaks OpenAI's shapes too, under /v1. */
const withShapesOfOpenAi = (found: FoundEndpoint): FoundEndpoint =>
  found.kind === 'ollama'
    ? { ...found, endpoint: { ...found.endpoint, url: `${found.endpoint.url}/v1` } }
    : found;
