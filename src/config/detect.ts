/** Finds the model servers of this machine. Nothing here throws: what does not answer in time is not there. */
import { isCloudModel } from '../task/cloud-model.ts';
import type { Environment, Variables } from './environment.ts';

interface OllamaModel {
  name: string;
  /** False for models that only embed. */
  completes: boolean;
  /** Such a name runs on somebody else's machine. */
  cloud: boolean;
}

export interface OllamaServer {
  url: string;
  version: string;
  /** Newest first, as the server lists them. */
  models: OllamaModel[];
}

export interface OpenAiServer {
  url: string;
  /** Ids of the models that are not for embedding alone. */
  models: string[];
  /** It answered that it wants a (better) key. */
  wantsKey: boolean;
}

export interface Detected {
  ollama: OllamaServer | undefined;
  openai: OpenAiServer | undefined;
}

const OLLAMA_URL = 'http://127.0.0.1:11434';
const LMSTUDIO_URL = 'http://127.0.0.1:1234/v1';
const PROBE_TIMEOUT_MS = 1500;

/** Looks where the environment says, else at the usual addresses; takes two short timeouts at most. */
export const detect = async (environment: Environment, variables: Variables): Promise<Detected> => {
  const [ollama, openai] = await Promise.all([
    probeOllama(environment.ollamaUrl ?? OLLAMA_URL),
    probeOpenAi(environment.openaiUrl ?? LMSTUDIO_URL, variables['OPENAI_API_KEY']),
  ]);
  return { ollama, openai };
};

/** undefined where no Ollama answers at `url`. */
export const probeOllama = async (url: string): Promise<OllamaServer | undefined> => {
  const answers = await Promise.all([ask(`${url}/api/version`), ask(`${url}/api/tags`)]);
  const [version, tags] = answers.map((answer) => (answer?.status === 200 ? answer.body : undefined));
  if (typeof version?.['version'] !== 'string' || !tags) return undefined;
  const models = await Promise.all(
    listOf(tags['models']).map(async ({ name }): Promise<OllamaModel[]> => {
      if (typeof name !== 'string') return [];
      return [{ name, completes: await completes(url, name), cloud: isCloudModel(name) }];
    }),
  );
  return { url, version: version['version'], models: models.flat() };
};

/** An Ollama that says nothing of capabilities is older than they are: its models count as able. */
const completes = async (url: string, model: string): Promise<boolean> => {
  const answer = await ask(`${url}/api/show`, { method: 'POST', body: JSON.stringify({ model }) });
  const capabilities = answer?.body?.['capabilities'];
  return !Array.isArray(capabilities) || capabilities.includes('completion');
};

/** `url` ends where /models can be added to it (http://127.0.0.1:1234/v1). undefined where nothing answers. */
export const probeOpenAi = async (url: string, key?: string): Promise<OpenAiServer | undefined> => {
  const answer = await ask(`${url}/models`, key ? { headers: { authorization: `Bearer ${key}` } } : {});
  if (answer?.status === 401 || answer?.status === 403) return { url, models: [], wantsKey: true };
  if (answer?.status !== 200 || !Array.isArray(answer.body?.['data'])) return undefined;
  const ids = listOf(answer.body['data']).map(({ id }) => id);
  const models = ids.filter((id): id is string => typeof id === 'string' && !/embed/i.test(id));
  return { url, models, wantsKey: false };
};

interface Answer {
  status: number;
  body: Record<string, unknown> | undefined;
}

const ask = async (url: string, options: RequestInit = {}): Promise<Answer | undefined> => {
  try {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const text = await response.text();
    return { status: response.status, body: objectOf(text) };
  } catch {
    return undefined;
  }
};

const objectOf = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const listOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
