/**
 * A server of OpenAI's chat completions on loopback that answers an agent from a script, tool calls included. (The
 * scripted server answers models' clients: it knows their failures, but calls no tools.)
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type ChatStep =
  | { kind: 'text'; text: string }
  | { kind: 'tool'; name: string; input: Record<string, unknown> }
  | { kind: 'error'; status: number; message: string }
  | { kind: 'silence' };

export interface ChatServer {
  /** With /v1. */
  url: string;
  /** Of chats only. */
  // biome-ignore lint/suspicious/noExplicitAny: what a program under test sends, looked at by hand
  requests: { path: string; body: any }[];
  close(): Promise<void>;
}

const USAGE = { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 };

const chunksOf = (step: Extract<ChatStep, { kind: 'text' | 'tool' }>, nth: number): unknown[] => {
  const choice = (delta: unknown, finish: string | null): unknown => ({
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  if (step.kind === 'text') {
    return [choice({ role: 'assistant', content: step.text }, null), choice({}, 'stop')];
  }
  const call = {
    index: 0,
    id: `call_${nth}`,
    type: 'function',
    function: { name: step.name, arguments: JSON.stringify(step.input) },
  };
  return [choice({ role: 'assistant', tool_calls: [call] }, null), choice({}, 'tool_calls')];
};

/** The nth chat gets the nth step; the last step answers all that come after it. Every answer is a stream. */
export const startChatServer = async (steps: readonly ChatStep[]): Promise<ChatServer> => {
  const requests: ChatServer['requests'] = [];

  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk);
    const json = (status: number, value: unknown): unknown =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const path = message.url ?? '/';
    if (message.method !== 'POST') return void json(200, { object: 'list', data: [] });
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const nth = requests.push({ path, body });
    const step = steps[Math.min(nth, steps.length) - 1];
    if (step === undefined || step.kind === 'silence') return;
    if (step.kind === 'error') return void json(step.status, { error: { message: step.message } });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const common = { id: `chat_${nth}`, object: 'chat.completion.chunk', created: 1, model: body.model };
    for (const chunk of [...chunksOf(step, nth), { choices: [], usage: USAGE }]) {
      response.write(`data: ${JSON.stringify({ ...common, ...(chunk as object) })}\n\n`);
    }
    response.end('data: [DONE]\n\n');
  };

  const server = createServer((message, response) => {
    answer(message, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
