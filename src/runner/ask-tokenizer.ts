/** Asks a server how many tokens a text is, where it has such an address. */
import { countOf, isObject } from '../text/json.ts';
import type { Connection } from './connection.ts';
import type { Server } from './http-failure.ts';

const ANSWER_MS = 3000;

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
    const response = await connection.quickFetch(ANSWER_MS)(`${url.replace(/\/v1$/, '')}/tokenize`, {
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
