/**
 * Whether a text holds what should stay on the machine. A false alarm only keeps a task here, a miss sends a secret
 * away: where the two conflict, this tells. docs/local-only.md says how well it does.
 */

import { textInBase64 } from './encoded-text.ts';
import { findKey } from './key-formats.ts';
import { normalText, withoutEscapes } from './normal-text.ts';
import { findPublishedKey } from './published-key-rules.ts';
import { isFamilyWord, mayHoldSecret } from './secret-hints.ts';
import { findCardNumber } from './values/card-numbers.ts';
import { mayHoldSeed } from './values/seed-row.ts';
import { findWordWithValue, withValue } from './words/secret-words.ts';

/** What was found, in words for a person and never with the secret itself; undefined: nothing. */
export const findSecret = async (written: string, words: readonly string[]): Promise<string | undefined> => {
  const text = normalText(written);
  const found = await findIn(text, words);
  if (found !== undefined) return found;
  const hidden = textInBase64(text);
  return hidden === '' ? undefined : findIn(normalText(hidden), words);
};

/** `ghp_xxxxxxxx` is no key. */
const withoutFillers = (text: string): string => text.replaceAll(/[Xx]{8,}/g, 'x');

/** What most texts cannot hold is loaded where one can. */
const findIn = async (text: string, words: readonly string[]): Promise<string | undefined> =>
  (await findKey(text)) ??
  (await findPublishedKey(withoutFillers(text))) ??
  findCardNumber(text) ??
  (mayHoldSeed(text) ? (await import('./values/seed-phrases.ts')).findSeedPhrase(text) : undefined) ??
  (words.length === 0 ? undefined : await findByWords(withoutEscapes(text), words));

const findByWords = async (text: string, words: readonly string[]): Promise<string | undefined> => {
  const families = words.filter(isFamilyWord);
  const found =
    families.length > 0 && mayHoldSecret(text)
      ? (await import('./search-closely.ts')).searchClosely(text, families)
      : undefined;
  if (found !== undefined) return found;
  const word = findWordWithValue(
    text,
    words.filter((each) => !isFamilyWord(each)),
  );
  return word === undefined ? undefined : withValue(word);
};
