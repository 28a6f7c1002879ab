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
