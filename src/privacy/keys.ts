/**
 * Cuts the keys of servers out of words of others: a server repeats the key that it refuses, and what it says goes into
 * outcomes and logs. Pure.
 */

import { withoutSpellings } from './values/spelled-keys.ts';

const CUT = '[key]';

/** A shorter one could stand in any text by chance, so it is cut only where it stands alone. */
const SHORT = 8;
const SHORTEST = 4;

/** What is written where a server wants any key at all. */
const PLACEHOLDERS = new Set(
  'none null local ollama empty dummy test token lmstudio lm-studio not-needed no-key no-key-required sk-no-key-required api-key apikey'.split(
    ' ',
  ),
);

/** The text without any of the keys, however they are written in it. */
export const withoutKeys = (text: string, keys: readonly string[]): string => {
  let cut = text;
  for (const key of keys) {
    for (const form of formsOf(key)) cut = cut.replaceAll(form, CUT);
    if (isShort(key)) cut = cut.replaceAll(standingAlone(key), CUT);
    else if (isSecret(key)) cut = withoutSpellings(cut, key, CUT);
  }
  return cut;
};

/** The same for a text that comes in pieces, of the usual forms: what may be the beginning of a key waits for the next one. */
export class KeyCutter {
  readonly #forms: readonly string[];
  readonly #longest: number;
  #held = '';

  constructor(keys: readonly string[]) {
    this.#forms = keys.flatMap(formsOf);
    this.#longest = Math.max(0, ...this.#forms.map((form) => form.length));
  }

  /** What can be passed on. */
  push(piece: string): string {
    if (this.#longest === 0) return piece;
    let text = this.#held + piece;
    for (const form of this.#forms) text = text.replaceAll(form, CUT);
    const from = this.#beginningOfKey(text);
    this.#held = text.slice(from);
    return text.slice(0, from);
  }

  /** What was held back; nothing comes any more. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #beginningOfKey(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest + 1); at < text.length; at += 1) {
      const end = text.slice(at);
      if (this.#forms.some((form) => form.startsWith(end))) return at;
    }
    return text.length;
  }
}

const isSecret = (key: string): boolean => key.length >= SHORTEST && !PLACEHOLDERS.has(key.toLowerCase());

const isShort = (key: string): boolean => isSecret(key) && key.length < SHORT;

const standingAlone = (key: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${key.replaceAll(/[^\p{L}\p{N}]/gu, '\\$&')}(?![\\p{L}\\p{N}])`, 'gu');

/** Longest first, so that no form is left with a part of another one in it. */
const formsOf = (key: string): string[] => {
  if (!isSecret(key) || key.length < SHORT) return [];
  const json = JSON.stringify(key).slice(1, -1);
  const url = encodeURIComponent(key);
  const forms = [
    key,
    json,
    // Within JSON that stands in JSON, as where one server passes on what another one said.
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', '\\/'),
    url,
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    url.replaceAll('%20', '+'),
    new URLSearchParams({ key }).toString().slice('key='.length),
    key.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    Buffer.from(key).toString('hex'),
    Buffer.from(key).toString('hex').toUpperCase(),
    ...inBase64(key),
  ];
  return [...new Set(forms)].sort((one, other) => other.length - one.length);
};

/**
 * The letters of base64 that stand for the key and nothing else, wherever it stands in what was encoded: behind
 * `user:`, of any length, there are three ways.
 */
const inBase64 = (key: string): string[] => {
  const bytes = Buffer.from(key);
  const forms: string[] = [];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    const inner = encoded.slice(Math.ceil((before * 8) / 6), whole);
    forms.push(inner, inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
};
