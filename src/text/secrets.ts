/**
 * Whether a text holds what should stay on the machine. A false alarm only keeps a task here, a miss sends a secret
 * away: where the two conflict, this tells. docs/local-only.md says how well it does.
 */
import { findCardNumber } from './card-numbers.ts';
import { textInBase64 } from './encoded-text.ts';
import { findKey } from './key-formats.ts';
import { normalText, withoutEscapes } from './normal-text.ts';
import { findPublishedKey } from './published-key-rules.ts';
import {
  bareName,
  isFamilyWord,
  mayCommandSecret,
  mayNameSecret,
  mayTellCode,
  mayTellLogin,
} from './secret-hints.ts';
import { findWordWithValue } from './secret-words.ts';
import { mayHoldSeed } from './seed-row.ts';

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
  (mayHoldSeed(text) ? (await import('./seed-phrases.ts')).findSeedPhrase(text) : undefined) ??
  (words.length === 0 ? undefined : findByWords(withoutEscapes(text), words));

/** Evidence tells a key from a token no better than people do. */
const KEYS = ['secret', 'apikey', 'token'];

const findByWords = async (text: string, words: readonly string[]): Promise<string | undefined> => {
  const families = words.filter(isFamilyWord);
  if (families.length > 0 && mayCommandSecret(text)) {
    const found = (await import('./command-secrets.ts')).findCommandSecret(text);
    if (found !== undefined) return found;
  }
  const named =
    families.length > 0 && mayNameSecret(text)
      ? (await import('./secret-families.ts')).findNamedSecret(text, families)
      : undefined;
  if (named === undefined && families.some((each) => bareName(each) === 'password')) {
    const told =
      (mayTellCode(text) ? (await import('./told-code.ts')).findToldCode(text) : undefined) ??
      (mayTellCode(text) || mayNameSecret(text)
        ? (await import('./code-rows.ts')).findCodeRow(text)
        : undefined) ??
      (mayTellLogin(text) ? (await import('./login-told.ts')).findLoginTold(text) : undefined) ??
      (mayTellCode(text) || mayTellLogin(text) || mayNameSecret(text)
        ? (await import('./evidence/find.ts')).findByEvidence(
            text,
            KEYS.every((key) => families.some((each) => bareName(each) === key)),
          )
        : undefined);
    if (told !== undefined) return told;
  }
  const own = words.filter((each) => !isFamilyWord(each));
  const word = named ?? findWordWithValue(text, own);
  return word === undefined ? undefined : `"${word}" with a value`;
};
