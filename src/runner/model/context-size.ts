/**
 * How much context to ask Ollama for. Too little loses part of the prompt or the answer; each new value
 * makes the server load the model again, so few values are used and a bigger one in use is kept. Pure.
 */
import type { TokenRange } from '../../task/tokens.ts';

export interface ContextDemand {
  /** Estimate of the prompt. */
  prompt: TokenRange;
  /** Tokens kept free for the answer. */
  answer: number;
  /** The largest value allowed: of the model, of the config. */
  limit: number;
  /** Values that cost no loading: with which the model is loaded now, then which was asked for before. */
  inUse: readonly number[];
}

export type ContextSize = { fits: true; tokens: number } | { fits: false; needed: number };

const SMALLEST = 4096;
/** An answer of fewer tokens is not worth sending the prompt for. */
const LEAST_ANSWER = 64;

/** `fits` is false only where even the lowest estimate is over the limit: the server refuses the rest by itself. */
export const sizeContext = ({ prompt, answer, limit, inUse }: ContextDemand): ContextSize => {
  if (prompt.low + LEAST_ANSWER > limit) return { fits: false, needed: prompt.low + LEAST_ANSWER };
  const wanted = Math.min(prompt.high + answer, limit);
  const kept = inUse.find((tokens) => tokens >= wanted && tokens <= limit);
  if (kept !== undefined) return { fits: true, tokens: kept };
  let tokens = SMALLEST;
  while (tokens < wanted) tokens *= 2;
  return { fits: true, tokens: Math.min(tokens, limit) };
};
