/**
 * Whether a text holds what should stay on the machine. A false alarm only keeps a task here, a miss sends a secret
 * away: where the two conflict, this tells. docs/local-only.md says how well it does.
 */
import { findCardNumber } from './card-numbers.ts';
import { findCommandSecret } from './command-secrets.ts';
import { textInBase64 } from './encoded-text.ts';
import { findKey } from './key-formats.ts';
import { normalText, withoutEscapes } from './normal-text.ts';
import { findPublishedKey } from './published-key-rules.ts';
import { findNamedSecret, isFamilyWord } from './secret-families.ts';
import { findWordWithValue } from './secret-words.ts';
import { findSeedPhrase, mayHoldSeed } from './seed-phrases.ts';

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

const findIn = async (text: string, words: readonly string[]): Promise<string | undefined> => {
  const key =
    findKey(text) ??
    (await findPublishedKey(withoutFillers(text))) ??
    findCardNumber(text) ??
    (mayHoldSeed(text) ? findSeedPhrase(text) : undefined);
  if (key !== undefined) return key;
  if (words.length === 0) return undefined;
  const plain = withoutEscapes(text);
  const families = words.filter(isFamilyWord);
  const command = families.length === 0 ? undefined : findCommandSecret(plain);
  if (command !== undefined) return command;
  const own = words.filter((each) => !isFamilyWord(each));
  const word = findNamedSecret(plain, families) ?? findWordWithValue(plain, own);
  return word === undefined ? undefined : `"${word}" with a value`;
};
