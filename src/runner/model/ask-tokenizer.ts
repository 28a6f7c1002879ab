/** Asks a server how many tokens a text is: its tokenizer, or by a chat of which only the count is of interest. */
import { countOf, isObject } from '../../text/formats/json.ts';
import { besideV1 } from '../connection/beside-v1.ts';
import type { Connection } from '../connection/connection.ts';
import type { Server } from '../connection/http-failure.ts';
import { usageOf } from './openai-chunk.ts';

const ANSWER_MS = 3000;
/** A slow machine reads some ten tokens a second. */
const CHAT_MS = 120_000;

/**
 * llama.cpp reads `content` and answers with `tokens`, vLLM reads `prompt` and answers with `count`
 * (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md,
 * https://docs.vllm.ai/en/latest/serving/openai_compatible_server/). null: it cannot say. Never throws for that.
 */
export const countTokens = async (
  connection: Connection,
  { url, model }: Server,
  text: string,
): Promise<number | null> => {
  try {
    const response = await connection.quickFetch(ANSWER_MS)(besideV1(url, '/tokenize'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, content: text, prompt: text }),
    });
    const said: unknown = await response.json();
    if (!isObject(said)) return null;
    const { count, tokens } = said;
    return countOf(count) ?? (Array.isArray(tokens) ? tokens.length : null);
  } catch {
    return null;
  } finally {
    connection.failure = undefined;
  }
};

/** What the server counts for a chat of one message; null: it does not say. Never throws for that. */
export const countChat = async (
  connection: Connection,
  { url, model, kind }: Server,
  text: string,
  /** Of Ollama: what it has loaded the model with. */
  options: object = {},
): Promise<number | null> => {
  const messages = [{ role: 'user', content: text }];
  const request =
    kind === 'ollama'
      ? { model, messages, stream: false, ...options }
      : { model, messages, stream: false, max_tokens: 1 };
  try {
    const address = kind === 'ollama' ? `${url}/api/chat` : `${url}/chat/completions`;
    const response = await connection.quickFetch(CHAT_MS)(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    const said: unknown = await response.json();
    if (kind !== 'ollama') return usageOf(said)?.input_tokens ?? null;
    return isObject(said) ? countOf(said['prompt_eval_count']) : null;
  } catch {
    return null;
  } finally {
    connection.failure = undefined;
  }
};
