/**
 * Stands between an agent and its model server, on loopback. An agent keeps to itself when a byte came, what
 * the server's error was and what a prompt measured; here all of that is seen. And the server's key stays
 * here: an agent would hand it on to every command of the model.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { errorInfo } from '../../errors.ts';
import type { Usage } from '../../task/record.ts';
import { countOf } from '../../text/formats/json.ts';
import { RunFailure } from '../failure.ts';
import { didNotStop } from './bounded-answer.ts';
import type { Connection } from './connection.ts';

export interface RelayOptions {
  connection: Connection;
  /** Of the server; what is asked of the relay is asked of it under the same path. */
  base: string;
  /** What may be asked, as `METHOD /path`; `/*` stands for one more step of a path. */
  allowed: readonly string[];
  /** A Unix socket to listen at, which only the agent can reach; without it, a loopback port. */
  socketPath?: string;
  /** The server has no key that anybody could use through here: the agent need not show the relay's. */
  isOpen?: boolean;
  /** The server's key, for dialects that send it in a header of their own. */
  apiKey?: string | undefined;
  /** An agent gets the status and the words of a server that fails; else those that let it try again where that helps. */
  tellsErrors?: boolean;
  /** A request is sent: its body, as it came. Its answer has not begun. */
  onAsked: (body: Uint8Array) => void;
  /** An answer begins, or there will be none. */
  onAnswer?: () => void;
  /** Bytes of an answer came. */
  onBytes: (count: number) => void;
  /** Of one answer; 256 MB where it is not said. */
  limitBytes?: number;
}

export interface Relay {
  /** Of the loopback port; empty at a Unix socket. */
  url: string;
  /** To be sent as the server's key would be: else every program of the machine could use the server's key. */
  key: string;
  /** What went wrong with the newest request; undefined when it went well. */
  readonly failure: RunFailure | undefined;
  /** The tokens of the first request's prompt as the server counted them. */
  readonly promptTokens: number | null;
  /** The sum over all requests; null where the server counted none. */
  readonly usage: Usage | null;
  close(): Promise<void>;
}

const MB = 1024 * 1024;
/** Of a conversation with its pictures; no model that runs at home can hold a tenth of it as text. */
const REQUEST_BYTES = 64 * MB;
/** Of all requests that are being read. */
const HELD_BYTES = 2 * REQUEST_BYTES;
const MOST_CONNECTIONS = 64;
/** Of one answer, with the protocol around each of its words: what goes beyond is a model that repeats itself. */
const ANSWER_BYTES = 256 * MB;
/** Where it listens. */
export const RELAY_HOST = '127.0.0.1';

const MEDIA_TYPES = ['text/event-stream', 'application/json', 'application/x-ndjson'];

/** In words of koubou's own: a server might repeat its key in its own. */
const mediaType = (said: string | null): string =>
  MEDIA_TYPES.find((type) => said?.toLowerCase().startsWith(type)) ?? 'text/plain';

/** The end of an answer, where the server says what it counted. */
const TAIL_LETTERS = 16 * 1024;

export const openRelay = async (options: RelayOptions): Promise<Relay> => {
  const relay = new LoopbackRelay(options);
  await relay.listen();
  return relay;
};

