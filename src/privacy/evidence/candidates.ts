/** What of a text could be a secret at all. Pure. */
import { CJK_WORD, type Shape, shapeByHash, WORDS } from './shapes.ts';
import type { Token } from './tokens.ts';
import { bit } from './words.ts';

/** A run of tokens, with what it looks like. */
export interface Candidate extends Shape {
  first: number;
  last: number;
  quoted: boolean;
}

const NAMES =
  bit('password') |
  bit('phrase') |
  bit('key') |
  bit('secret') |
  bit('pin') |
  bit('code') |
  bit('spare') |
  bit('wifi') |
  bit('user');
const PHRASES = bit('password') | bit('phrase') | bit('secret') | bit('key');
const OPENED = bit('open') | bit('enter') | bit('file') | bit('device') | bit('lock') | bit('place');
const TOLD_WITH = bit('with') | bit('copula');
const SENTENCE = bit('function') | bit('copula') | bit('with');
const OPENERS: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '`': '`',
  '“': '”',
  '„': '“',
  '«': '»',
  '「': '」',
  '『': '』',
  '(': ')',
};
/** A value that is called so is a label. */
const LABELS = bit('password') | bit('secret');
const JOINS =
  bit('copula') | bit('with') | bit('password') | bit('phrase') | bit('key') | bit('secret') | bit('changed');
const IS_WORD = /^\p{L}*$/u;
/** How many words may lie between a name and a plain word. */
const WORD_REACH = 7;
const LONGEST_PHRASE = 9;

export const candidatesOf = (tokens: readonly Token[], from: number, to: number): Candidate[] => {
  const found: Candidate[] = [];
  /** The last word that names a secret. */
  let named = -WORD_REACH * 2;
  let phraseNamed = named;
  /** The last word of what is opened, or of opening it. */
  let opened = named;
  for (let at = 0; at < to; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    if (at >= from) {
      const isNamed = at - named <= WORD_REACH * 2;
      if (token.kind === 'atom' || (token.kind === 'cjk' && isNamed)) {
        const isTold =
          isNamed || (at - opened <= WORD_REACH * 2 && ((tokens[at - 1]?.concepts ?? 0) & TOLD_WITH) !== 0);
        const one = single(tokens, at, isTold);
        if (one !== undefined) found.push(one);
      }
      if (at - phraseNamed <= WORD_REACH * 2 && token.kind === 'sign') {
        const many = phrase(tokens, at);
        if (many !== undefined) found.push(many);
      }
    }
    if ((token.concepts & NAMES) !== 0) named = at;
    if ((token.concepts & PHRASES) !== 0) phraseNamed = at;
    if ((token.concepts & OPENED) !== 0) opened = at;
  }
  return found;
};

const single = (tokens: readonly Token[], at: number, isNamed: boolean): Candidate | undefined => {
  const token = tokens[at] as Token;
  // Most of a text are words.
  if (!isNamed && IS_WORD.test(token.text)) return undefined;
  const before = tokens[at - 1];
  const after = tokens[at + 1];
  const quoted =
    before?.kind === 'sign' &&
    OPENERS[before.text] === after?.text &&
    before.end === token.at &&
    after?.at === token.end;
  if (token.kind === 'cjk')
    return quoted && (token.concepts & LABELS) === 0 && token.text.length >= 2 && token.text.length <= 16
      ? { first: at, last: at, quoted, ...CJK_WORD }
      : undefined;
  const shape = shapeByHash(token.text, token.hash, quoted);
  if (shape === undefined) return undefined;
  if (isInPath(tokens, at) || ((token.concepts & LABELS) !== 0 && !/[!#$&*+?^%]/.test(token.text)))
    return undefined;
  const isWord = shape.group === 4;
  if (isWord && !quoted && !isJoined(tokens, at)) return undefined;
  if (isWord && (!isNamed || (token.concepts & SENTENCE) !== 0 || (!quoted && token.concepts !== 0)))
    return undefined;
  return { first: at, last: at, quoted, ...shape };
};

/** A word of a sentence is a value only where the sentence says that it is one. */
const isJoined = (tokens: readonly Token[], at: number): boolean => {
  const before = tokens[at - 1];
  return (
    before === undefined ||
    before.kind === 'line' ||
    (before.kind === 'sign'
      ? /^[:=/|>→–—(-]$/.test(before.text) || OPENERS[before.text] !== undefined
      : (before.concepts & JOINS) !== 0)
  );
};

/** Behind two strokes, or one that begins a path. */
const isInPath = (tokens: readonly Token[], at: number): boolean => {
  const isStroke = (index: number): boolean =>
    tokens[index]?.text === '/' && tokens[index]?.end === tokens[index + 1]?.at;
  if (!isStroke(at - 1)) return false;
  const before = tokens[at - 2];
  if (before?.kind !== 'atom' || before.end !== tokens[at - 1]?.at)
    return before?.text !== '/' || before.end === tokens[at - 1]?.at;
  return isStroke(at - 3);
};

/** Some words in quotes, or all words to the end of a line. */
const phrase = (tokens: readonly Token[], at: number): Candidate | undefined => {
  const open = tokens[at] as Token;
  const close = OPENERS[open.text];
  if (close === undefined && !/^[:=：→–—-]$/.test(open.text)) return undefined;
  const before = tokens[at - 1];
  // The end of a quotation, or an apostrophe.
  if (/["'`’]/.test(open.text) && before?.kind === 'atom' && before.end === open.at) return undefined;
  let words = 0;
  for (let next = at + 1; next <= at + LONGEST_PHRASE * 2; next += 1) {
    const token = tokens[next];
    const ends =
      close === undefined
        ? token === undefined || token.kind === 'line' || token.text === '.'
        : token?.text === close;
    if (ends) {
      const least = close === undefined ? 3 : 2;
      return words >= least && words <= LONGEST_PHRASE
        ? { first: at + 1, last: next - 1, quoted: close !== undefined, ...WORDS }
        : undefined;
    }
    if (token === undefined || token.kind === 'line') return undefined;
    if (token.kind === 'sign') {
      if (!/^[-,'’]$/.test(token.text)) return undefined;
    } else {
      if (/[_=$]|\d{5}/.test(token.text) || (token.concepts & LABELS) !== 0) return undefined;
      words += token.kind === 'cjk' ? Math.ceil(token.text.length / 3) : 1;
    }
  }
  return undefined;
};
