/** Makes the runners that the config names. */
import { KoubouError } from '../errors.ts';
import { reducedEnvironment } from '../process/reduced-environment.ts';
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
  security: { env_pass: readonly string[] };
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
  | { kind: 'command' };

/**
 * Runners by name. `environment` is the daemon's whole one: keys are taken from it, programs get a part of
 * it. Prompt templates are looked for in `promptFolders`, the first that has a name wins (the home's, then
 * the package's). Throws KoubouError `usage` where a runner names no endpoint that fits it. Nothing is
 * asked of any server yet.
 */
export const buildRunners = (
  config: RunnersConfig,
  environment: Readonly<Record<string, string | undefined>>,
  promptFolders: readonly string[],
): Map<string, Runner> => {
  const make = (name: string, runner: RunnerConfig): Runner => {
    if (runner.kind === 'command') {
      return new CommandRunner({
        name,
        environment: reducedEnvironment(environment, config.security.env_pass),
      });
    }
    const { endpoint, apiKey } = endpointOf(name, runner, config, environment);
    const shared = {
      name,
      endpoint,
      apiKey,
      model: runner.model,
      promptFolders,
      template: config.defaults.template,
    };
    return runner.kind === 'openai'
      ? new OpenAiRunner(shared)
      : new OllamaRunner({
          ...shared,
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
  runner: { kind: 'ollama' | 'openai'; endpoint: string },
  config: RunnersConfig,
  environment: Readonly<Record<string, string | undefined>>,
): { endpoint: Endpoint; apiKey: string | undefined } => {
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
    apiKey: found.api_key_env === undefined ? undefined : environment[found.api_key_env],
  };
};

/** Ollama speaks OpenAI's shapes too, under /v1. */
const urlFor = (kind: 'ollama' | 'openai', { kind: endpointKind, url }: EndpointConfig): string => {
  const plain = url.replace(/\/+$/, '');
  return kind === 'openai' && endpointKind === 'ollama' ? `${plain}/v1` : plain;
};
