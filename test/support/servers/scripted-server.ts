/**
 * A model server that does what a test tells it: it speaks Ollama's and OpenAI's HTTP shapes on loopback, records every
 * request, and answers the chats from a list of steps, so that every failure a real server is known for can be had at
 * will. The same step is rendered for both kinds.
 */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dialect, ollamaDialect, openaiDialect } from './scripted-server-dialects.ts';
import type {
  AnswerStep,
  Chunks,
  RecordedRequest,
  Script,
  ScriptedStep,
  Step,
} from './scripted-server-steps.ts';

export * from './scripted-server-steps.ts';

export type ScriptedServer = {
  url: string;
  openaiUrl: string;
  requests: RecordedRequest[];
  /** The nth chat request, counted from 1, once it has come. */
  chat(nth: number): Promise<RecordedRequest>;
  close(): Promise<void>;
  /** As a server that crashes: destroys every connection and stops listening. */
  kill(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
};

/** Resolves when the connection is gone: what a silent answer waits for. */
async function gone(response: ServerResponse): Promise<void> {
  if (!response.destroyed) await once(response, 'close');
}

/** Waits for the client to read: else endless output fills the memory, and nothing else gets a turn. */
async function write(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed || response.write(text)) return;
  const drained = new AbortController();
  const stop = (): void => drained.abort();
  response.once('close', stop);
  // Aborted by the end of the connection, which the caller sees for itself.
  await once(response, 'drain', { signal: drained.signal }).catch(() => undefined);
  response.off('close', stop);
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(value));
}

function iterate(chunks: Chunks | undefined): Iterable<string> | AsyncIterable<string> {
  if (chunks === undefined) return [];
  return typeof chunks === 'string' ? [chunks] : chunks;
}

async function sendStream(step: AnswerStep, dialect: Dialect, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': step.contentType ?? dialect.contentType });
  response.flushHeaders();
  let sent = 0;
  for (const part of ['thinking', 'content'] as const) {
    for await (const text of iterate(step[part])) {
      if (response.destroyed) return;
      sent++;
      await write(response, dialect.line(dialect.chunk(step, { [part]: text })));
    }
  }
  const { end = 'done' } = step;
  if (end === 'silence') await gone(response);
  else if (end === 'cut') response.destroy();
  else if (end === 'missing') response.end();
  else if (end === 'invalid') response.end(dialect.line('{"message": {"content'));
  else if (end === 'done')
    response.end(
      dialect
        .last(step, step.tokens ?? sent)
        .map((value) => dialect.line(value))
        .join('') + dialect.end,
    );
  else response.end(dialect.line(dialect.error(end.error, 500)));
}

async function sendWhole(step: AnswerStep, dialect: Dialect, response: ServerResponse): Promise<void> {
  const text = { thinking: '', content: '' };
  let count = 0;
  for (const part of ['thinking', 'content'] as const) {
    for await (const chunk of iterate(step[part])) {
      if (response.destroyed) return;
      // Gives the connection's end a turn, where the chunks have none.
      if (++count % 1000 === 0) await new Promise(setImmediate);
      text[part] += count > 1_000_000 ? '' : chunk;
    }
  }
  const { end = 'done' } = step;
  const body = JSON.stringify(dialect.whole(step, text, step.tokens ?? count));
  if (end === 'silence') return gone(response);
  if (typeof end === 'object') return sendJson(response, 500, dialect.error(end.error, 500));
  response.writeHead(200, { 'content-type': step.contentType ?? 'application/json' });
  if (end === 'done' || end === 'missing') response.end(body);
  else {
    await write(response, body.slice(0, body.length / 2));
    if (end === 'cut') response.destroy();
    else response.end();
  }
}

async function perform(
  step: Step,
  dialect: Dialect,
  streaming: boolean,
  response: ServerResponse,
): Promise<void> {
  if (step.kind === 'silence') return gone(response);
  if (step.kind === 'error')
    return sendJson(response, step.status, dialect.error(step.message, step.status), step.headers);
  await Promise.race([step.gate, gone(response)]);
  if (response.destroyed) return;
  await (streaming ? sendStream : sendWhole)(step, dialect, response);
}

