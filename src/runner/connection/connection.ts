/**
 * The HTTP connection under the `ollama` and `openai` clients, one an attempt. It is ours because
 * - the default fetch gives up on headers and on silence after 300 s, when a big model still loads or thinks;
 * - neither client can abort a request before its headers came;
 * - the ollama client writes odd error bodies to stdout, so it must never see one.
 */
import type { Agent, RequestInit as UndiciInit, Response as UndiciResponse } from 'undici';
import { judge } from '../../judge/judge.ts';
import { KeyCutter, withoutKeys } from '../../privacy/keys.ts';
import type { LocalNetworks } from '../../privacy/local-networks.ts';
import { RunFailure, withoutKeysIn } from '../failure.ts';
import { type Lookup, localLookup, refusedRedirect, watchedConnector } from './hold-local.ts';
import {
  brokeBefore,
  brokeOff,
  httpFailure,
  retryAfterSeconds,
  type Server,
  silent,
  unreachable,
  unusable,
  whatBroke,
} from './http-failure.ts';

type Fetch = typeof globalThis.fetch;
type Undici = typeof import('undici');

export interface Connection {
  /** Throws RunFailure for whatever is not a good answer; the signal's own error after an abort. */
  fetch: Fetch;
  /** As `fetch`, for what a living server answers at once: silence of `limitMs` milliseconds is a failure. */
  quickFetch(limitMs: number): Fetch;
  /** The address at the other end, of the newest socket; null before there was one. */
  address: string | null;
  /** What went wrong last: the clients wrap and rename what is thrown through them. */
  failure: RunFailure | undefined;
  /** Cuts whatever is still open. */
  close(): Promise<void>;
}

