/** A model server of both kinds that answers a chat with whatever bytes a test wants. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WorstServer {
  /** Without /v1. */
  url: string;
  /** What was sent to it, headers and body. */
  asked: { path: string; authorization: string; body: string }[];
  close(): void;
}

type Answer = (response: ServerResponse, authorization: string) => void;

export const startWorstServer = async (answer: Answer): Promise<WorstServer> => {
  const asked: WorstServer['asked'] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const authorization = request.headers.authorization ?? '';
    const path = request.url ?? '';
    asked.push({ path, authorization, body: Buffer.concat(chunks).toString('utf8') });
    const known = QUICK[path];
    if (known === undefined) return answer(response, authorization);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(known));
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const QUICK: Readonly<Record<string, unknown>> = {
  '/api/version': { version: '0.33.0' },
  '/api/tags': { models: [{ name: 'm', model: 'm' }] },
  '/api/ps': { models: [] },
  '/api/show': {
    details: {},
    capabilities: ['completion'],
    model_info: { 'general.architecture': 'llama', 'llama.context_length': 32768 },
  },
  '/v1/models': { object: 'list', data: [{ id: 'm', object: 'model' }] },
};

/** An answer in Ollama's form, in as many lines as there are pieces. */
export const inLines =
  (pieces: readonly string[]): Answer =>
  (response) => {
    const line = (content: string, rest: object): string =>
      `${JSON.stringify({ model: 'm', message: { role: 'assistant', content }, ...rest })}\n`;
    for (const piece of pieces) response.write(line(piece, { done: false }));
    response.end(line('', { done: true, done_reason: 'stop', eval_count: 3 }));
  };

/** The same as events, in OpenAI's form. */
export const inEvents =
  (pieces: readonly string[]): Answer =>
  (response) => {
    response.setHeader('content-type', 'text/event-stream');
    const event = (choice: object): string =>
      `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, ...choice }] })}\n\n`;
    for (const content of pieces) response.write(event({ delta: { content }, finish_reason: null }));
    response.end(`${event({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`);
  };

export const inPieces = (text: string, letters: number): string[] =>
  Array.from({ length: Math.ceil(text.length / letters) }, (_, nth) =>
    text.slice(nth * letters, (nth + 1) * letters),
  );