class LoopbackRelay implements Relay {
  url = '';
  readonly key = randomBytes(16).toString('hex');
  failure: RunFailure | undefined;
  promptTokens: number | null = null;
  usage: Usage | null = null;
  readonly #options: RelayOptions;
  readonly #server: Server;
  #isFirst = true;
  /** Bytes of all requests that are being read or answered. */
  #held = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    // A model that loads for ten minutes is no fault.
    this.#server.requestTimeout = 0;
  }

  async listen(): Promise<void> {
    const { socketPath } = this.#options;
    if (socketPath === undefined) this.#server.listen(0, RELAY_HOST);
    else this.#server.listen(socketPath);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.url = `http://${RELAY_HOST}:${address.port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { allowed, isOpen, onAnswer } = this.#options;
    const path = request.url ?? '/';
    const method = request.method ?? 'POST';
    const mayAsk = isOpen === true || keyOf(request) === this.key;
    if (!mayAsk || !isAllowed(allowed, method, path)) return refuse(response, 404, path, 'no');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const counts = this.#isFirst;
    this.#isFirst = false;
    let mine = 0;
    try {
      const body = await whole(request, (bytes) => {
        mine += bytes;
        this.#held += bytes;
        if (this.#held > HELD_BYTES) throw tooMuch(HELD_BYTES);
      });
      const came = await this.#ask(request, { method, path, body, signal: gone.signal });
      this.failure = undefined;
      onAnswer?.();
      const tail = await this.#passOn(came, response, gone.signal);
      this.#count(tail, counts);
      response.end();
    } catch (error) {
      // An agent that hung up gave up for a reason of its own.
      if (error instanceof RunFailure && !gone.signal.aborted) this.failure = error;
      onAnswer?.();
      this.#tellOf(error, response, path);
    } finally {
      this.#held -= mine;
    }
  }

  #ask(
    request: IncomingMessage,
    {
      method,
      path,
      body,
      signal,
    }: { method: string; path: string; body: Buffer<ArrayBuffer>; signal: AbortSignal },
  ): Promise<Response> {
    const { connection, base, apiKey, onAsked } = this.#options;
    onAsked(body);
    return connection.fetch(`${base}${path}`, {
      method,
      headers: forwarded(request, apiKey),
      // fetch refuses even an empty one.
      ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
      signal,
    });
  }

  /** Passes an answer on as it comes; resolves with its end as text. */
  async #passOn(came: Response, response: ServerResponse, signal: AbortSignal): Promise<string> {
    const { limitBytes = ANSWER_BYTES, onBytes } = this.#options;
    response.writeHead(came.status, { 'content-type': mediaType(came.headers.get('content-type')) });
    response.flushHeaders();
    const decoder = new TextDecoder();
    let tail = '';
    let bytes = 0;
    for await (const chunk of came.body ?? []) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw didNotStop(limitBytes);
      onBytes(chunk.length);
      tail = (tail + decoder.decode(chunk, { stream: true })).slice(-TAIL_LETTERS);
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
    return tail;
  }

  #count(tail: string, isFirst: boolean): void {
    const [input, output] = [counted(tail, 'input_tokens'), counted(tail, 'output_tokens')];
    if (isFirst) this.promptTokens = input;
    this.usage = {
      input_tokens: sum(this.usage?.input_tokens, input),
      output_tokens: sum(this.usage?.output_tokens, output),
    };
  }

  #tellOf(error: unknown, response: ServerResponse, path: string): void {
    if (response.headersSent) response.destroy();
    else if (this.#options.tellsErrors && error instanceof RunFailure && error.said !== null) {
      refuse(response, error.status ?? statusOf(error), path, error.said);
    } else refuse(response, statusOf(error), path, error instanceof Error ? error.message : String(error));
  }
}

/** A status that makes an agent try once more where that can help, and give up at once where it cannot. */
const statusOf = (error: unknown): number =>
  error instanceof RunFailure && error.info.code !== 'runner_unavailable' ? 400 : 500;

/** In the shape of the dialect: Ollama's own, else one that clients of OpenAI and of Anthropic read. */
const refuse = (response: ServerResponse, status: number, path: string, message: string): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  const error = path.startsWith('/api/') ? message : { type: 'api_error', message };
  response.end(JSON.stringify({ type: 'error', error }));
};

const isAllowed = (allowed: readonly string[], method: string, path: string): boolean => {
  const asked = `${method} ${path.split('?')[0]}`;
  // A path with dots or escapes may mean another to the server.
  if (/%|\\|\/\.|\/\//.test(asked)) return false;
  return allowed.some((each) =>
    each.endsWith('/*') ? asked.startsWith(each.slice(0, -1)) && asked.length >= each.length : asked === each,
  );
};

const keyOf = ({ headers }: IncomingMessage): string | undefined => {
  const own = headers['x-api-key'] ?? headers['api-key'];
  return typeof own === 'string' ? own : headers.authorization?.replace(/^Bearer /, '');
};

const tooMuch = (bytes: number): RunFailure =>
  new RunFailure(
    errorInfo('context_overflow', `What was asked of the model had more than ${bytes / MB} MB.`),
  );

/** `hold` is told of each piece, and may throw. */
const whole = async (
  request: IncomingMessage,
  hold: (bytes: number) => void,
): Promise<Buffer<ArrayBuffer>> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Left open when it is too long: a refusal is an answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    hold((chunk as Buffer).length);
    if (bytes > REQUEST_BYTES) throw tooMuch(REQUEST_BYTES);
  }
  return Buffer.concat(chunks);
};

const FORWARDED = [
  'content-type',
  'content-encoding',
  'accept',
  'anthropic-version',
  'anthropic-beta',
  'openai-beta',
];

const forwarded = ({ headers }: IncomingMessage, apiKey: string | undefined): Record<string, string> => ({
  ...Object.fromEntries(
    FORWARDED.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  ),
  ...(apiKey !== undefined && headers['x-api-key'] !== undefined ? { 'x-api-key': apiKey } : {}),
});

const counted = (tail: string, name: string): number | null => {
  const said = new RegExp(`"${name}"\\s*:\\s*(\\d+)`).exec(tail)?.[1];
  return countOf(said === undefined ? null : Number(said));
};

const sum = (before: number | null | undefined, now: number | null): number | null =>
  now === null ? (before ?? null) : (before ?? 0) + now;
