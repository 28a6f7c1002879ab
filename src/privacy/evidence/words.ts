/** What each word of a text speaks for, as bits. Pure; a word is looked up in a bounded number of steps. */
import { LOCK_WORDS } from './lock-words.ts';
import { OTHER_WORDS } from './other-words.ts';
import { SECRET_WORDS } from './secret-words.ts';

const LISTS: Readonly<Record<string, string>> = { ...SECRET_WORDS, ...LOCK_WORDS, ...OTHER_WORDS };

/** In the order of the bits. */
export const CONCEPTS: readonly string[] = Object.keys(LISTS);

/** The bit of a concept. */
export const bit = (concept: string): number => 2 ** CONCEPTS.indexOf(concept);

interface Lexicon {
  whole: ReadonlyMap<string, number>;
  beginnings: ReadonlyMap<string, number>;
  ends: ReadonlyMap<string, number>;
  /** Of Chinese, Japanese and Korean. */
  within: ReadonlyMap<string, number>;
  /** The first and the last letters of words with any beginning or end: most words have none of them. */
  heads: ReadonlySet<string>;
  tails: ReadonlySet<string>;
}

const SHORTEST = 3;
const LONGEST = 18;
const LONGEST_WITHIN = 8;
const LONGEST_WORD = 48;
const IS_CJK = /[\u3001-\u9fff\uac00-\ud7af]/;

/** Without case and accents. */
const plain = (word: string): string => {
  const small = word.toLowerCase();
  return /^[\0-\x7f]*$/.test(small)
    ? small
    : small
        .normalize('NFD')
        .replaceAll(/\p{M}/gu, '')
        .replaceAll('ß', 'ss')
        .replaceAll('ł', 'l')
        .replaceAll('ı', 'i');
};

const readLists = (): Lexicon => {
  const [whole, beginnings, ends, within] = [0, 1, 2, 3].map(() => new Map<string, number>()) as [
    Map<string, number>,
    Map<string, number>,
    Map<string, number>,
    Map<string, number>,
  ];
  for (const [at, list] of Object.values(LISTS).entries()) {
    for (const written of list.split(/\s+/)) {
      const isCjk = IS_CJK.test(written);
      const word = isCjk ? written.toLowerCase() : plain(written.replaceAll('*', ''));
      if (word === '') continue;
      const add = (map: Map<string, number>): unknown => map.set(word, (map.get(word) ?? 0) | (1 << at));
      if (isCjk) add(within);
      else if (written.endsWith('*')) add(beginnings);
      else if (written.startsWith('*')) add(ends);
      else add(whole);
    }
  }
  const heads = new Set([...beginnings.keys()].map((word) => word.slice(0, SHORTEST)));
  const tails = new Set([...ends.keys()].map((word) => word.slice(-SHORTEST)));
  return { whole, beginnings, ends, within, heads, tails };
};

let lexicon: Lexicon | undefined;

const lookUp = (part: string): number => {
  const { whole, beginnings, ends, heads, tails } = (lexicon ??= readLists());
  let found = whole.get(part) ?? 0;
  if (part.length < SHORTEST) return found;
  if (heads.has(part.slice(0, SHORTEST))) found |= first(beginnings, part, (length) => part.slice(0, length));
  if (part.length > SHORTEST && tails.has(part.slice(-SHORTEST)))
    found |= first(ends, part, (length) => part.slice(part.length - length));
  return found;
};

/** By the longest piece that is known. */
const first = (
  words: ReadonlyMap<string, number>,
  { length: whole }: string,
  piece: (length: number) => string,
): number => {
  for (let length = Math.min(whole, LONGEST); length >= SHORTEST; length -= 1) {
    const found = words.get(piece(length));
    if (found !== undefined) return found;
  }
  return 0;
};

/** The words in the name of a host say nothing. */
const HOST =
  /^[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|edu|gov|info|local|io|dev|eu|de|fr|es|it|ru|jp|cn|kr|br|pt|uk|us|ch|at|pl|nl)$/i;
const PLACE = bit('place');

/** What was looked up last, by the hash of the word: two words share a place, and hardly ever a hash. */
const PLACES = 1 << 15;
const hashes = new Int32Array(PLACES);
const concepts = new Int32Array(PLACES);

/** Letter by letter. */
export const hashOn = (hash: number, code: number): number => (Math.imul(hash, 31) + code) | 0;

/** The same as `conceptsOf`, where the hash of the word is known. */
export const conceptsByHash = (word: string, hash: number): number => {
  const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
  if (hashes[place] !== hash) {
    concepts[place] = conceptsOf(word);
    hashes[place] = hash;
  }
  return concepts[place] ?? 0;
};

/** Of a word, or of the words that a name is made of: `PIN_CARTAO`, `adminCode`. */
const conceptsOf = (word: string): number => {
  // `-P` is an option, and no page.
  if (word.length > LONGEST_WORD || /^-\p{L}{1,2}$/u.test(word)) return 0;
  if (word.includes('@')) return 0;
  if (HOST.test(word)) return PLACE;
  let found = lookUp(plain(word.replace(/^[-_$@#]+/, '')));
  if (/[_.$-]|\p{Ll}\p{Lu}|\d/u.test(word))
    for (const part of word.replaceAll(/(\p{Ll})(?=\p{Lu})/gu, '$1 ').split(/[^\p{L}\p{M}]+/u))
      if (part !== '') found |= lookUp(plain(part));
  return found;
};

const UNIT = bit('unit');

/** Of a run of Chinese, Japanese or Korean: the longest words first, one after the other. */
export const conceptsInCjk = (run: string): number => {
  const { within } = (lexicon ??= readLists());
  let found = 0;
  for (let at = 0; at < run.length; at += 1) {
    for (let length = Math.min(LONGEST_WITHIN, run.length - at); length > 0; length -= 1) {
      const word = within.get(run.slice(at, at + length));
      if (word === undefined) continue;
      // `3件` is a count, `取件` is none.
      found |= at === 0 ? word : word & ~UNIT;
      // A longer word is not its parts.
      if (length > 1) at += length - 1;
      break;
    }
  }
  return found;
};
