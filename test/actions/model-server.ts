import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeServer {
  port: number;
  close(): Promise<void>;
}

/** A model server that lists what each of its models can do; Ollama's and OpenAI's lists are its own each. */
export const startModelServer = async (models: {
  /** Capabilities by name; null as an Ollama answers that is older than they are. */
  ollama?: Record<string, string[] | null>;
  openai?: string[];
  /** What /v1/models wants as key. */
  key?: string;
}): Promise<FakeServer> => {
  const answer = (request: IncomingMessage, body: string): [number, unknown] => {
    const { ollama, openai, key } = models;
    if (ollama && request.url === '/api/version') return [200, { version: '0.33.0' }];
    if (ollama && request.url === '/api/tags') {
      return [200, { models: Object.keys(ollama).map((name) => ({ name })) }];
    }
    if (ollama && request.url === '/api/show') {
      const capabilities = ollama[JSON.parse(body).model];
      return [200, capabilities ? { capabilities } : {}];
    }
    if (openai && request.url === '/v1/models') {
      if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) return [401, {}];
      return [200, { data: openai.map((id) => ({ id })) }];
    }
    return [404, {}];
  };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const [status, content] = answer(request, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
