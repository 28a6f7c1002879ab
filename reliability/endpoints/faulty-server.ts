/**
 * A model server made of sockets alone, so that it can break HTTP itself: it reads requests, answers well what it is asked
 * about itself, and does to everything else what a fault says.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What the faulty server speaks, and to whom. */
export type Kind = 'ollama' | 'openai' | 'relay';

export interface Asked {
  method: string;
  path: string;
  body: string;
  /** How many requests came over this connection before. */
  before: number;
}

/** Answers one request however it likes. May reject when the connection goes. */
export type Answer = (socket: Socket, kind: Kind, asked: Asked) => unknown;

export interface Fault {
  /** Of a request for an answer; undefined: it is answered well. */
  chat?: Answer;
  /** Of whatever else is asked. */
  look?: Answer;
}

export class FaultyServer {
  readonly kind: Kind;
  readonly port: number;
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #fault: Fault;

  private constructor(kind: Kind, fault: Fault, server: Server) {
    this.kind = kind;
    this.#fault = fault;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => void this.#serve(socket).catch(() => socket.destroy()));
  }

  static async start(kind: Kind, fault: Fault): Promise<FaultyServer> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultyServer(kind, fault, server);
  }

  /** The base under which a runner of this kind asks. */
  get url(): string {
    return `http://127.0.0.1:${this.port}${this.kind === 'ollama' ? '' : '/v1'}`;
  }

  /** Connections that somebody holds open. */
  get open(): number {
    return this.#sockets.size;
  }

  heal(): void {
    this.#fault = {};
  }

  answerWell(socket: Socket, asked: Asked): unknown {
    return goodChat(socket, this.kind, asked);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => {
      // What a client says last, when it goes.
      if (!socket.writableEnded) socket.end();
    });
    let before = 0;
    for await (const asked of requests(socket)) {
      this.asked.push({ ...asked, before });
      const isChat = /\/(chat|completions|responses)$/.test(asked.path);
      const answer = (isChat ? this.#fault.chat : this.#fault.look) ?? (isChat ? goodChat : goodLook);
      await answer(socket, this.kind, { ...asked, before });
      before += 1;
      if (socket.destroyed || socket.writableEnded) return;
    }
  }
}

async function* requests(socket: Socket): AsyncGenerator<Omit<Asked, 'before'>> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const end = bytes.indexOf('\r\n\r\n');
      // Not HTTP: the beginning of TLS, which also wants an answer.
      const isOther = bytes.length > 0 && !/^[A-Z]/.test(bytes.toString('latin1', 0, 1));
      if (isOther) {
        yield { method: 'TLS', path: '/chat', body: '' };
        return;
      }
      if (end === -1) break;
      const head = bytes.toString('latin1', 0, end);
      const [, method = '', path = ''] = /^(\S+) (\S+)/.exec(head) ?? [];
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (bytes.length < end + 4 + length) break;
      const body = bytes.toString('utf8', end + 4, end + 4 + length);
      bytes = bytes.subarray(end + 4 + length);
      yield { method, path, body };
    }
  }
}

const CRLF = '\r\n';

/** Writes, and waits for the client to read. */
export const write = async (socket: Socket, data: string | Uint8Array): Promise<void> => {
  if (socket.destroyed) throw new Error('the client is gone');
  if (socket.write(data)) return;
  const gone = new AbortController();
  const stop = (): void => gone.abort();
  socket.once('close', stop);
  try {
    await once(socket, 'drain', { signal: gone.signal });
  } finally {
    socket.off('close', stop);
  }
};

export const head = (status: string, headers: Record<string, string | number>): string =>
  [`HTTP/1.1 ${status}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join(
    CRLF,
  );

export const typeOf = (kind: Kind): string =>
  kind === 'ollama' ? 'application/x-ndjson' : 'text/event-stream';

/** A whole answer with a length. */
export const answerWith = async (
  socket: Socket,
  body: string | Uint8Array,
  headers: Record<string, string | number> = {},
  status = '200 OK',
): Promise<void> => {
  const length = { 'content-length': Buffer.byteLength(body), ...headers };
  await write(socket, head(status, length));
  await write(socket, body);
};

/** Begins an answer of chunks; give each to `chunk`. */
export const begin = (socket: Socket, kind: Kind, headers: Record<string, string> = {}): Promise<void> =>
  write(socket, head('200 OK', { 'content-type': typeOf(kind), 'transfer-encoding': 'chunked', ...headers }));

export const chunk = (socket: Socket, data: string | Uint8Array): Promise<void> => {
  const bytes = Buffer.from(data);
  return write(
    socket,
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}${CRLF}`), bytes, Buffer.from(CRLF)]),
  );
};

export const endChunks = (socket: Socket): Promise<void> => write(socket, `0${CRLF}${CRLF}`);

/** A piece of an answer's text, as the kind writes it. */
export const piece = (kind: Kind, content: string): string => {
  if (kind === 'ollama')
    return `${JSON.stringify({ model: 'm', message: { role: 'assistant', content }, done: false })}\n`;
  if (kind === 'openai') return event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  return event({ type: 'response.output_text.delta', delta: content });
};

export const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

/** A good end. */
export const ending = (kind: Kind): string => {
  if (kind === 'ollama') {
    const counts = { prompt_eval_count: 26, eval_count: 1 };
    return `${JSON.stringify({ model: 'm', message: { content: '' }, done: true, done_reason: 'stop', ...counts })}\n`;
  }
  if (kind === 'openai') {
    const usage = { prompt_tokens: 26, completion_tokens: 1 };
    return `${event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}${event({ choices: [], usage })}data: [DONE]\n\n`;
  }
  const usage = { input_tokens: 26, output_tokens: 1 };
  return event({ type: 'response.completed', response: { id: 'r', usage } });
};

const goodChat: Answer = async (socket, kind) => {
  await begin(socket, kind);
  await chunk(socket, piece(kind, 'well'));
  await chunk(socket, ending(kind));
  await endChunks(socket);
};

export const goodLook: Answer = async (socket, _, { path }) => {
  const answers: Record<string, unknown> = {
    '/api/version': { version: '0.33.0' },
    '/api/tags': { models: [{ name: 'm:latest' }] },
    '/api/show': { model_info: { 'llama.context_length': 8192 }, capabilities: ['completion'] },
    '/api/ps': { models: [] },
    '/v1/models': { data: [{ id: 'm' }] },
  };
  const value = answers[path];
  const type = { 'content-type': 'application/json' };
  if (value === undefined) await answerWith(socket, '{"error":"no such place"}', type, '404 Not Found');
  else await answerWith(socket, JSON.stringify(value), type);
};
