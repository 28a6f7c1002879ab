/** What a scripted server can be told to do: `Step`, and `steps`, which makes the usual ones. */
import type { IncomingHttpHeaders } from 'node:http';

/** Text as it is sent: one chunk, several, or without end. */
export type Chunks = string | Iterable<string> | AsyncIterable<string>;

/** HTTP 200, chunks, and an end that need not be a good one. */
export type AnswerStep = {
  kind: 'answer';
  thinking?: Chunks;
  content?: Chunks;
  /** The count of the request's tokens the server claims; null leaves it out, as for a cached prompt. */
  promptTokens?: number | null;
  tokens?: number;
  /** Ollama's done_reason, OpenAI's finish_reason. */
  reason?: string;
  /** Ollama's mark of an answer that came from its cloud. */
  remoteHost?: string;
  contentType?: string;
  /** Awaited before the status line. */
  gate?: Promise<unknown>;
  /**
   * After the chunks: `done` is the proper end; `missing` ends the stream without one; `silence` keeps it open; `cut`
   * destroys the connection; `error` sends an error line under HTTP 200; `invalid` a line that is not JSON.
   */
  end?: 'done' | 'missing' | 'silence' | 'cut' | 'invalid' | { error: string };
};

export type ErrorStep = { kind: 'error'; status: number; message: string; headers?: Record<string, string> };

/** No byte, until the client or the server goes away. */
export type SilenceStep = { kind: 'silence' };

export type Step = AnswerStep | ErrorStep | SilenceStep;

export type RecordedRequest = {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Parsed; undefined where there was none. */
  body: any;
  /** How the exchange ended; `aborted` when the connection went before the answer was whole. */
  ended: Promise<'answered' | 'aborted'>;
};

export type ScriptedStep = Step | ((request: RecordedRequest) => Step | Promise<Step>);

export type Script = {
  /** One a chat request, in the order they come; the last repeats. */
  steps: readonly ScriptedStep[];
  /** What tags, ps, show and models know; by default one, and every other name is taken too. */
  models?: readonly string[];
  capabilities?: readonly string[];
  /** The model's own limit in show, and the context in use in ps. */
  contextLength?: number;
  /** Where show says that the models run, as Ollama does for those that it passes on. */
  remoteHost?: string;
  /** In place of an answer, by method and path: `'GET /api/version': { kind: 'silence' }`. */
  routes?: Readonly<Record<string, ErrorStep | SilenceStep>>;
};

function lastContent(request: RecordedRequest): string {
  return String(request.body?.messages?.at(-1)?.content ?? '');
}

// Objects that can be iterated again, and not generators: the last step repeats.
function gated(chunks: readonly string[], gates: readonly Promise<unknown>[]): AsyncIterable<string> {
  return {
    async *[Symbol.asyncIterator]() {
      for (const [index, chunk] of chunks.entries()) {
        await gates[index];
        yield chunk;
      }
    },
  };
}

function endless(chunk: string): Iterable<string> {
  return {
    *[Symbol.iterator]() {
      for (;;) yield chunk;
    },
  };
}

export const steps = {
  text: (content: Chunks, rest: Partial<AnswerStep> = {}): AnswerStep => ({
    kind: 'answer',
    content,
    ...rest,
  }),
  empty: (): AnswerStep => ({ kind: 'answer', tokens: 0 }),
  thinkingOnly: (thinking: Chunks = 'Let me think about it.'): AnswerStep => ({ kind: 'answer', thinking }),
  cutByLength: (content: Chunks = 'The answer is'): AnswerStep => ({
    kind: 'answer',
    content,
    reason: 'length',
  }),
  /** A call of a tool that nobody will run: `tagged` as Qwen writes it, else bare JSON. */
  toolCallAsText: (tagged = false): AnswerStep => {
    const call = JSON.stringify({ name: 'write_file', arguments: { path: 'a.txt', content: 'hello' } });
    return { kind: 'answer', content: tagged ? `<tool_call>\n${call}\n</tool_call>` : call };
  },
  remote: (content: Chunks = 'From afar.'): AnswerStep => ({
    kind: 'answer',
    content,
    remoteHost: 'https://ollama.com:443',
  }),
  echo: (): ScriptedStep => (request) => ({ kind: 'answer', content: lastContent(request) }),
  endless: (chunk = 'and on '): AnswerStep => ({ kind: 'answer', content: endless(chunk) }),
  /** Each chunk waits for the gate of its index. */
  gated: (chunks: readonly string[], gates: readonly Promise<unknown>[]): AnswerStep => ({
    kind: 'answer',
    content: gated(chunks, gates),
  }),
  withoutDone: (content: Chunks = 'The answer'): AnswerStep => ({ kind: 'answer', content, end: 'missing' }),
  cutInStream: (content: Chunks = 'The answer'): AnswerStep => ({ kind: 'answer', content, end: 'cut' }),
  silenceInStream: (content: Chunks = 'The answer'): AnswerStep => ({
    kind: 'answer',
    content,
    end: 'silence',
  }),
  errorInStream: (error = 'llama runner process has terminated'): AnswerStep => ({
    kind: 'answer',
    content: 'The answer',
    end: { error },
  }),
  invalidLine: (): AnswerStep => ({ kind: 'answer', content: 'The answer', end: 'invalid' }),
  oddContentType: (contentType = 'text/html'): AnswerStep => ({
    kind: 'answer',
    content: 'The answer',
    contentType,
  }),
  silence: (): SilenceStep => ({ kind: 'silence' }),
  modelNotFound: (): ScriptedStep => (request) => ({
    kind: 'error',
    status: 404,
    message: `model '${request.body?.model}' not found`,
  }),
  noTools: (): ScriptedStep => (request) => ({
    kind: 'error',
    status: 400,
    message: `registry.ollama.ai/library/${request.body?.model} does not support tools`,
  }),
  contextOverflow: (): ErrorStep => ({
    kind: 'error',
    status: 400,
    message: 'the input length exceeds the context length',
  }),
  busy: (retryAfter?: string): ErrorStep => ({
    kind: 'error',
    status: 503,
    message: 'server busy, please try again.  maximum pending requests exceeded',
    ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
  }),
  tooManyRequests: (retryAfter?: string): ErrorStep => ({
    kind: 'error',
    status: 429,
    message: 'too many requests',
    ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
  }),
  serverError: (message = 'llama runner process has terminated: exit status 2'): ErrorStep => ({
    kind: 'error',
    status: 500,
    message,
  }),
};
