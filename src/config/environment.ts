/**
 * Every environment variable koubou honours, read in one place. A variable that is set but empty counts as
 * not set. A value that cannot be read throws KoubouError `usage` that names the variable.
 */
import { type Principal, principalOf } from '../access/principal.ts';
import { KoubouError } from '../errors.ts';
import { parseDuration } from '../text/duration.ts';
import { hasCredentials } from '../text/url-credentials.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** For who is called by a program and not from a command line. */
export const processVariables = (): Variables => process.env;

const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

export interface Environment {
  /** KOUBOU_HOME, as it was written. */
  home: string | undefined;
  logLevel: LogLevel;
  /** Who calls: waits of an agent end before its shell would kill them, and it may less than a person. */
  principal: Principal;
  /** WORKER_ID: only a label in a worker's name. */
  workerLabel: string | undefined;
  ollamaUrl: string | undefined;
  openaiUrl: string | undefined;
  openaiModel: string | undefined;
  maxWorkers: number | undefined;
  /** Seconds; 0 is no limit. */
  agentTimeout: number | undefined;
  /** Seconds. */
  heartbeatInterval: number | undefined;
  defaultRunner: string | undefined;
  numGpu: number | undefined;
  /** CODEX_UNSAFE_ALLOW_NO_SANDBOX */
  allowFullAccess: boolean | undefined;
}

/**
 * Variables that say where prompts go, to which model, or that a sandbox is not needed. An agent could set them for one command, so
 * with agents only config/agent.yaml and config/.env say these.
 */
export const NOT_FROM_AGENTS = [
  'OLLAMA_HOST',
  'OPENAI_API_BASE',
  'LMSTUDIO_BASE_URL',
  'DEFAULT_AGENT',
  'LMSTUDIO_MODEL',
  'CODEX_UNSAFE_ALLOW_NO_SANDBOX',
] as const;

/** Those of them that are set and not followed, as an agent calls. */
export const unheardVariables = (variables: Variables): string[] =>
  principalOf(variables).role === 'owner' ? [] : NOT_FROM_AGENTS.filter((name) => variables[name]?.trim());

/** Variables that once meant something, and what to do in their place. */
const GONE: Readonly<Record<string, string>> = {
  KOUBOU_DB: 'There is no database: the queue is the folder that KOUBOU_HOME names.',
  OLLAMA_GPU_LAYERS: 'Use OLLAMA_NUM_GPU, or num_gpu of a runner in config/agent.yaml.',
};

/** `placeOf` says where a variable was set, for errors; `principal` who calls, where others are read than the caller's. */
export const readEnvironment = (
  variables: Variables,
  placeOf: (name: string) => string = () => 'the environment',
  principal = principalOf(variables),
): Environment => {
  const read = <T>(name: string, parse: (value: string, name: string) => T): T | undefined => {
    const value = variables[name]?.trim();
    return value ? parse(value, `${name} in ${placeOf(name)}`) : undefined;
  };
  const caller = read('KOUBOU_CALLER', word);
  return {
    home: read('KOUBOU_HOME', (value) => value),
    logLevel: read('KOUBOU_LOG_LEVEL', logLevel) ?? 'info',
    principal: caller === undefined ? principal : { ...principal, name: caller },
    workerLabel: read('WORKER_ID', word),
    ollamaUrl: read('OLLAMA_HOST', ollamaUrl),
    openaiUrl: read('OPENAI_API_BASE', httpUrl) ?? read('LMSTUDIO_BASE_URL', httpUrl),
    openaiModel: read('LMSTUDIO_MODEL', (value) => value),
    maxWorkers: read('MAX_WORKERS', whole(1, 1000)),
    agentTimeout: read('AGENT_TIMEOUT', seconds),
    heartbeatInterval: read('WORKER_HEARTBEAT_INTERVAL', positiveSeconds),
    defaultRunner: read('DEFAULT_AGENT', (value) => value),
    numGpu: read('OLLAMA_NUM_GPU', whole(-1, 10_000)),
    allowFullAccess: read('CODEX_UNSAFE_ALLOW_NO_SANDBOX', yesOrNo),
  };
};

