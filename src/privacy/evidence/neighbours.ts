/** What stands directly on either side of a candidate. Pure. */
import { ANY_NAME, BESIDE, CLASS_BITS, isWord, LEFT, QUOTES, RIGHT } from './kinds.ts';
import type { Token } from './tokens.ts';

export const leftOf = (tokens: readonly Token[], first: number): (typeof LEFT)[number] => {
  const token = tokens[first - 1];
  // A text alone and one among others read the same.
  if (token === undefined) return 'line';
  if (token.kind === 'line') return 'line';
  const gap = tokens[first]?.at !== token.end;
  if (token.kind !== 'sign') return gap ? 'space' : 'tight';
  let sign = token.text;
  let place = first - 1;
  // A quote belongs to the value: what counts is what stands before it.
  if (QUOTES.test(sign)) {
    const outer = tokens[place - 1];
    if (outer?.kind !== 'sign' || QUOTES.test(outer.text)) return 'quote';
    sign = outer.text;
    place -= 1;
  }
  if (/[:：]/.test(sign)) return ':';
  if (sign === '=') return '=';
  if (/[→⇒]/.test(sign) || (sign === '>' && /[-=]/.test(tokens[place - 1]?.text ?? ''))) return 'arrow';
  if (/[(（[{]/.test(sign)) return '(';
  if (/[/\\]/.test(sign)) return '/';
  if (/[,，、;]/.test(sign)) return ',';
  if (/[-–—]/.test(sign)) return '-';
  return sign === '|' || sign === '>' || sign === '@' ? sign : 'other';
};

export const rightOf = (tokens: readonly Token[], last: number): (typeof RIGHT)[number] => {
  const token = tokens[last + 1];
  if (token === undefined) return 'line';
  if (token.kind === 'line') return 'line';
  if (token.kind !== 'sign') return token.at === tokens[last]?.end ? 'tight' : 'space';
  const sign = token.text;
  if (QUOTES.test(sign)) return 'quote';
  if (/[.!?。！？]/.test(sign)) return '.';
  if (/[,，、]/.test(sign)) return ',';
  if (/[)）\]}]/.test(sign)) return ')';
  if (/[:：]/.test(sign)) return ':';
  return (RIGHT as readonly string[]).includes(sign) ? (sign as ';') : 'other';
};

/** The word before, on the same line. */
export const previousWord = (tokens: readonly Token[], first: number): Token | undefined => {
  for (let index = first - 1; index >= first - 3; index -= 1) {
    const token = tokens[index];
    if (token === undefined || token.kind === 'line') return undefined;
    if (isWord(token)) return token;
  }
  return undefined;
};

export const nextWord = (tokens: readonly Token[], last: number): Token | undefined => {
  const token = tokens[last + 1];
  return isWord(token) ? token : undefined;
};

const CLASSES: readonly (readonly [number, (typeof BESIDE)[number]])[] = [
  [CLASS_BITS.numbered, 'numbered'],
  [ANY_NAME, 'name'],
  [CLASS_BITS.unit, 'unit'],
  [CLASS_BITS.copula, 'copula'],
  [CLASS_BITS.with, 'with'],
  [CLASS_BITS.function, 'function'],
];

export const classOf = (token: Token | undefined): number => {
  const name = ((): (typeof BESIDE)[number] => {
    if (token === undefined) return 'none';
    const concept = CLASSES.find(([bits]) => (token.concepts & bits) !== 0);
    if (concept !== undefined) return concept[1];
    if (token.concepts !== 0) return 'other concept';
    if (token.kind === 'cjk') return 'cjk';
    if (/\d/.test(token.text)) return 'number';
    return /^\p{Lu}/u.test(token.text) ? 'upper' : 'lower';
  })();
  return BESIDE.indexOf(name);
};
