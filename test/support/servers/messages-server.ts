/**
 * A server of Anthropic's Messages shape on loopback that answers from a script: texts and tool calls, streamed or
 * whole, as the caller asks. It records every request, so that a test sees what an agent was told by its tools.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type MessagesStep =
  | { kind: 'text'; text: string }
  | { kind: 'tool'; name: string; input: Record<string, unknown>; text?: string }
  | { kind: 'error'; status: number; message: string }
  | { kind: 'silence' };

interface MessagesRequest {
  method: string;
  path: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a program under test sends, looked at by hand
  body: any;
}

export interface MessagesServer {
  /** Without /v1. */
  url: string;
  /** Every request, in order. */
  requests: MessagesRequest[];
  /** What tools answered, in the order in which the agent sent it on. */
  toolResults(): string[];
  close(): Promise<void>;
}

type Block = Record<string, unknown>;

const blocksOf = (step: Extract<MessagesStep, { kind: 'text' | 'tool' }>, nth: number): Block[] => {
  const text = step.text === undefined ? [] : [{ type: 'text', text: step.text }];
  if (step.kind === 'text') return text;
  return [...text, { type: 'tool_use', id: `toolu_${nth}`, name: step.name, input: step.input }];
};

const USAGE = { input_tokens: 120, output_tokens: 8 };

const messageOf = (model: unknown, content: Block[], stop: string | null): Record<string, unknown> => ({
  id: 'msg_scripted',
  type: 'message',
  role: 'assistant',
  model,
  content,
  stop_reason: stop,
  stop_sequence: null,
  usage: USAGE,
});

const streamOf = (model: unknown, blocks: Block[], stop: string): string => {
  const event = (value: Record<string, unknown>): string =>
    `event: ${String(value['type'])}\ndata: ${JSON.stringify(value)}\n\n`;
  const parts = blocks.map((block, index) => {
    const isText = block['type'] === 'text';
    const delta = isText
      ? { type: 'text_delta', text: block['text'] }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block['input']) };
    return [
      event({
        type: 'content_block_start',
        index,
        content_block: isText ? { ...block, text: '' } : { ...block, input: {} },
      }),
      event({ type: 'content_block_delta', index, delta }),
      event({ type: 'content_block_stop', index }),
    ].join('');
  });
  return [
    event({ type: 'message_start', message: messageOf(model, [], null) }),
    ...parts,
    event({ type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage: USAGE }),
    event({ type: 'message_stop' }),
  ].join('');
};

const readBody = async (message: IncomingMessage): Promise<MessagesRequest['body']> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
};

/** The nth request for a message gets the nth step; the last step answers all that come after it. */
export const startMessagesServer = async (steps: readonly MessagesStep[]): Promise<MessagesServer> => {
  const requests: MessagesRequest[] = [];
  let asked = 0;

  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (message.url ?? '/').split('?')[0] ?? '/';
    const body = await readBody(message);
    requests.push({ method: message.method ?? 'GET', path, body });
    const json = (status: number, value: unknown): unknown =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (message.method === 'GET' || message.method === 'HEAD') return void json(200, { version: '0.33.0' });
    if (path === '/v1/messages/count_tokens') return void json(200, { input_tokens: 100 });
    if (path !== '/v1/messages') return void json(404, { type: 'error' });
    const nth = asked++;
    const step = steps[Math.min(nth, steps.length - 1)];
    if (step === undefined || step.kind === 'silence') return;
    if (step.kind === 'error') {
      const error = { type: step.status === 404 ? 'not_found_error' : 'api_error', message: step.message };
      return void json(step.status, { type: 'error', error });
    }
    const blocks = blocksOf(step, nth);
    const stop = step.kind === 'tool' ? 'tool_use' : 'end_turn';
    if (body?.stream !== true) return void json(200, messageOf(body?.model, blocks, stop));
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(streamOf(body.model, blocks, stop));
  };

  const server = createServer((message, response) => {
    answer(message, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    toolResults: () =>
      // Each request holds the whole conversation, and some are sent twice.
      (requests.findLast(({ path }) => path === '/v1/messages')?.body.messages ?? [])
        .flatMap(({ content }: { content: Block[] | string }) => (typeof content === 'string' ? [] : content))
        .filter((block: Block) => block['type'] === 'tool_result')
        .map(({ content }: Block) =>
          typeof content === 'string' ? content : (content as Block[]).map(({ text }) => text).join('\n'),
        ),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
