/**
 * How a stream may end. Only the ends listed here are those of a whole answer; what a server says besides is its reason
 * for an answer that is none. Pure.
 */
import type { StreamEnd } from '../../task/observed.ts';
import { isObject } from '../../text/formats/json.ts';

type Dialect = 'ollama' | 'openai';

/** Ends of their own accord, by dialect. */
const WHOLE: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  // https://github.com/ollama/ollama/blob/main/docs/api.md; versions before 0.1.40 say nothing.
  ollama: new Set(['stop', '']),
  // `stop` is OpenAI's (https://platform.openai.com/docs/api-reference/chat/object); `eos`, `eos_token` and
  // `stop_sequence` are text-generation-inference's and of gateways before it, `end_turn` of gateways before Anthropic's API
  // (https://docs.rs/openai-interface/0.12.0/openai_interface/chat/enum.FinishReason.html).
  openai: new Set(['stop', 'eos', 'eos_token', 'stop_sequence', 'end_turn']),
};

/** A limit was reached, by any name. */
const CUT = new Set(['length', 'max_tokens', 'max_output_tokens', 'model_length', 'max_length']);

/** For a tool, though none was offered. */
const CALL = new Set(['tool_calls', 'tool_call', 'tool_use', 'function_call']);

/**
 * `said`: the reason the server gave, null where it gave none and ended as its dialect ends. `calls`: the names of tools
 * that it called in its protocol's own way.
 */
export const streamEnd = (dialect: Dialect, said: string | null, calls: readonly string[]): StreamEnd => {
  const word = (said ?? '').toLowerCase();
  if (calls.length > 0) return { kind: 'call', said: calls.join(', ') };
  if (said === null || WHOLE[dialect].has(word)) return { kind: 'whole', said };
  if (CUT.has(word)) return { kind: 'cut', said };
  return { kind: CALL.has(word) ? 'call' : 'other', said };
};

/** The names of the tools in a message or a part of one; a call without a name counts as `a tool`. */
export const calledTools = (message: unknown): string[] => {
  const { tool_calls: calls, function_call: call } = (message ?? {}) as Record<string, unknown>;
  // text-generation-inference sends one call as it is, without a list around it.
  const listed = Array.isArray(calls) ? calls : isObject(calls) ? [calls] : [];
  const all = [...listed, ...(call == null ? [] : [{ function: call }])];
  return all.map((each: { function?: { name?: unknown } } | null) => {
    const name = each?.function?.name;
    return typeof name === 'string' && name !== '' ? name : 'a tool';
  });
};
