/** The chat itself: what is asked of Ollama, how often, and what its answer was. */
import type { ChatRequest, ChatResponse, Ollama } from 'ollama';
import { errorInfo } from '../../errors.ts';
import type { Usage } from '../../task/record.ts';
import { countOf, textOf } from '../../text/formats/json.ts';
import type { BoundedAnswer } from '../connection/bounded-answer.ts';
import type { Server } from '../connection/http-failure.ts';
import { meaningOfWords } from '../connection/server-words.ts';
import { calledTools, streamEnd } from '../connection/stream-end.ts';
import { hasCode, RunFailure } from '../failure.ts';
import type { Observed } from '../runner.ts';
import { sizeContext } from './context-size.ts';
import type { ModelPrompt } from './model-prompt.ts';

export interface Conversation {
  client: Ollama;
  server: Server & { model: string };
  prompt: ModelPrompt;
  /** Model options as the task sets them; `think`, `num_ctx` and `num_predict` are understood, all are passed on. */
  set: Readonly<Record<string, unknown>>;
  schema: unknown;
  keepAlive: string;
  numGpu: number | undefined;
  /** Tokens of context that the model and the config allow; null: not known. */
  limits: { model: number | null; config: number };
  contextsInUse: readonly number[];
  sink: BoundedAnswer;
  onFirstByte: () => void;
}

export interface Conversed {
  observed: Observed;
  usage: Usage;
  /** The num_ctx that was used. */
  contextTokens: number;
}

/** Kept free for the answer where the task does not bound it. */
const ANSWER_TOKENS = 4096;

/** How an answer is asked for: on some models the two exclude each other. */
interface Way {
  format: unknown;
  think: ChatRequest['think'];
}

interface Chatted {
  last: ChatResponse | undefined;
  /** Another machine that the answer came through. */
  remoteHost: string | null;
  /** Tools that it called. */
  calls: string[];
}

/** What a chat request has that the client's types do not know. */
interface FullChatRequest extends ChatRequest {
  stream: true;
  /** false: an error in place of a silently shortened prompt. */
  truncate: false;
  /** false: an end with the reason `length` in place of a silently forgotten beginning. */
  shift: false;
}

/** Asks until there is an answer; twice at most for each reason to ask again. Throws RunFailure. */
export const converse = async (conversation: Conversation): Promise<Conversed> => {
  const { set, schema, sink } = conversation;
  const { limit, tokens } = contextFor(conversation);
  let contextTokens = tokens;
  let way: Way = { format: schema, think: set['think'] as Way['think'] };
  let triedOther = false;
  for (;;) {
    let chatted: Chatted;
    try {
      chatted = await chat(conversation, way, contextTokens);
    } catch (error) {
      if (refusesFormat(error) && way.format !== undefined) {
        way = { ...way, format: undefined };
        await sink.restart('The server makes no grammar of the schema: the answer is asked for without one.');
        continue;
      }
      // The estimate was too low for this text; there is more to be had.
      if (!hasCode(error, 'context_overflow') || contextTokens >= limit) throw error;
      contextTokens = limit;
      continue;
    }
    const other = triedOther || sink.hasAnswer || sink.thinking === null ? undefined : otherWay(way);
    if (other === undefined) return { ...judged(conversation, chatted), contextTokens };
    triedOther = true;
    way = other;
    await sink.restart('The model thought and did not answer; it is asked once more, the other way.');
  }
};

const refusesFormat = (error: unknown): boolean =>
  error instanceof RunFailure && meaningOfWords(error.said ?? error.info.message) === 'grammar';

const otherWay = ({ format, think }: Way): Way | undefined => {
  const wantsBoth = format !== undefined && think !== undefined;
  if (think !== false && !wantsBoth) return { format, think: false };
  return format === undefined ? undefined : { format: undefined, think };
};

const contextFor = (conversation: Conversation): { limit: number; tokens: number } => {
  const { prompt, set, limits, contextsInUse, server } = conversation;
  const asked = positive(set['num_ctx']);
  const limit = asked ?? Math.min(limits.config, limits.model ?? limits.config);
  const size = sizeContext({
    prompt: prompt.tokens,
    answer: positive(set['num_predict']) ?? ANSWER_TOKENS,
    limit,
    inUse: contextsInUse,
  });
  if (size.fits) return { limit, tokens: asked ?? size.tokens };
  const { low, high } = prompt.tokens;
  const sources = [
    `the model's own limit: ${limits.model ?? 'unknown'}`,
    asked === undefined ? `num_ctx_max: ${limits.config}` : `num_ctx: ${asked}`,
  ];
  throw new RunFailure(
    errorInfo(
      'context_overflow',
      `The prompt is ${low} to ${high} tokens (${prompt.bytes} bytes); ${server.model} may use ${limit} (${sources.join(', ')}).`,
    ),
  );
};

const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined;

const chat = async (conversation: Conversation, way: Way, contextTokens: number): Promise<Chatted> => {
  const { client, server, prompt, set, keepAlive, numGpu, sink } = conversation;
  const { think: _, ...options } = set;
  const request: FullChatRequest = {
    model: server.model,
    messages: [
      { role: 'system', content: prompt.system },
      { role: 'user', content: prompt.user },
    ],
    stream: true,
    truncate: false,
    shift: false,
    keep_alive: keepAlive,
    options: { ...(numGpu === undefined ? {} : { num_gpu: numGpu }), ...options, num_ctx: contextTokens },
    ...(way.format === undefined ? {} : { format: way.format as object }),
    ...(way.think === undefined ? {} : { think: way.think }),
  };
  let first = true;
  let last: ChatResponse | undefined;
  let remoteHost: string | null = null;
  const calls: string[] = [];
  for await (const part of await client.chat(request)) {
    if (first) conversation.onFirstByte();
    first = false;
    await sink.think(textOf(part.message?.thinking));
    await sink.answer(textOf(part.message?.content));
    for (const call of calledTools(part.message)) calls.push(call);
    remoteHost ??= remoteHostOf(part);
    last = part;
  }
  await sink.end();
  return { last, remoteHost, calls: [...new Set(calls)] };
};

/** Any part may say it. */
const remoteHostOf = (part: object): string | null => {
  const { remote_host: host } = part as { remote_host?: unknown };
  if (host == null || host === '') return null;
  return typeof host === 'string' ? host : JSON.stringify(host);
};

const judged = (
  { prompt, sink }: Conversation,
  { last, remoteHost, calls }: Chatted,
): Omit<Conversed, 'contextTokens'> => {
  const promptTokens = countOf(last?.prompt_eval_count);
  return {
    observed: {
      terminal: last?.done === true,
      end: streamEnd('ollama', textOf(last?.done_reason) || null, calls),
      promptTokens,
      promptBytes: prompt.bytes,
      thinking: sink.thinking,
      remoteHost,
    },
    usage: { input_tokens: promptTokens, output_tokens: countOf(last?.eval_count) },
  };
};