/** Looks at the body of a good answer to `fetch` as it passes; throws RunFailure to end it. */
export type BodyGuard = (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

export interface ConnectionOptions {
  apiKey?: string | undefined;
  guard?: BodyGuard;
  /** What it must keep to; null: it is free. */
  local?: LocalNetworks | null;
  /** How names are looked up, where it must keep to networks. */
  lookup?: Lookup;
}

interface Watching {
  /** It is asked of a living server what it knows at once. */
  isQuick: boolean;
  meaning: (error: unknown, unexpected: () => RunFailure) => unknown;
}

const CONNECT_MS = 3000;
const ERROR_BODY_BYTES = 64 * 1024;
/** An error that takes longer says by its status what there is to know. */
const ERROR_BODY_MS = 2000;
const MB = 1024 * 1024;
/** What a server says of itself: the template and licence of a model are the largest part of it. */
const QUICK_BYTES = 16 * MB;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Opens nothing yet; `signal` ends every request. Close it in any case. */
export const openConnection = async (
  server: Server,
  signal: AbortSignal,
  options: ConnectionOptions = {},
): Promise<Connection> => new HttpConnection(await import('undici'), server, signal, options);

class HttpConnection implements Connection {
  address: string | null = null;
  failure: RunFailure | undefined;
  readonly fetch: Fetch;
  readonly #undici: Undici;
  readonly #server: Server;
  readonly #signal: AbortSignal;
  readonly #options: ConnectionOptions;
  readonly #keys: readonly string[];
  readonly #agent: Agent;
  /** How many sockets there were. */
  #connected = 0;

  /** `undici`: agent and fetch of one package, as the built-in fetch refuses an Agent of another undici. */
  constructor(undici: Undici, server: Server, signal: AbortSignal, options: ConnectionOptions) {
    const { apiKey, local = null, lookup } = options;
    this.#undici = undici;
    this.#server = server;
    this.#signal = signal;
    this.#options = options;
    this.#keys = apiKey === undefined ? [] : [apiKey];
    this.fetch = this.#fetchWithin(null);
    const connect = undici.buildConnector({
      timeout: CONNECT_MS,
      ...(local === null ? {} : { lookup: localLookup(local, lookup) }),
    });
    this.#agent = new undici.Agent({
      headersTimeout: 0,
      bodyTimeout: 0,
      // A connection for each request: one that is kept may be closed by the server at the moment it is used again, which
      // cannot be told from a server that breaks when it is asked.
      pipelining: 0,
      connect: watchedConnector(connect, local, (address) => {
        this.#connected += 1;
        this.address = address;
      }),
    });
  }

  quickFetch(limitMs: number): Fetch {
    return this.#fetchWithin(limitMs);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #fetchWithin(limitMs: number | null): Fetch {
    return async (input, init) =>
      (await this.#request(urlOf(input), init ?? {}, limitMs)) as unknown as globalThis.Response;
  }

  async #request(url: string, init: RequestInit, limitMs: number | null): Promise<UndiciResponse> {
    const limit = limitMs === null ? null : AbortSignal.timeout(limitMs);
    const ends = [this.#signal, init.signal, limit].filter((each) => each != null);
    /** What a failure of the transport means; errors after an abort stay as they are. */
    const meaning = (error: unknown, unexpected: () => RunFailure): unknown => {
      if (this.#signal.aborted || init.signal?.aborted) return error;
      if (error instanceof RunFailure) return this.#note(error);
      return this.#note(limit?.aborted ? silent(this.#server, (limitMs ?? 0) / 1000) : unexpected());
    };
    const response = await this.#send(url, init, { ends, isQuick: limit !== null, meaning });
    await this.#refuse(response);
    const body = response.body ?? (limit === null ? emptyBody() : null);
    return body === null ? response : this.#watched(response, body, { isQuick: limit !== null, meaning });
  }

  async #send(
    url: string,
    init: RequestInit,
    { ends, isQuick, meaning }: { ends: AbortSignal[] } & Watching,
  ): Promise<UndiciResponse> {
    const { apiKey } = this.#options;
    const before = this.#connected;
    const headers = new Headers(init.headers);
    if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`);
    return this.#undici
      .fetch(url, {
        ...(init as UndiciInit),
        headers: [...headers],
        dispatcher: this.#agent,
        redirect: 'manual',
        signal: AbortSignal.any(ends),
      })
      .catch((error: unknown) => {
        const isAnswer = !isQuick && this.#connected > before;
        throw meaning(causeOf(error), () =>
          isAnswer ? brokeBefore(this.#server, whatBroke(error), error) : unreachable(this.#server, error),
        );
      });
  }

  /** Throws RunFailure for an answer that is none. */
  async #refuse(response: UndiciResponse): Promise<void> {
    const { local = null } = this.#options;
    if (REDIRECTS.has(response.status)) {
      const to = response.headers.get('location') ?? 'nowhere';
      throw this.#note(refusedRedirect(this.#server.url, to, local !== null));
    }
    if (response.ok) return;
    const wait = retryAfterSeconds(response.headers.get('retry-after'), Date.now());
    const said = await errorText(response, this.#signal);
    const failure = this.#note(httpFailure(this.#server, response.status, said, wait));
    failure.said = withoutKeys(said, this.#keys);
    throw failure;
  }

  /** The same answer, whose body is looked at as it passes. */
  #watched(
    response: UndiciResponse,
    body: AsyncIterable<Uint8Array>,
    { isQuick, meaning }: Watching,
  ): UndiciResponse {
    const { guard = (passed) => passed } = this.#options;
    const [server, keys] = [this.#server, this.#keys];
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* isQuick ? atMost(body, QUICK_BYTES, server) : guard(withoutKeysOf(body, keys));
      } catch (error) {
        throw meaning(error, () => brokeOff(server, whatBroke(error), error));
      }
    };
    const { status, statusText } = response;
    const { Response } = this.#undici;
    return new Response(ReadableStream.from(watched()) as ConstructorParameters<typeof Response>[0], {
      // A status that forbids a body cannot be given one, and the guard has said what it makes of none.
      status: response.body === null ? 200 : status,
      statusText,
      headers: [...response.headers],
    });
  }

  #note(failure: RunFailure): RunFailure {
    const told = withoutKeysIn(failure, this.#keys);
    this.failure = told;
    return told;
  }
}

/** fetch wraps what the connector refused. */
const causeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof RunFailure ? error.cause : error;

const urlOf = (input: Parameters<Fetch>[0]): string => {
  if (typeof input === 'string') return input;
  return input instanceof URL ? input.href : input.url;
};

/** The server's own words in the body of an error, whatever the body's shape; never empty. */
const errorText = async (response: UndiciResponse, signal: AbortSignal): Promise<string> => {
  const text = await firstBytes(response);
  // The status says what there is to know where the words say nothing that can be read.
  const said = text === '' ? '' : await judge.ask('error_body', { text }, signal).catch(() => '');
  return said === '' ? `HTTP ${response.status} ${response.statusText}`.trim() : said;
};

const firstBytes = async (response: UndiciResponse): Promise<string> => {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  const giveUp = (): void => void reader.cancel().catch(() => undefined);
  const timer = setTimeout(giveUp, ERROR_BODY_MS);
  let text = '';
  try {
    while (text.length < ERROR_BODY_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value as Uint8Array, { stream: true });
    }
  } catch {
    // What came before the connection broke says more than that it broke.
  } finally {
    clearTimeout(timer);
    giveUp();
  }
  return text;
};

/** Byte by byte: a key has letters of ASCII only, and whatever else comes is passed on as it is. */
const withoutKeysOf = (
  body: AsyncIterable<Uint8Array>,
  keys: readonly string[],
): AsyncIterable<Uint8Array> => (keys.length === 0 ? body : cutBytes(body, new KeyCutter(keys)));

async function* cutBytes(body: AsyncIterable<Uint8Array>, cutter: KeyCutter): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const passed = cutter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1'));
    if (passed !== '') yield Buffer.from(passed, 'latin1');
  }
  const rest = cutter.end();
  if (rest !== '') yield Buffer.from(rest, 'latin1');
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

async function* atMost(
  body: AsyncIterable<Uint8Array>,
  most: number,
  server: Server,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > most)
      throw unusable(server, `it sends more than ${most / MB} MB when it is asked about itself`);
    yield chunk;
  }
}
