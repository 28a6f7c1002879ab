/** doctor's questions to the model servers: does each answer, and has it the model a runner wants? */

import type { Loaded } from '../../config/load.ts';
import type { Config, EndpointConfig, RunnerWith } from '../../config/schema.ts';
import { type OllamaServer, type OpenAiServer, probeOllama, probeOpenAi } from '../../init/detect.ts';
import { isCloudModel } from '../../privacy/cloud-model.ts';
import { action, actionLine, say, type Words } from '../../say/say.ts';
import { asTyped } from '../../say/shell-quote.ts';
import { isOfKind } from '../../task/runner-kinds.ts';
import { checkAgent } from './agents.ts';
import type { Finding } from './finding.ts';

type Answer = { ollama?: OllamaServer | undefined; openai?: OpenAiServer | undefined };

/** Endpoints are asked at the same time, each within the probes' timeout. */
export const checkModels = async (loaded: Loaded): Promise<Finding[]> => {
  const { endpoints, runners, routing } = loaded.config;
  const answers = new Map(
    await Promise.all(
      Object.entries(endpoints).map(async ([name, endpoint]) => [name, await ask(endpoint, loaded)] as const),
    ),
  );
  return [
    ...checkRouting(routing.default),
    ...Object.entries(endpoints).map(([name, endpoint]) =>
      checkEndpoint(name, endpoint, answers.get(name) ?? {}, loaded),
    ),
    ...(await checkAgents(loaded)),
    ...Object.entries(runners).flatMap(([name, runner]) =>
      isOfKind(runner, 'needsEndpoint') ? checkRunner(name, runner, answers.get(runner.endpoint) ?? {}) : [],
    ),
  ];
};

const ask = async ({ kind, url, api_key_env }: EndpointConfig, loaded: Loaded): Promise<Answer> => {
  if (kind === 'ollama') return { ollama: await probeOllama(url) };
  return { openai: await probeOpenAi(url, api_key_env ? loaded.variable(api_key_env) : undefined) };
};

const checkRouting = ({ general }: Config['routing']['default']): Finding[] =>
  general === undefined
    ? [
        {
          name: 'routing',
          ok: false,
          message: 'No runner is chosen for general tasks.',
          cure: say`Start Ollama or LM Studio and run ${action('init')}, or set routing.default.general in config/agent.yaml.`,
        },
      ]
    : [];

const checkEndpoint = (
  name: string,
  { kind, url, api_key_env }: EndpointConfig,
  { ollama, openai }: Answer,
  loaded: Loaded,
): Finding => {
  const check = { name: `endpoint ${name}`, ok: true, cure: null };
  if (ollama) return { ...check, message: `Ollama ${ollama.version} answers at ${url}.` };
  if (openai && !openai.wantsKey) return { ...check, message: `A server answers at ${url}.` };
  if (openai) {
    const unset = api_key_env !== undefined && !loaded.variable(api_key_env);
    return {
      ...check,
      ok: false,
      message: `The server at ${url} refuses ${unset || !api_key_env ? 'to answer without a key' : 'the key it was given'}.`,
      cure: api_key_env
        ? `Write ${api_key_env}=… into config/.env.`
        : say`Name the variable with its key: ${actionLine('config', `endpoints.${name}.api_key_env`, 'OPENAI_API_KEY')}`,
    };
  }
  const start = kind === 'ollama' ? 'Start it with `ollama serve`' : 'Start its server';
  return {
    ...check,
    ok: false,
    message: `Nothing answers at ${url}.`,
    cure: `${start}, or correct ${placeOf(`endpoints.${name}.url`, loaded)}.`,
  };
};

const placeOf = (key: string, loaded: Loaded): string => {
  const origin = loaded.originOf(key);
  if (origin?.name === undefined) return key;
  return `${origin.name} in ${origin.from === '.env' ? 'config/.env' : 'the environment'}`;
};

type ModelRunner = RunnerWith<'needsEndpoint'>;

const checkAgents = async (loaded: Loaded): Promise<Finding[]> => {
  const checks = Object.entries(loaded.config.runners).map(async ([name, runner]) =>
    isOfKind(runner, 'program', 'described')
      ? checkAgent(name, runner, loaded, loaded.config.security.agent_sandbox)
      : [],
  );
  return (await Promise.all(checks)).flat();
};

/** Nothing is said of the model where the server itself is silent. */
const checkRunner = (name: string, runner: ModelRunner, { ollama, openai }: Answer): Finding[] => {
  const { model } = runner;
  const check = (ok: boolean, message: string, cure: Words | null = null): Finding[] => [
    { name: `runner ${name}`, ok, message, cure },
  ];
  if (ollama) {
    const found = ollama.models.find((each) => sameModel(each.name, model));
    const another = ollama.models.find(({ completes, cloud }) => completes && !cloud)?.name;
    const change = another
      ? say`, or take one that is there: ${actionLine('config', `runners.${name}.model`, another)}`
      : '';
    if (!found && isOfKind(runner, 'server', 'ollama') && runner.pull)
      return check(true, `${model} is pulled at first use.`);
    if (!found)
      return check(false, `Ollama has no model ${model}.`, say`ollama pull ${asTyped(model)}${change}`);
    if (!found.completes)
      return check(false, `${model} cannot answer prompts.`, say`Choose another model${change}.`);
    if (isCloudModel(model))
      return check(true, `${model} is there.`, 'It runs on servers of Ollama, not here.');
    return check(true, `${model} is there and can answer prompts.`);
  }
  if (openai && !openai.wantsKey) {
    if (openai.models.includes(model)) return check(true, `${model} is there.`);
    const [another] = openai.models;
    return check(
      false,
      `The server has no model ${model}.`,
      another ? say`${actionLine('config', `runners.${name}.model`, another)}` : 'Load a model in it.',
    );
  }
  return [];
};

/** Ollama takes a name without a tag as `:latest`. */
const sameModel = (listed: string, asked: string): boolean =>
  listed.toLowerCase() === (asked.includes(':') ? asked : `${asked}:latest`).toLowerCase();
