/** What to write into a new agent.yaml, given what was found on the machine. Pure. */

import type { Filling } from '../config/edit-yaml.ts';
import type { Environment, Variables } from '../config/environment.ts';
import type { ActionMark } from '../say/marks.ts';
import { action, actionLine, field, say, type Words } from '../say/say.ts';
import type { Detected, OllamaServer, OpenAiServer } from './detect.ts';

export interface Choice {
  /** Whether tasks can run with it now. */
  works: boolean;
  filling: Filling;
  /** What was found, a sentence each. */
  found: Words[];
  /** What is written because of it. */
  said: Words[];
  /** What to do next: an action, or a program to run. */
  next: readonly (ActionMark | string)[];
}

/** Asked for where there is no model yet: it runs in 16 GB and follows instructions. */
const USUAL_MODEL = 'gpt-oss:20b';

/** `programs`: which of Codex and those are on this machine. `described`: names of the agent CLIs that koubou describes. */
export const choose = (
  detected: Detected,
  environment: Environment,
  variables: Variables,
  programs: readonly string[] = [],
  described: readonly string[] = [],
): Choice => {
  const ollama = ollamaModel(detected.ollama);
  const openai = openAiModel(detected.openai, environment.openaiModel);
  const works = ollama !== undefined || openai !== undefined;
  // Where there is nothing, the config is written for Ollama: pulling a model is then all that is missing.
  const useOllama = ollama !== undefined || openai === undefined;
  const runner = useOllama ? 'ollama' : 'openai';
  const useCodex =
    ollama !== undefined && programs.includes('codex') && speaksResponses(detected.ollama?.version ?? '');
  const agents = described.filter((name) => works && programs.includes(name));
  const endpoint = useOllama ? 'ollama' : 'lmstudio';
  const model = (useOllama ? ollama : openai) ?? USUAL_MODEL;
  return {
    works,
    filling: {
      values: {
        ...(detected.ollama && { 'endpoints.ollama.url': detected.ollama.url }),
        ...(openai && detected.openai && { 'endpoints.lmstudio.url': detected.openai.url }),
        ...(ollama && { 'runners.ollama.model': ollama }),
        ...(openai && { 'runners.openai.model': openai }),
        'routing.default.general': runner,
        ...(useCodex && { 'runners.codex.model': ollama }),
        'routing.default.code': useCodex ? 'codex' : runner,
      },
      off: [
        ...(useOllama ? [] : ['endpoints.ollama', 'runners.ollama']),
        ...(openai ? [] : ['endpoints.lmstudio', 'runners.openai']),
        ...(useCodex ? [] : ['runners.codex']),
        ...(openai && !variables['OPENAI_API_KEY'] ? ['endpoints.lmstudio.api_key_env'] : []),
      ],
      added: {
        before: 'runners.command',
        lines: described.map((name) => ({
          name,
          value: { kind: 'agent', use: name, endpoint, model },
          on: agents.includes(name),
        })),
      },
    },
    found: [...ollamaSaid(detected.ollama, ollama), ...openAiSaid(detected.openai, openai)],
    said: [
      works
        ? `General${useCodex ? '' : ' and code'} tasks go to ${useOllama ? `Ollama, model ${ollama}` : `${openai}`}.`
        : `The config is written for Ollama with the model ${USUAL_MODEL}.`,
      ...(useCodex ? ['Code tasks go to Codex, on the same model.'] : []),
      ...(!useCodex && works && programs.includes('codex') ? [CODEX_NEEDS] : []),
      ...agents.map((name) => say`${name} is here; tasks get it with ${field('runner', name)}.`),
    ],
    next: works
      ? [actionLine('delegate', field('wait'), 'Say hello in one line.'), actionLine('status')]
      : [`ollama pull ${USUAL_MODEL}`, actionLine('doctor')],
  };
};

const CODEX_NEEDS =
  'Codex is here, and nothing uses it: it needs Ollama 0.13.4 or newer, or a runner of kind codex that you write.';

/** Ollama answers POST /v1/responses, the only thing Codex asks, since 0.13.4. */
const speaksResponses = (version: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  return major > 0 || minor > 13 || (minor === 13 && patch >= 4);
};

const ollamaModel = (server: OllamaServer | undefined): string | undefined => {
  const able = (server?.models ?? [])
    .filter(({ completes, cloud }) => completes && !cloud)
    .map(({ name }) => name);
  return (
    able.find((name) => name === USUAL_MODEL) ?? able.find((name) => name.startsWith('gpt-oss')) ?? able[0]
  );
};

/** A server outside this network costs money and sees the prompts: it is used only where someone writes it down. */
const openAiModel = (server: OpenAiServer | undefined, wanted: string | undefined): string | undefined => {
  if (!server || !isNear(server.url)) return undefined;
  if (wanted !== undefined) return wanted;
  return server.models.find((id) => id.includes('gpt-oss')) ?? server.models[0];
};

const isNear = (url: string): boolean => {
  const host = new URL(url).hostname;
  return (
    !/[.:]/.test(host) ||
    /\.(local|lan|internal|home\.arpa)$/.test(host) ||
    /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(host) ||
    /^\[(::1|f[cd].*|fe80:.*)\]$/.test(host)
  );
};

const ollamaSaid = (server: OllamaServer | undefined, model: string | undefined): string[] => {
  if (!server) return ['No Ollama answers; https://ollama.com/download has it.'];
  const count = server.models.filter(({ completes, cloud }) => completes && !cloud).length;
  const found = `Ollama ${server.version} answers at ${server.url}`;
  if (model === undefined) return [`${found}, with no model of its own that can answer prompts.`];
  return [`${found}, with ${count} ${count === 1 ? 'model' : 'models'} that can answer prompts.`];
};

const openAiSaid = (server: OpenAiServer | undefined, model: string | undefined): Words[] => {
  if (!server) return [];
  const at = `An OpenAI-compatible server answers at ${server.url}`;
  if (model !== undefined) return [`${at}, with the model ${model}.`];
  if (!isNear(server.url)) return [`${at}; it is not on this network, so it is not used by itself.`];
  if (server.wantsKey)
    return [say`${at} and wants a key: write OPENAI_API_KEY into config/.env, then ${action('init')}.`];
  return [`${at}, with no model loaded that can answer prompts.`];
};
