/**
 * How many tokens a text may be, without its model's tokenizer: a range from its UTF-8 bytes. Bytes, since
 * a Japanese character is three of them and about one token, where counting characters by the English rule
 * of four a token would be wrong by a factor of four. Pure.
 */

export interface TokenRange {
  /** Hardly any tokenizer needs fewer. */
  low: number;
  /** Hardly any text needs more; dense data (hex, base64) may. */
  high: number;
}

const MOST_BYTES_A_TOKEN = 6;
const FEWEST_ASCII_BYTES_A_TOKEN = 2.5;
const FEWEST_OTHER_BYTES_A_TOKEN = 2;

/** The lower end of the estimate for a text of so many UTF-8 bytes. */
export const fewestTokens = (bytes: number): number => Math.floor(bytes / MOST_BYTES_A_TOKEN);

export const estimateTokens = (text: string): TokenRange => {
  const bytes = Buffer.byteLength(text);
  let ascii = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) < 0x80) ascii += 1;
  const high = ascii / FEWEST_ASCII_BYTES_A_TOKEN + (bytes - ascii) / FEWEST_OTHER_BYTES_A_TOKEN;
  return { low: fewestTokens(bytes), high: Math.ceil(high) };
};

/** Letters of scripts that put no spaces between words; a token holds two of them on average at most. */
const TOKENS_A_LETTER = 0.5;
const TOKENS_A_HANGUL_LETTER = 0.4;
const TOKENS_A_THAI_LETTER = 0.2;
/** Of a word or a number; longer ones are several tokens. */
const MOST_LETTERS_A_TOKEN = 16;

/** What a text is made of, as far as tokenizers treat it differently. */
export type Script = 'latin' | 'letters' | 'signs' | 'han' | 'hangul' | 'thai';

/**
 * As many tokens as any tokenizer in use makes of a text: they cut at spaces, between words, numbers and signs before they
 * look for tokens, so each of these is one at least (https://github.com/openai/tiktoken, tiktoken_ext/openai_public.py;
 * Llama, Qwen and Gemma cut alike). Spaces are free: a run of them is a part of what follows. Linear in the text.
 */
export const leastTokens = (text: string): number => leastOf(text).tokens;

/**
 * As many tokens as the densest tokenizers make of what is one by the least (Llama 2, and cl100k of Russian; measured:
 * test/support/prompt-texts.ts). Of Thai they make one of each letter, or three.
 */
const DENSEST: Readonly<Record<Script, number>> = {
  latin: 1.7,
  letters: 2.6,
  signs: 2.4,
  han: 3.05,
  hangul: 5.5,
  thai: 15,
};

/** The same, the script that most of these tokens are of, and as many tokens as hardly any tokenizer exceeds. */
export const leastOf = (text: string): { tokens: number; script: Script; densest: number } => {
  const tokens: Record<Script, number> = { latin: 0, letters: 0, signs: 0, han: 0, hangul: 0, thai: 0 };
  let kind: Kind = 'space';
  let length = 0;
  let isLatin = true;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : SPACE;
    const next = kindOf(code);
    if (next === 'thai') tokens.thai += TOKENS_A_THAI_LETTER;
    if (next === 'hangul') tokens.hangul += TOKENS_A_HANGUL_LETTER;
    if (next === 'han') tokens.han += TOKENS_A_LETTER;
    if (next === kind) {
      length += 1;
      isLatin &&= code < LATIN_END;
      continue;
    }
    if (kind === 'word') tokens[isLatin ? 'latin' : 'letters'] += Math.ceil(length / MOST_LETTERS_A_TOKEN);
    if (kind === 'number') tokens.signs += Math.ceil(length / MOST_LETTERS_A_TOKEN);
    // One sign before a word is a part of the word.
    if (kind === 'sign' && (length > 1 || next !== 'word')) tokens.signs += 1;
    kind = next;
    length = 1;
    isLatin = code < LATIN_END;
  }
  const scripts = Object.keys(tokens) as Script[];
  const sum = scripts.reduce((all, script) => all + tokens[script], 0);
  const script = scripts.reduce((most, each) => (tokens[each] > tokens[most] ? each : most));
  const densest = scripts.reduce((all, each) => all + tokens[each] * DENSEST[each], 0);
  return { tokens: Math.floor(sum), script, densest: Math.ceil(densest) };
};

type Kind = 'space' | 'word' | 'number' | 'sign' | 'han' | 'hangul' | 'thai';

const SPACE = 0x20;
const LATIN_END = 0x250;

const kindOf = (code: number): Kind => {
  if (code <= SPACE || code === 0xa0) return 'space';
  if (code >= 0x30 && code <= 0x39) return 'number';
  if ((code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)) return 'word';
  if (code < 0xc0) return 'sign';
  if (code < 0xe00) return 'word';
  if (code < 0x1000) return 'thai';
  if (code < 0x2e80) return code < 0x2000 ? 'word' : 'sign';
  if (code >= 0xac00 && code < 0xd7b0) return 'hangul';
  return 'han';
};
