/** Makes the runners that the config names. */
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';
import { namingVariables } from '../executor/named-secrets.ts';
import { placedPrograms } from '../executor/placed-programs.ts';
import { secretsFromCodex } from '../executor/secret-places.ts';
import { keyFolders } from '../process/key-folders.ts';
import { reducedEnvironment } from '../process/reduced-environment.ts';
import { type AgentEntry, AgentRunner } from './agent.ts';
import { CodexRunner } from './codex.ts';
import type { Sandbox } from './codex-arguments.ts';
import { CommandRunner } from './command.ts';
import { OllamaRunner } from './ollama.ts';
import { OpenAiRunner } from './openai-compatible.ts';
import type { Endpoint, Runner } from './runner.ts';

/** The part of the config that is read here, in its own words (config/schema.ts lies above this layer). */
export { requireTemplate } from './model-prompt.ts';

export interface RunnersConfig {
  endpoints: Readonly<Record<string, EndpointConfig>>;
  runners: Readonly<Record<string, RunnerConfig>>;
  defaults: { template: string };
  security: { env_pass: readonly string[]; allow_full_access: boolean; agent_sandbox: 'auto' | 'off' };
}

interface EndpointConfig {
  kind: 'ollama' | 'openai';
  url: string;
  max_concurrent: number;
  api_key_env?: string | undefined;
}

type RunnerConfig =
  | {
      kind: 'ollama';
      endpoint: string;
      model: string;
      num_ctx_max: number;
      num_gpu?: number | undefined;
      keep_alive: string;
      pull: boolean;
    }
  | { kind: 'openai'; endpoint: string; model: string }
  | { kind: 'codex'; endpoint: string; model: string; bin: string; sandbox: Sandbox }
  | (AgentEntry & { kind: 'agent'; endpoint?: string | undefined; model?: string | undefined })
  | { kind: 'command' };

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
  const programs = placedPrograms(config.runners);
  const naming = namingVariables(environment);
  const make = (name: string, runner: RunnerConfig): Runner => {
    if (runner.kind === 'command') {
      return new CommandRunner({
        name,
        environment: reducedEnvironment(environment, config.security.env_pass),
        home,
        keys: keyFolders(environment),
        programs,
        naming,
      });
    }
    if (runner.kind === 'agent') {
      const { endpoint, ...entry } = runner;
      const server =
        endpoint === undefined ? null : endpointOf(name, { kind: 'agent', endpoint }, config, environment);
      return new AgentRunner({
        name,
        entry,
        endpoint: server && { ...server.endpoint, kind: server.kind },
        apiKey: server?.apiKey,
        model: runner.model ?? null,
        environment: reducedEnvironment(environment, config.security.env_pass),
        promptFolders,
        template: config.defaults.template,
        confinement: {
          mode: config.security.agent_sandbox,
          home,
          keys: keyFolders(environment),
          programs,
          naming,
        },
      });
    }
    const { endpoint, kind, apiKey } = endpointOf(name, runner, config, environment);
    const countsFile = home === null ? undefined : join(home, 'run', 'prompt-counts.json');
    const shared = { name, endpoint, apiKey, model: runner.model, promptFolders, countsFile };
    if (runner.kind === 'codex') {
      return new CodexRunner({
        ...shared,
        serverKind: kind,
        bin: runner.bin,
        sandbox: runner.sandbox,
        allowFullAccess: config.security.allow_full_access,
        home,
        hidden: keyFolders(environment),
        secrets: secretsFromCodex(reducedEnvironment(environment), naming),
        programs,
        environment: reducedEnvironment(environment, config.security.env_pass),
      });
    }
    const { template } = config.defaults;
    if (runner.kind === 'openai') return new OpenAiRunner({ ...shared, template });
    return new OllamaRunner({
      ...shared,
      template,
      numCtxMax: runner.num_ctx_max,
      numGpu: runner.num_gpu,
      keepAlive: runner.keep_alive,
      pull: runner.pull,
    });
  };
  return new Map(Object.entries(config.runners).map(([name, runner]) => [name, make(name, runner)]));
};

const endpointOf = (
  name: string,
  runner: { kind: Speaks; endpoint: string },
  config: RunnersConfig,
  environment: Readonly<Record<string, string | undefined>>,
): { endpoint: Endpoint; kind: EndpointConfig['kind']; apiKey: string | undefined } => {
  const found = config.endpoints[runner.endpoint];
  const where = `runners.${name}.endpoint in config/agent.yaml`;
  if (found === undefined) {
    throw new KoubouError('usage', `${where}: there is no endpoint "${runner.endpoint}".`, {
      hint: `Endpoints: ${Object.keys(config.endpoints).join(', ') || 'none'}.`,
    });
  }
  if (runner.kind === 'ollama' && found.kind !== 'ollama') {
    throw new KoubouError('usage', `${where}: "${runner.endpoint}" is of kind ${found.kind}, not ollama.`, {
      hint: `Set runners.${name}.kind to openai, or name an endpoint of kind ollama.`,
    });
  }
  return {
    endpoint: { name: runner.endpoint, url: urlFor(runner.kind, found), maxConcurrent: found.max_concurrent },
    kind: found.kind,
    apiKey: found.api_key_env === undefined ? undefined : environment[found.api_key_env],
  };
};

type Speaks = 'ollama' | 'openai' | 'codex' | 'agent';

/** Ollama speaks OpenAI's shapes too, under /v1; an agent's entry says which it wants. */
const urlFor = (kind: Speaks, { kind: endpointKind, url }: EndpointConfig): string => {
  const plain = url.replace(/\/+$/, '');
  return kind !== 'ollama' && kind !== 'agent' && endpointKind === 'ollama' ? `${plain}/v1` : plain;
};
