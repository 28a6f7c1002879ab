/** Finds the model servers of this machine. Nothing here throws: what does not answer in time is not there. */

import type { Environment, Variables } from '../config/environment.ts';
import { isCloudModel } from '../privacy/cloud-model.ts';

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
/** Anybody on this machine may listen at such an address. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Of more models than these it is not asked what they can do. */
const MOST_ASKED = 100;

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
    listOf(tags['models']).map(async ({ name }, index): Promise<OllamaModel[]> => {
      if (typeof name !== 'string') return [];
      const isAble = index >= MOST_ASKED || (await completes(url, name));
      return [{ name, completes: isAble, cloud: isCloudModel(name) }];
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
  // A key that it repeats as a name would be shown, and written into a config.
  const isModel = (id: unknown): id is string =>
    typeof id === 'string' && !/embed/i.test(id) && !(key && id.includes(key));
  const models = ids.filter(isModel);
  return { url, models, wantsKey: false };
};

interface Answer {
  status: number;
  body: Record<string, unknown> | undefined;
}

const ask = async (url: string, options: RequestInit = {}): Promise<Answer | undefined> => {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    // Where it would send the key on to, nobody chose.
    const response = await fetch(url, { ...options, redirect: 'manual', signal });
    return { status: response.status, body: objectOf(await textOf(response)) };
  } catch {
    return undefined;
  }
};

/** Throws where it is more than is read. */
const textOf = async (response: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('it says too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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
