/** A text as tokens: words, values and signs. Pure; each letter is looked at once. */
import { conceptsByHash, conceptsInCjk, hashOn } from './words.ts';

type TokenKind = 'atom' | 'cjk' | 'sign' | 'line';

export interface Token {
  kind: TokenKind;
  text: string;
  at: number;
  end: number;
  concepts: number;
  /** Of an atom. */
  hash: number;
}

/** Numbers that are written in groups. */
const GROUPED =
  /(?:\d{3}[ -]\d{3}|\d{2,4}-\d{2,4}|\d{2}(?:[ -]\d{2}){2,5}|\d{4}(?:[ -]\d{4}){1,5}|\d(?:[ 、]\d){2,5}|\d(?:, \d){3,5}|\d{1,3}-\d-\d{3,4}|\d{1,2}(?:-\d{1,2}){2,5}|[*#]?\d[\d*-]{1,8}[*#])(?![\p{Script=Latin}\p{Script=Cyrillic}\p{N}_%]|[.,:/-]\d| \d)/uy;
/** A value may hold most signs; these stand between values and around them. */
const SIGNS: ReadonlySet<number> = new Set(
  `"'\`()[]{}<>,;|=:/\\’“”„«»、。「」『』《》【】…→–—·・！？`.split('').map((sign) => sign.charCodeAt(0)),
);

const isCjk = (code: number): boolean =>
  code >= 0x3005 &&
  (code <= 0x3007 ||
    (code >= 0x3040 && code <= 0x30fa) ||
    (code >= 0x30fc && code <= 0x30ff) ||
    (code >= 0x31f0 && code <= 0x31ff) ||
    (code >= 0x3400 && code <= 0x9fff) ||
    (code >= 0xac00 && code <= 0xd7af));
const isSpace = (code: number): boolean =>
  code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0x3000;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
/** Of any language; signs of ASCII are none. */
const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || isDigit(code) || code >= 0xc0;
const EXCLAMATION = 33;
const QUESTION = 63;
const DOT = 46;

/** The tokens of a text that is not long. */
export const tokensOf = (text: string): Token[] => {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (isSpace(code)) {
      if (code === 10) tokens.push({ kind: 'line', text: '\n', at, end: at + 1, concepts: 0, hash: 0 });
      at += 1;
      continue;
    }
    const grouped = isDigit(code) || code === 35 || code === 42 ? groupedAt(text, at) : 0;
    if (grouped > 0) {
      tokens.push({
        kind: 'atom',
        text: text.slice(at, at + grouped),
        at,
        end: at + grouped,
        concepts: 0,
        hash: 0,
      });
      at += grouped;
    } else if (isCjk(code)) {
      let end = at + 1;
      while (end < text.length && isCjk(text.charCodeAt(end))) end += 1;
      const run = text.slice(at, end);
      tokens.push({ kind: 'cjk', text: run, at, end, concepts: conceptsInCjk(run), hash: 0 });
      at = end;
    } else if (SIGNS.has(code) || code === EXCLAMATION || code === QUESTION) {
      tokens.push({ kind: 'sign', text: text.charAt(at), at, end: at + 1, concepts: 0, hash: 0 });
      at += 1;
    } else {
      at = pushAtom(tokens, text, at);
    }
  }
  return tokens;
};

const groupedAt = (text: string, at: number): number => {
  const before = text.charCodeAt(at - 1);
  if (at > 0 && (isLetter(before) ? !isCjk(before) : '_.,:/+-'.includes(text.charAt(at - 1)))) return 0;
  GROUPED.lastIndex = at;
  return GROUPED.exec(text)?.[0].length ?? 0;
};

/** What ends a sentence belongs to no value. */
const pushAtom = (tokens: Token[], text: string, at: number): number => {
  let end = at + 1;
  let hasLetters = isLetter(text.charCodeAt(at));
  let hash = hashOn(0, text.charCodeAt(at));
  let hashed = at + 1;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === EXCLAMATION || code === QUESTION) {
      const next = text.charCodeAt(end + 1);
      if (!isDigit(text.charCodeAt(end - 1)) && !(isLetter(next) && !isCjk(next))) break;
    } else if (isSpace(code) || SIGNS.has(code) || isCjk(code)) break;
    hasLetters ||= isLetter(code);
    // The dots at the end of a sentence belong to no word.
    if (code !== DOT) {
      for (let dot = hashed; dot < end; dot += 1) hash = hashOn(hash, DOT);
      hash = hashOn(hash, code);
      hashed = end + 1;
    }
  }
  let bare = end;
  while (bare > at && text.charCodeAt(bare - 1) === DOT) bare -= 1;
  if (bare > at) {
    const word = text.slice(at, bare);
    tokens.push({
      kind: hasLetters ? 'atom' : 'sign',
      text: word,
      at,
      end: bare,
      concepts: hasLetters ? conceptsByHash(word, hash) : 0,
      hash,
    });
  }
  if (bare < end) tokens.push({ kind: 'sign', text: text.charAt(bare), at: bare, end, concepts: 0, hash: 0 });
  return end;
};