/** Variables that are set and mean nothing any more, with what to do instead. */
export const goneVariables = (variables: Variables): { name: string; advice: string }[] =>
  Object.entries(GONE)
    .filter(([name]) => variables[name]?.trim())
    .map(([name, advice]) => ({ name, advice }));

/**
 * The URL of an Ollama server from OLLAMA_HOST, read as Ollama reads it: `host`, `host:port`, `:port`,
 * `[::1]:port` or a URL with a path. What a server listens on (0.0.0.0, [::]) is not what a client can
 * call everywhere, so it becomes the loopback address.
 */
export const ollamaUrl = (value: string, name = 'OLLAMA_HOST in the environment'): string => {
  const written = value.trim().replace(/^["']|["']$/g, '');
  refuseCredentials(written, name);
  const [, scheme = 'http', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(written) ?? [];
  const [, authority = '', path = ''] = /^([^/]*)(.*)$/s.exec(rest) ?? [];
  const match = /^(?:\[([^\]]*)\]|([0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*)|([^:]*))(?::(\d+))?$/i.exec(authority);
  const protocol = scheme.toLowerCase();
  if (!match || !['http', 'https'].includes(protocol)) throw unreadable(name, value, 'HOST:PORT or a URL');
  const [, bracketed, bare, host, port] = match;
  const v6 = bracketed ?? bare;
  const called = v6 === undefined ? host || '127.0.0.1' : `[${v6 === '::' ? '::1' : v6}]`;
  const standard = written.includes('://')
    ? { http: '80', https: '443' }[protocol as 'http' | 'https']
    : '11434';
  try {
    const url = new URL(
      `${protocol}://${called === '0.0.0.0' ? '127.0.0.1' : called}:${port ?? standard}${path}`,
    );
    return url.href.replace(/\/+$/, '');
  } catch (cause) {
    throw unreadable(name, value, 'HOST:PORT or a URL', cause);
  }
};

const httpUrl = (value: string, name: string): string => {
  refuseCredentials(value, name);
  if (!/^https?:\/\/[^\s/]/.test(value) || !URL.canParse(value))
    throw unreadable(name, value, 'http://HOST:PORT/v1');
  return value.replace(/\/+$/, '');
};

const whole = (least: number, most: number) => (value: string, name: string) => {
  const number = Number(value);
  if (/^-?\d+$/.test(value) && number >= least && number <= most) return number;
  throw unreadable(name, value, `a whole number from ${least} to ${most}`);
};

const seconds = (value: string, name: string): number => {
  const parsed = parseDuration(value);
  if (parsed === undefined) throw unreadable(name, value, 'seconds, or a time such as 30s or 10m');
  return parsed;
};

const positiveSeconds = (value: string, name: string): number => {
  const parsed = seconds(value, name);
  if (parsed > 0) return parsed;
  throw unreadable(name, value, 'more than 0 seconds');
};

const yesOrNo = (value: string, name: string): boolean => {
  if (/^(1|true|yes)$/i.test(value)) return true;
  if (/^(0|false|no)$/i.test(value)) return false;
  throw unreadable(name, value, '1 or 0');
};

const word = (value: string, name: string): string => {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) return value;
  throw unreadable(name, value, 'one word of letters, digits, . _ and -');
};

const logLevel = (value: string, name: string): LogLevel => {
  const level = LOG_LEVELS.find((known) => known === value.toLowerCase());
  if (level) return level;
  throw unreadable(name, value, `one of ${LOG_LEVELS.join(', ')}`);
};

/** The value itself is not repeated. */
const refuseCredentials = (url: string, name: string): void => {
  if (!hasCredentials(url)) return;
  throw new KoubouError('usage', `${name} holds user:password@, which is not taken from a URL.`, {
    hint: 'Take it out; name the variable that holds the key with endpoints.NAME.api_key_env in config/agent.yaml.',
  });
};

const unreadable = (name: string, value: string, wanted: string, cause?: unknown): KoubouError =>
  new KoubouError('usage', `${name} is "${value}", which koubou cannot read.`, {
    hint: `Set it to ${wanted}, or take it out.`,
    cause,
  });
