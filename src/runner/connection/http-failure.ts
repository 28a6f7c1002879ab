/**
 * What a model server's answers and silences mean. Which of them cost an attempt is decided here: a server
 * that is down or busy costs none, one that breaks while it answers costs one (else a prompt that kills
 * the server would be tried for an hour).
 */
import { errorInfo, systemCode } from '../../errors.ts';
import { action, field, say, type Words } from '../../say/say.ts';
import { asTyped } from '../../say/shell-quote.ts';
import { RunFailure } from '../failure.ts';
import { meaningOfWords } from './server-words.ts';

export interface Server {
  kind: 'ollama' | 'openai';
  url: string;
  model: string | null;
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its host name is unknown',
  EAI_AGAIN: 'its host name could not be looked up',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_SOCKET: 'it closed the connection',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS (its address may have to begin with http://)',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS (its address may have to begin with http://)',
  EPROTO: 'it does not speak TLS (its address may have to begin with http://)',
};

/** What broke once a connection stood, by the first name or code in the chain of causes that says it. */
const BROKEN: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^HTTPParserError$|^HPE_/, 'sent what is not HTTP'],
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'sent more headers than are read'],
  [/^Z_|^ERR_.*(BROTLI|ZSTD)/, 'sent what cannot be unpacked'],
];

/** In words that follow the server's address. */
export const whatBroke = (error: unknown): string => {
  for (let each = error; each instanceof Error; each = each.cause) {
    // An end within a body is one more thing that the parser did not expect.
    if (/\bEOF\b/.test(each.message)) break;
    const said = [each.name, systemCode(each) ?? ''];
    const found = BROKEN.find(([pattern]) => said.some((word) => pattern.test(word)));
    if (found !== undefined) return found[1];
  }
  return 'closed the connection';
};

/** Nothing came from the server. */
export const unreachable = (server: Server, cause: unknown): RunFailure => {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  const code = systemCode(inner) ?? '';
  const why = NETWORK_WORDS[code] ?? (inner instanceof Error ? inner.message : String(inner));
  return new RunFailure(
    errorInfo('runner_unavailable', `${server.url} cannot be used: ${why}.`, startHint(server)),
    {
      cause,
    },
  );
};

/** The server takes connections and says nothing. */
export const silent = (server: Server, seconds: number): RunFailure =>
  new RunFailure(
    errorInfo('runner_unavailable', `${server.url} said nothing for ${seconds} s.`, startHint(server)),
  );

const startHint = ({ kind }: Server): Words =>
  kind === 'ollama'
    ? say`Start it with \`ollama serve\`, or set OLLAMA_HOST; then ${action('wait')} or ${action('work')} takes the task up again.`
    : say`Start the model server, or set OPENAI_API_BASE; then ${action('wait')} or ${action('work')} takes the task up again.`;

/** It was asked whether it lives, and sends without end. */
export const unusable = (server: Server, why: string): RunFailure =>
  new RunFailure(errorInfo('runner_unavailable', `${server.url} cannot be used: ${why}.`, startHint(server)));

/** The connection broke, or the answer stopped, after the server had begun to answer. */
export const brokeOff = (server: Server, what: string, cause?: unknown): RunFailure =>
  brokenBy(server, `${what} in the middle of its answer`, cause);

/** It took the whole request and gave no answer: a prompt that ends the server must not be tried for an hour. */
export const brokeBefore = (server: Server, what: string, cause?: unknown): RunFailure =>
  brokenBy(server, `${what} when it was asked`, cause);

const brokenBy = (server: Server, what: string, cause: unknown): RunFailure =>
  new RunFailure(
    errorInfo(
      'runner_unavailable',
      `${server.url} ${what}.`,
      "The server may have crashed or run out of memory: see the server's own log.",
    ),
    { charged: true, cause },
  );

/** An HTTP status that is no success. `said` is the server's own message. */
export const httpFailure = (
  server: Server,
  status: number,
  said: string,
  retryAfter: number | null,
): RunFailure => {
  const { info, charged } = meaningOfStatus(server, status, said);
  return new RunFailure(info, { retryAfter, charged, status });
};

const meaningOfStatus = (server: Server, status: number, said: string): RunFailure => {
  const model = server.model ?? 'the model';
  const fail = (code: Parameters<typeof errorInfo>[0], message: string, hint?: Words): RunFailure =>
    new RunFailure(errorInfo(code, message, hint));
  const meaning = meaningOfWords(said);
  if (meaning === 'overflow' || status === 413) return doesNotFit(server, said);
  if (status === 429 || status === 503 || meaning === 'loading')
    return fail('endpoint_busy', `${server.url} is busy: ${said}`);
  if (status === 502 || status === 504)
    return fail('runner_unavailable', `${server.url} is down: ${said}`, startHint(server));
  if (status === 401 || status === 403) {
    return fail(
      'needs_input',
      `${server.url} refused the key: ${said}`,
      'Name the variable that holds it: endpoints.NAME.api_key_env in config/agent.yaml.',
    );
  }
  if (meaning === 'crash' || (status >= 500 && meaning !== 'missing')) return serverFailed(server, said);
  if (meaning === 'missing') return modelNotFound(server, said);
  if (meaning === 'lacks') return fail('model_lacks_tools', `${model} cannot do what was asked: ${said}`);
  if (status === 404) {
    return fail(
      'usage',
      `${server.url} knows no such address: ${said}`,
      'Check the url of the endpoint in config/agent.yaml (for kind openai it ends in /v1).',
    );
  }
  return fail(
    'usage',
    `${server.url} refused the request: ${said}`,
    say`Check ${field('set')}, ${field('schema')} and the model.`,
  );
};

const doesNotFit = (server: Server, said: string): RunFailure =>
  new RunFailure(
    errorInfo('context_overflow', `The prompt does not fit into ${server.model ?? 'the model'}: ${said}`),
  );

export const modelNotFound = (server: Server, said: string): RunFailure =>
  new RunFailure(
    errorInfo(
      'model_not_found',
      `${server.url} does not have ${server.model ?? 'the model'}: ${said}`,
      server.kind === 'ollama'
        ? `ollama pull ${asTyped(server.model ?? 'MODEL')}`
        : say`Load the model in the server, or name another one with ${field('model')}.`,
    ),
  );

/** Letters of what a server says that are looked at. */
const SAID = 600;

/** The server failed by its own words, in a stream that began well. */
export const serverSaid = (server: Server, words: string): RunFailure => {
  const said = words.slice(0, SAID);
  const failure = meaningInStream(server, said);
  failure.said = said;
  return failure;
};

const meaningInStream = (server: Server, said: string): RunFailure => {
  const meaning = meaningOfWords(said);
  if (meaning === 'overflow') return doesNotFit(server, said);
  if (meaning === 'loading')
    return new RunFailure(errorInfo('endpoint_busy', `${server.url} is busy: ${said}`));
  if (meaning === 'missing') return modelNotFound(server, said);
  return serverFailed(server, said);
};

const serverFailed = (server: Server, said: string): RunFailure =>
  new RunFailure(
    errorInfo(
      'runner_unavailable',
      `${server.url} failed: ${said}`,
      "See the server's own log; a model may need more memory than there is.",
    ),
    { charged: true },
  );

/** Seconds from a Retry-After header, which may be a number or a date. */
export const retryAfterSeconds = (header: string | null, nowMs: number): number | null => {
  if (header === null || header.trim() === '') return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, (date - nowMs) / 1000);
};
