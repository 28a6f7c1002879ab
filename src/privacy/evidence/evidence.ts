/** What speaks for and against that a candidate is a secret, as numbers of kinds of evidence. Pure. */
import type { Candidate } from './candidates.ts';
import {
  ANY_NAME,
  BUCKETS,
  CONCEPT,
  EXTRA_AT,
  isWord,
  JOINED,
  JOINED_AT,
  LEFT,
  LEFT_AT,
  LINES,
  NAME_BITS,
  NAMES,
  RIGHT,
  RIGHT_AT,
  SMALL,
  TOLD_LEFT,
  TOLD_RIGHT,
  TOLD_WORD_LEFT,
  TOLD_WORD_RIGHT,
  WORD_LEFT,
  WORD_RIGHT,
} from './kinds.ts';
import { classOf, leftOf, nextWord, previousWord, rightOf } from './neighbours.ts';
import { columnOf, isLineAlone, optionOf, pairsOf } from './pairs.ts';
import { SHAPES } from './shapes.ts';
import type { Token } from './tokens.ts';
import { bit } from './words.ts';

/** Nothing is a secret without one of these somewhere near. */
const SPEAKS = ANY_NAME | bit('enter') | bit('open') | bit('sent') | bit('place') | bit('file');

/** What a secret is called, or what opens with it. */
const TELLS =
  bit('password') | bit('phrase') | bit('pin') | bit('code') | bit('spare') | bit('once') | bit('lock');
const KEYS = bit('code') | bit('key') | bit('password');
const OTHER = bit('other');

/** Nothing else is written so. */
const STANDS_ALONE: ReadonlySet<number> = new Set(
  ['word!word9', 'word!99', 'Word.Word9', 'dial', 'with #'].map((shape) => SHAPES.indexOf(shape)),
);

/** How far it is looked to either side: tokens, and letters. */
const BACK = 40;
const BACK_LETTERS = 180;
const AHEAD = 20;
const AHEAD_LETTERS = 80;

interface Side {
  mask: number;
  /** Of its own sentence. */
  near: number;
  /** Concepts of the word directly beside it, small words left out. */
  beside: number;
}

export const evidenceOf = (tokens: readonly Token[], candidate: Candidate): number[] | undefined => {
  const found: number[] = [candidate.shape];
  const before = lookBack(tokens, candidate.first, found);
  const after = lookAhead(tokens, candidate.last, found);
  const pairs = [
    ...pairsOf(tokens, candidate),
    ...optionOf(tokens, candidate),
    ...columnOf(tokens, candidate),
  ];
  if (((before.mask | after.mask) & SPEAKS) === 0 && pairs.length === 0 && !STANDS_ALONE.has(candidate.shape))
    return undefined;
  found.push(...pairs);
  const left = leftOf(tokens, candidate.first);
  const sides = [
    LEFT.indexOf(left),
    RIGHT.indexOf(rightOf(tokens, candidate.last)),
    classOf(previousWord(tokens, candidate.first)),
    classOf(nextWord(tokens, candidate.last)),
  ] as const;
  found.push(LEFT_AT + sides[0], RIGHT_AT + sides[1], WORD_LEFT + sides[2], WORD_RIGHT + sides[3]);
  if (((before.near | after.near) & TELLS) !== 0)
    found.push(
      TOLD_LEFT + sides[0],
      TOLD_RIGHT + sides[1],
      TOLD_WORD_LEFT + sides[2],
      TOLD_WORD_RIGHT + sides[3],
    );
  const joint = JOINED.indexOf(left as never);
  if (joint !== -1)
    for (const [place, each] of NAME_BITS.entries())
      if ((before.beside & each) !== 0) found.push(JOINED_AT + joint * NAMES.length + place);
  found.push(...extras(tokens, candidate, before));
  return found;
};