function describeModels(script: Script, request: RecordedRequest): unknown {
  const { models = ['scripted'], contextLength = 32_768, capabilities = ['completion', 'tools'] } = script;
  const listed = models.map((model) => {
    const name = model.includes(':') ? model : `${model}:latest`;
    return {
      name,
      model: name,
      modified_at: '2025-01-01T00:00:00Z',
      size: 1,
      digest: 'c0ffee00'.repeat(8),
      details: {
        format: 'gguf',
        family: 'llama',
        families: ['llama'],
        parameter_size: '1B',
        quantization_level: 'Q4_0',
      },
    };
  });
  switch (`${request.method} ${request.path}`) {
    case 'GET /api/version':
      return { version: '0.33.0' };
    case 'GET /api/tags':
      return { models: listed };
    case 'GET /api/ps':
      return {
        models: listed.map((model) => ({
          ...model,
          expires_at: '2100-01-01T00:00:00Z',
          size_vram: 1,
          context_length: contextLength,
        })),
      };
    case 'GET /v1/models':
      return {
        object: 'list',
        data: listed.map(({ name }) => ({
          id: name,
          object: 'model',
          created: 1_735_689_600,
          owned_by: 'library',
        })),
      };
    case 'POST /api/show':
      return {
        details: listed[0]?.details,
        model_info: { 'general.architecture': 'llama', 'llama.context_length': contextLength },
        capabilities,
        ...(script.remoteHost === undefined ? {} : { remote_model: 'far', remote_host: script.remoteHost }),
      };
  }
  return undefined;
}

async function readRequest(message: IncomingMessage, response: ServerResponse): Promise<RecordedRequest> {
  const ended = new Promise<'answered' | 'aborted'>((resolve) =>
    response.once('close', () => resolve(response.writableFinished ? 'answered' : 'aborted')),
  );
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return {
    method: message.method ?? 'GET',
    path: (message.url ?? '/').split('?')[0] ?? '/',
    headers: message.headers,
    body: text === '' ? undefined : JSON.parse(text),
    ended,
  };
}

const CHATS = ['/api/chat', '/v1/chat/completions'];

export async function startScriptedServer(given: Script | readonly ScriptedStep[]): Promise<ScriptedServer> {
  const script: Script = 'steps' in given ? given : { steps: given };
  if (script.steps.length === 0) throw new Error('a script needs a step');
  const requests: RecordedRequest[] = [];
  const chats: RecordedRequest[] = [];
  const arrivals = new EventEmitter();

  function unknownModel({ body, path }: RecordedRequest): string | undefined {
    const asked = body?.model ?? body?.name;
    if (script.models === undefined || asked === undefined || !(path === '/api/show' || CHATS.includes(path)))
      return undefined;
    return script.models.some(
      (model) => model.replace(/:latest$/, '') === String(asked).replace(/:latest$/, ''),
    )
      ? undefined
      : asked;
  }

  async function respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message, response);
    requests.push(request);
    const { method, path, body } = request;
    const isOpenai = path.startsWith('/v1/');
    const dialect = isOpenai ? openaiDialect(body) : ollamaDialect(body?.model);
    const replaced = script.routes?.[`${method} ${path}`];
    if (replaced !== undefined) return perform(replaced, dialect, false, response);
    const unknown = unknownModel(request);
    if (unknown !== undefined)
      return sendJson(response, 404, dialect.error(`model '${unknown}' not found`, 404));
    if (method === 'POST' && CHATS.includes(path)) {
      chats.push(request);
      const scripted = script.steps[Math.min(chats.length, script.steps.length) - 1] as ScriptedStep;
      arrivals.emit('chat');
      const step = typeof scripted === 'function' ? await scripted(request) : scripted;
      return perform(step, dialect, isOpenai ? body?.stream === true : body?.stream !== false, response);
    }
    if (path === '/' && (method === 'GET' || method === 'HEAD')) {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('Ollama is running');
      return;
    }
    const described = describeModels(script, request);
    if (described === undefined)
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
    else sendJson(response, 200, described);
  }

  const server = createServer((message, response) => {
    respond(message, response).catch((error: unknown) => {
      if (response.destroyed) return;
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: `scripted server: ${String(error)}` });
    });
  });
  async function listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return address.port;
  }
  async function kill(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
  const port = await listen(0);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    openaiUrl: `${url}/v1`,
    requests,
    async chat(nth) {
      while (chats.length < nth) await once(arrivals, 'chat');
      return chats[nth - 1] as RecordedRequest;
    },
    close: kill,
    kill,
    async restart() {
      await listen(port);
    },
  };
}
