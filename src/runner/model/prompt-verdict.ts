/**
 * Judges by a server's count of tokens whether it read all of a prompt. Where what is known of texts and models leaves that
 * in doubt the server itself is asked: its tokenizer where it has one, else two small chats over a sample of the prompt,
 * whose counts differ by the tokens of the sample.
 */
import { randomUUID } from 'node:crypto';
import type { Usage } from '../../task/record.ts';
import { leastOf } from '../../task/tokens.ts';
import type { CountBound, PromptCounts } from './prompt-counts.ts';

export interface PromptCount {
  counts: PromptCounts;
  /** Of the endpoint and model. */
  name: string;
  text: string;
  /** As the server counted; null: it did not say. */
  counted: number | null;
  /** The context that the server was asked for; null: not known. */
  context: number | null;
  /** What the server's tokenizer makes of a text; null: it has none. */
  tokenize: (text: string) => Promise<number | null>;
  /** What the server counts for a chat of this one message; null: it does not say. */
  chat: (text: string) => Promise<number | null>;
}

export interface Judged extends CountBound {
  by: 'estimate' | 'tokenizer' | 'sample';
  /** Of `sample`: what was asked. */
  sample?: { letters: number; tokens: number; whole: number };
}

/** What a template adds to a prompt makes it more, never less; a byte at a seam may make it one less. */
const EXACT = 0.98;
/** Counts of samples are at most a twentieth off (measured with four tokenizers over texts of one kind and of several). */
const SAMPLED = 0.85;
const PIECES = 12;
const PIECE_LETTERS = 250;
/** Fewer tokens are more than no server's context. */
const LEAST_SUSPECTED = 512;

export const judgeCount = async (asked: PromptCount): Promise<Judged> => {
  const { counts, name, text, counted } = asked;
  const judged = await judge(asked);
  const wasCut = judged.by !== 'estimate' && counted !== null && counted < judged.tokens;
  // What was cut says nothing of its model.
  counts.learn(name, text, wasCut ? null : counted);
  return judged;
};

/** What is kept of the judgement. */
export const withVerdict = (usage: Usage, { tokens, allowsForCache, by, sample }: Judged): Usage => ({
  ...usage,
  prompt: {
    counted: usage.input_tokens,
    least: tokens,
    without_cache: allowsForCache,
    by,
    ...(sample === undefined ? {} : { sample }),
  },
});

const judge = async ({
  counts,
  name,
  text,
  counted,
  context,
  tokenize,
  chat,
}: PromptCount): Promise<Judged> => {
  const bound = counts.bound(name, text);
  const estimated: Judged = { ...bound, by: 'estimate' };
  if (counted === null || counted <= 0 || leastOf(text).densest < LEAST_SUSPECTED) return estimated;
  const isTooFew = counted < bound.tokens;
  if (bound.allowsForCache && !isTooFew) return estimated;
  if (!isTooFew && !counts.inDoubt(name, text, counted) && !looksCut(counted, context)) return estimated;
  const exact = await tokenize(text);
  if (exact !== null) return { tokens: Math.floor(exact * EXACT), allowsForCache: false, by: 'tokenizer' };
  if (bound.allowsForCache) return estimated;
  const sample = await countSample(text, chat);
  if (sample === null) return estimated;
  counts.learnRatio(name, text, sample.whole);
  return { tokens: Math.floor(sample.whole * SAMPLED), allowsForCache: false, by: 'sample', sample };
};

/** Tokens that a template adds may come on top. */
const TEMPLATE_TOKENS = 8;

/**
 * Servers that cut a prompt fill their context with it, or half of it (Ollama: num_ctx / 2 + 2;
 * https://github.com/ollama/ollama/issues/17427, https://github.com/itayinbarr/little-coder/issues/128). An honest count may
 * look so by chance, hence this is no more than a doubt.
 */
export const looksCut = (counted: number, context: number | null): boolean => {
  const isJustOver = (limit: number): boolean => counted >= limit && counted <= limit + TEMPLATE_TOKENS;
  const isNear = (limit: number): boolean => counted >= limit - TEMPLATE_TOKENS && counted <= limit;
  if (context !== null && (isJustOver(context / 2) || isNear(context))) return true;
  const power = 2 ** Math.floor(Math.log2(counted + TEMPLATE_TOKENS));
  return counted >= 1024 && (isJustOver(power) || isNear(power));
};

const countSample = async (
  text: string,
  chat: PromptCount['chat'],
): Promise<{ letters: number; tokens: number; whole: number } | null> => {
  const sample = sampleOf(text);
  // Each with a beginning of its own: what a server had before is not counted by some.
  const bare = await chat(randomUUID());
  const more = bare === null ? null : await chat(`${randomUUID()}\n${sample}`);
  if (bare === null || more === null || more <= bare) return null;
  const tokens = more - bare;
  const { tokens: least } = leastOf(sample);
  if (least === 0) return null;
  return { letters: sample.length, tokens, whole: Math.round((leastOf(text).tokens * tokens) / least) };
};

/** Pieces from all over the text. */
const sampleOf = (text: string): string => {
  if (text.length <= PIECES * PIECE_LETTERS) return text;
  const step = (text.length - PIECE_LETTERS) / (PIECES - 1);
  const pieces = Array.from({ length: PIECES }, (_, nth) => {
    const from = Math.round(nth * step);
    return text.slice(from, from + PIECE_LETTERS);
  });
  // A letter of two units may have been cut.
  return pieces.join('\n').toWellFormed();
};
