/**
 * Real inference behind Ollama's HTTP API, for tests: the tiny model of write-gguf.ts in llama.cpp, on loopback only.
 * As a program it prints one line of JSON, `{"url": …}`, when it is ready, and ends on SIGTERM or SIGINT, or, with
 * --with-parent, when its standard input closes:
 *
 *     node test/real/server.ts [--port 0] [--model koubou-tiny] [--context-length 4096] [--with-parent]
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { openInference, RequestError } from './inference.ts';
import * as ollama from './ollama-routes.ts';
import * as openai from './openai-routes.ts';

export type RealServerOptions = {
  /** 0, the default, takes a free one. */
  port?: number;
  model?: string;
  /** Tokens, where a request does not say num_ctx; Ollama's own default is 4,096. */
  contextLength?: number;
};

export type RealServer = { url: string; openaiUrl: string; close(): Promise<void> };

type Route = (served: ollama.Served, exchange: ollama.Exchange) => void | Promise<void>;

const ROUTES: Record<string, Route> = {
  'GET /': (_, { response }) =>
    void response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('Ollama is running'),
  'GET /api/version': (_, { response }) => ollama.sendJson(response, 200, { version: '0.33.0' }),
  'GET /api/tags': ollama.tags,
  'GET /api/ps': ollama.running,
  'POST /api/show': ollama.show,
  'POST /api/chat': ollama.chat,
  'POST /api/generate': ollama.generate,
  'GET /v1/models': openai.models,
  'POST /v1/chat/completions': openai.chatCompletions,
};

async function readBody(request: IncomingMessage): Promise<ollama.Body> {
  if (request.method !== 'POST') return {};
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  if (chunks.length === 0) throw new RequestError(400, 'missing request body');
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new RequestError(400, String(cause));
  }
}

async function respond(
  served: ollama.Served,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const route = ROUTES[`${request.method === 'HEAD' ? 'GET' : request.method} ${path}`];
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    if (route === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
      return;
    }
    await route(served, { body: await readBody(request), response, signal: gone.signal });
  } catch (error) {
    if (gone.signal.aborted || response.destroyed) return;
    const status = error instanceof RequestError ? error.status : 500;
    const message = error instanceof Error ? error.message : String(error);
    const body = path.startsWith('/v1/') ? openai.errorBody(status, message) : { error: message };
    if (!response.headersSent) ollama.sendJson(response, status, body);
    else response.end(`${path.startsWith('/v1/') ? 'data: ' : ''}${JSON.stringify(body)}\n`);
  }
}

export async function startRealServer({
  port = 0,
  model = 'koubou-tiny',
  contextLength = 4096,
}: RealServerOptions = {}): Promise<RealServer> {
  const inference = await openInference(contextLength);
  const served = { inference, model, startedAt: new Date() };
  const server = createServer((request, response) => void respond(served, request, response));
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    await inference.close();
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const url = `http://127.0.0.1:${address.port}`;
  let closed: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const ended = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await ended;
    await inference.close();
  };
  return { url, openaiUrl: `${url}/v1`, close: () => (closed ??= stop()) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      model: { type: 'string', default: 'koubou-tiny' },
      'context-length': { type: 'string', default: '4096' },
      'with-parent': { type: 'boolean', default: false },
    },
  });
  const server = await startRealServer({
    port: Number(values.port),
    model: values.model,
    contextLength: Number(values['context-length']),
  });
  // The model's threads may outlive its disposal.
  const close = (): void => void server.close().finally(() => process.exit());
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
  if (values['with-parent']) process.stdin.resume().once('close', close);
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
