/**
 * Whether a text holds what should stay on the machine. A false alarm only keeps a task here, a miss sends a secret
 * away: where the two conflict, this tells. docs/decisions/0004 says how well it does.
 */
import { findKey } from './key-formats.ts';
import { findPublishedKey } from './published-key-rules.ts';
import { findWordWithValue } from './secret-words.ts';

/** What was found, in words for a person and never with the secret itself; undefined: nothing. */
export const findSecret = async (text: string, words: readonly string[]): Promise<string | undefined> => {
  const key = findKey(text) ?? (await findPublishedKey(text));
  if (key !== undefined) return key;
  const word = findWordWithValue(text, words);
  return word === undefined ? undefined : `"${word}" with a value`;
};
