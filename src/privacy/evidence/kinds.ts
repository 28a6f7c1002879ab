/** The kinds of evidence, by name and number. Pure data. */
import { SHAPES } from './shapes.ts';
import type { Token } from './tokens.ts';
import { bit, CONCEPTS } from './words.ts';

export const BUCKETS = 6;
export const LEFT = [
  'start',
  'space',
  'tight',
  ':',
  '=',
  'arrow',
  'quote',
  '(',
  '/',
  ',',
  '-',
  '|',
  '>',
  '@',
  'line',
  'other',
] as const;
export const RIGHT = [
  'end',
  'space',
  'tight',
  '.',
  ',',
  ';',
  'quote',
  ')',
  '/',
  '|',
  '<',
  '=',
  ':',
  '(',
  'line',
  'other',
] as const;
export const BESIDE = [
  'none',
  'copula',
  'with',
  'function',
  'name',
  'numbered',
  'unit',
  'lower',
  'upper',
  'number',
  'cjk',
  'other concept',
] as const;
export const JOINED = [':', '=', 'quote', 'space', 'line', '(', '|'] as const;
export const NAMES = [
  'password',
  'phrase',
  'pin',
  'code',
  'key',
  'secret',
  'user',
  'lock',
  'device',
  'spare',
  'once',
  'admin',
  'wifi',
] as const;
const EXTRA = [
  'quoted',
  'pair /',
  'pair :',
  'pair ,',
  'pair and',
  'pair space',
  'pair line',
  'host before',
  'mail before',
  'alone on line',
  'call',
  'is name',
  'option',
  'two names',
  'prose words',
  'capitals',
  'in code',
  'other code',
  'login option',
  'long word',
  'digits inside',
] as const;
export const COLUMNS = [
  'password',
  'phrase',
  'pin',
  'code',
  'key',
  'secret',
  'spare',
  'user',
  'numbered',
  'none',
] as const;

const list = (prefix: string, names: readonly string[]): string[] => names.map((name) => `${prefix} ${name}`);
/** The kinds of evidence, by their numbers. */
export const KINDS: readonly string[] = [
  ...list('shape', SHAPES),
  ...CONCEPTS.flatMap((concept) =>
    ['beside', 'near', 'before', 'earlier', 'next', 'after'].map((where) => `${concept} ${where}`),
  ),
  ...list('left', LEFT),
  ...list('right', RIGHT),
  ...list('word left', BESIDE),
  ...list('word right', BESIDE),
  ...JOINED.flatMap((joint) => NAMES.map((name) => `${name} ${joint}`)),
  ...EXTRA,
  ...list('column', COLUMNS),
  ...list('told, left', LEFT),
  ...list('told, right', RIGHT),
  ...list('told, word left', BESIDE),
  ...list('told, word right', BESIDE),
];
const at = (name: string): number => KINDS.indexOf(name);
export const CONCEPT = at(`${CONCEPTS[0]} beside`);
export const LEFT_AT = at('left start');
export const RIGHT_AT = at('right end');
export const WORD_LEFT = at('word left none');
export const WORD_RIGHT = at('word right none');
export const JOINED_AT = at(`${NAMES[0]} ${JOINED[0]}`);
export const COLUMN_AT = at('column password');
export const TOLD_LEFT = at('told, left start');
export const TOLD_RIGHT = at('told, right end');
export const TOLD_WORD_LEFT = at('told, word left none');
export const TOLD_WORD_RIGHT = at('told, word right none');
export const EXTRA_AT = Object.fromEntries(EXTRA.map((name) => [name, at(name)])) as Readonly<
  Record<(typeof EXTRA)[number], number>
>;

const COPULA = bit('copula');
const WITH = bit('with');
const FUNCTION = bit('function');
export const CLASS_BITS = {
  copula: COPULA,
  with: WITH,
  function: FUNCTION,
  numbered: bit('numbered'),
  unit: bit('unit'),
};
/** What sentences are built with. */
export const SMALL = COPULA | WITH | FUNCTION;
export const NAME_BITS: readonly number[] = NAMES.map((name) => bit(name));
export const ANY_NAME: number = NAME_BITS.reduce((all, each) => all | each, 0);

export const isWord = (token: Token | undefined): token is Token =>
  token?.kind === 'atom' || token?.kind === 'cjk';
export const QUOTES = /^["'`“”„«»「」『』’]$/;
/** How many lines above are looked at. */
export const LINES = 4;
