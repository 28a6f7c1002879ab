/**
 * A model server that speaks /v1/responses as Codex asks for it, on loopback: it answers from a list of steps, so that
 * everything a model is known to do wrong can be had at will, and records what it was sent.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ResponsesStep = (
  | { kind: 'message'; text: string }
  | { kind: 'function_call'; name: string; arguments: string }
  | { kind: 'custom_tool_call'; name: string; input: string }
  /** A whole response with nothing in it. */
  | { kind: 'empty' }
  /** Headers and nothing after them. */
  | { kind: 'silence' }
  /** An answer begins and does not go on. */
  | { kind: 'stall' }
  | { kind: 'error'; status: number; message: string }
  /** The connection ends in the middle of the answer. */
  | { kind: 'cut' }
) & {
  /** The answer waits for this. */
  gate?: Promise<unknown>;
};

export const steps = {
  message: (text: string): ResponsesStep => ({ kind: 'message', text }),
  /** The model runs a shell command by Codex's own tool. */
  exec: (cmd: string, more: Record<string, unknown> = {}): ResponsesStep => ({
    kind: 'function_call',
    name: 'exec_command',
    arguments: JSON.stringify({ cmd, ...more }),
  }),
  applyPatch: (input: string): ResponsesStep => ({ kind: 'custom_tool_call', name: 'apply_patch', input }),
  unknownTool: (): ResponsesStep => ({
    kind: 'function_call',
    name: 'write_file',
    arguments: '{"path":"a"}',
  }),
  badArguments: (): ResponsesStep => ({
    kind: 'function_call',
    name: 'exec_command',
    arguments: '{"cmd": "touch a',
  }),
  toolCallAsText: (): ResponsesStep => ({
    kind: 'message',
    text: '{"name": "exec_command", "arguments": {"cmd": "touch a"}}',
  }),
  empty: (): ResponsesStep => ({ kind: 'empty' }),
  stall: (): ResponsesStep => ({ kind: 'stall' }),
  silence: (): ResponsesStep => ({ kind: 'silence' }),
  error: (status: number, message: string): ResponsesStep => ({ kind: 'error', status, message }),
  cut: (): ResponsesStep => ({ kind: 'cut' }),
};

interface ResponsesRequest {
  body: Record<string, unknown>;
  /** As it came, in bytes. */
  bytes: number;
}

export interface ResponsesServer {
  /** Without /v1: what an endpoint of kind ollama has. */
  url: string;
  /** The bodies of POST /v1/responses. */
  requests: ResponsesRequest[];
  /** Every request as `METHOD path`. */
  asked: string[];
  close(): Promise<void>;
}

/** The nth answer, or what answers a request by what stands in it: many conversations at once have no common order. */
type ResponsesScript =
  | readonly ResponsesStep[]
  | ((body: Record<string, unknown>) => ResponsesStep | undefined);

/** Of the conversation in a request: how many calls of the model have come back. */
export const callsIn = (body: Record<string, unknown>): number =>
  (body['input'] as { type?: string }[]).filter(({ type }) => type?.endsWith('_call_output')).length;

/** What the script does not say is answered with `Done.` */
export const startResponsesServer = async (
  script: ResponsesScript,
  { models = ['scripted'], remoteHost }: { models?: readonly string[]; remoteHost?: string } = {},
): Promise<ResponsesServer> => {
  const requests: ResponsesRequest[] = [];
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    asked.push(`${request.method} ${path}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'POST' && path === '/v1/responses') {
      const body = Buffer.concat(chunks);
      const asked = JSON.parse(body.toString());
      requests.push({ body: asked, bytes: body.length });
      const step = typeof script === 'function' ? script(asked) : script[requests.length - 1];
      return answer(step ?? steps.message('Done.'), requests.length, response);
    }
    const known = describe(path, models, remoteHost);
    response.writeHead(known === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known ?? { error: { message: `no ${path}` } }));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

const describe = (path: string, models: readonly string[], remoteHost: string | undefined): unknown => {
  if (path === '/v1/models') return { object: 'list', data: models.map((id) => ({ id, object: 'model' })) };
  if (path === '/api/version') return { version: '0.33.0' };
  if (path === '/api/tags') return { models: models.map((name) => ({ name, model: name })) };
  if (path === '/api/show')
    return { capabilities: ['completion', 'tools'], model_info: {}, remote_host: remoteHost };
  return undefined;
};

const answer = async (step: ResponsesStep, nth: number, response: ServerResponse): Promise<void> => {
  if (step.kind === 'error') {
    response.writeHead(step.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: step.message } }));
    return;
  }
  const gone = once(response, 'close');
  await Promise.race([step.gate, step.gate === undefined ? undefined : gone]);
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  if (step.kind === 'silence') return void (await gone);
  const id = `resp_${nth}`;
  const send = (type: string, fields: object): void =>
    void response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  send('response.created', { response: { id } });
  if (step.kind === 'cut') return void response.destroy();
  if (step.kind === 'stall') return void (await gone);
  const item = itemOf(step, nth);
  if (item !== undefined) send('response.output_item.done', { output_index: 0, item });
  const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
  send('response.completed', { response: { id, status: 'completed', output: [], usage } });
  response.end();
};

const itemOf = (step: ResponsesStep, nth: number): object | undefined => {
  const call_id = `call_${nth}`;
  if (step.kind === 'message') {
    const content = [{ type: 'output_text', text: step.text, annotations: [] }];
    return { type: 'message', id: `msg_${nth}`, role: 'assistant', status: 'completed', content };
  }
  if (step.kind === 'function_call') {
    return { type: 'function_call', id: `fc_${nth}`, call_id, name: step.name, arguments: step.arguments };
  }
  if (step.kind === 'custom_tool_call') {
    return { type: 'custom_tool_call', id: `ct_${nth}`, call_id, name: step.name, input: step.input };
  }
  return undefined;
};