const lookBack = (tokens: readonly Token[], first: number, found: number[]): Side => {
  const start = tokens[first]?.at ?? 0;
  let mask = 0;
  let near = 0;
  let beside = 0;
  let words = 0;
  let sentence = true;
  let lines = 0;
  for (let index = first - 1; index >= 0 && index >= first - BACK; index -= 1) {
    const token = tokens[index] as Token;
    if (start - token.at > BACK_LETTERS) break;
    if (token.kind === 'line') {
      lines += 1;
      if (lines > LINES) break;
      if (words > 0) {
        // Another paragraph is about something else.
        if (tokens[index - 1]?.kind === 'line') break;
        sentence = false;
      }
    } else if (token.kind === 'sign') {
      if (/[.!?。！？;]/.test(token.text) && words > 0 && tokens[index + 1]?.at !== token.end)
        sentence = false;
    } else {
      const fresh = token.concepts & ~mask & ~SMALL;
      if (words === 0 && (token.concepts & ~SMALL) !== 0) beside = token.concepts;
      if (fresh !== 0) push(found, fresh, !sentence ? 3 : words === 0 ? 0 : words <= 2 ? 1 : 2);
      if ((fresh & KEYS) !== 0 && isOtherCode(tokens, index)) found.push(EXTRA_AT['other code']);
      mask |= token.concepts;
      if (sentence) near |= token.concepts;
      if ((token.concepts & ~SMALL) !== 0 || token.concepts === 0)
        words += token.kind === 'cjk' && token.text.length > 5 ? 2 : 1;
    }
  }
  return { mask, near, beside };
};

/** `error code`, `codice fiscale`. */
const isOtherCode = (tokens: readonly Token[], index: number): boolean =>
  [index - 1, index, index + 1, index + 2].some((each) => ((tokens[each]?.concepts ?? 0) & OTHER) !== 0);

const lookAhead = (tokens: readonly Token[], last: number, found: number[]): Side => {
  const end = tokens[last]?.end ?? 0;
  let mask = 0;
  let beside = 0;
  let words = 0;
  for (let index = last + 1; index < tokens.length && index <= last + AHEAD; index += 1) {
    const token = tokens[index] as Token;
    if (token.at - end > AHEAD_LETTERS || token.kind === 'line') break;
    if (!isWord(token)) continue;
    const fresh = token.concepts & ~mask & ~SMALL;
    if (words === 0) beside = token.concepts;
    if (fresh !== 0) push(found, fresh, words <= 2 ? 4 : 5);
    mask |= token.concepts;
    if ((token.concepts & ~SMALL) !== 0 || token.concepts === 0) words += 1;
  }
  return { mask, near: mask, beside };
};

const push = (found: number[], concepts: number, bucket: number): void => {
  for (let rest = concepts; rest !== 0; rest &= rest - 1)
    found.push(CONCEPT + (31 - Math.clz32(rest & -rest)) * BUCKETS + bucket);
};

const extras = (
  tokens: readonly Token[],
  { first, last, quoted, group }: Candidate,
  { beside }: Side,
): number[] => {
  const found: number[] = [];
  if (quoted) found.push(EXTRA_AT.quoted);
  if (isLineAlone(tokens, first, last)) found.push(EXTRA_AT['alone on line']);
  const opening = tokens[first - (quoted ? 2 : 1)];
  const callee = tokens[first - (quoted ? 3 : 2)];
  if (opening?.text === '(' && isWord(callee) && callee.end === opening.at) found.push(EXTRA_AT.call);
  const own = tokens[first] as Token;
  if ((own.concepts & ANY_NAME) !== 0) found.push(EXTRA_AT['is name']);
  const left = tokens[first - 1];
  if (left?.kind === 'atom' && /^--?\w/.test(left.text)) found.push(EXTRA_AT.option);
  let names = 0;
  for (let rest = beside & ANY_NAME; rest !== 0; rest &= rest - 1) names += 1;
  if (names >= 2) found.push(EXTRA_AT['two names']);
  if (group === 5) {
    let small = 0;
    let upper = 0;
    for (let index = first; index <= last; index += 1) {
      const token = tokens[index] as Token;
      if ((token.concepts & SMALL) !== 0) small += 1;
      if (/^\p{Lu}/u.test(token.text)) upper += 1;
    }
    if (small > 0) found.push(EXTRA_AT['prose words']);
    if (upper > 0) found.push(EXTRA_AT.capitals);
  }
  if (own.text.length >= 8) found.push(EXTRA_AT['long word']);
  if (/\p{L}\d+\p{L}/u.test(own.text)) found.push(EXTRA_AT['digits inside']);
  if (/^[;{}]$/.test(tokens[last + 1]?.text ?? '') || /^[;{}]$/.test(tokens[last + 2]?.text ?? ''))
    found.push(EXTRA_AT['in code']);
  return found;
};
