/**
 * A pattern of JavaScript (flag `u`, and good as such) in the syntax of RE2. Only what is known to mean the same is
 * translated: a pattern that means something else would let a wrong answer pass. Pure.
 */

/** undefined where the pattern has something that RE2 lacks or reads in another way. */
export const toLinear = (source: string): string | undefined => {
  const reader = new Reader(source);
  const parts: string[] = [];
  while (!reader.done) {
    const part = translated(reader);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts.join('');
};

class Reader {
  readonly #letters: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#letters = Array.from(source);
  }

  get done(): boolean {
    return this.#at >= this.#letters.length;
  }

  take(): string {
    const letter = this.#letters[this.#at] ?? '';
    this.#at += 1;
    return letter;
  }

  /** Whether the text came next, and was taken. */
  takes(text: string): boolean {
    if (this.#letters.slice(this.#at, this.#at + text.length).join('') !== text) return false;
    this.#at += text.length;
    return true;
  }

  /** Up to and with `end`. */
  until(end: string): string {
    let text = '';
    while (!this.done) {
      const letter = this.take();
      text += letter;
      if (letter === end) break;
    }
    return text;
  }
}

/** What JavaScript's \s has, as a part of a class. */
const SPACES =
  '\\t\\n\\x{B}\\f\\r \\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}';
const ANY = '[^\\n\\r\\x{2028}\\x{2029}]';
const SAME = new Set(['^', '$', '|', '*', '+', '?', ')']);

const translated = (reader: Reader): string | undefined => {
  const letter = reader.take();
  if (SAME.has(letter)) return letter;
  if (letter === '.') return ANY;
  if (letter === '{') return `{${reader.until('}')}`;
  if (letter === '[') return classOf(reader);
  if (letter === '(') return groupOf(reader);
  if (letter !== '\\') return literal(letter);
  const escape = escapeOf(reader);
  return typeof escape === 'number' ? hex(escape) : escape?.outside;
};

/** What a group captured is of no use to anybody. */
const groupOf = (reader: Reader): string | undefined => {
  if (!reader.takes('?')) return '(?:';
  if (reader.takes(':')) return '(?:';
  if (reader.takes('<=') || reader.takes('<!') || !reader.takes('<')) return undefined;
  reader.until('>');
  return '(?:';
};

interface SetEscape {
  outside: string;
  /** As a part of a class; undefined where RE2 has no such part. */
  inside: string | undefined;
}

const setEscape = (both: string): SetEscape => ({ outside: both, inside: both });

/** A letter by its number, or a set of letters. */
const escapeOf = (reader: Reader): number | SetEscape | undefined => {
  const letter = reader.take();
  switch (letter) {
    case 'd':
    case 'D':
    case 'w':
    case 'W':
      return setEscape(`\\${letter}`);
    case 's':
      return { outside: `[${SPACES}]`, inside: SPACES };
    case 'S':
      return { outside: `[^${SPACES}]`, inside: undefined };
    case 'b':
      return { outside: '\\b', inside: '\\x{8}' };
    case 'B':
      return { outside: '\\B', inside: undefined };
    case 'p':
    case 'P': {
      const name = reader.until('}').slice(1, -1);
      return CATEGORIES.has(name) ? setEscape(`\\${letter}{${name}}`) : undefined;
    }
    case 'x':
      return Number.parseInt(reader.take() + reader.take(), 16);
    case 'u':
      return unicodeEscape(reader);
    default:
      if (CONTROLS[letter] !== undefined) return CONTROLS[letter];
      return SYNTAX.has(letter) ? letter.codePointAt(0) : undefined;
  }
};

const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };
const SYNTAX = new Set('^ $ \\ . * + ? ( ) [ ] { } | / -'.split(' '));
const CATEGORIES = new Set(
  'L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp'.split(' '),
);

const unicodeEscape = (reader: Reader): number | undefined => {
  if (reader.takes('{')) return Number.parseInt(reader.until('}'), 16);
  const unit = fourDigits(reader);
  if (!isSurrogate(unit)) return unit;
  // A pair is one letter; a half alone is nothing that RE2 knows.
  if (!reader.takes('\\u')) return undefined;
  const low = fourDigits(reader);
  return unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff
    ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
    : undefined;
};

const fourDigits = (reader: Reader): number =>
  Number.parseInt(reader.take() + reader.take() + reader.take() + reader.take(), 16);

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

/** Each letter by its number, and each range by its ends, so that no sign between them can mean anything else. */
const classOf = (reader: Reader): string | undefined => {
  const negated = reader.takes('^');
  const parts: string[] = [];
  while (!reader.takes(']')) {
    const first = classAtom(reader);
    if (first === undefined) return undefined;
    if (typeof first === 'string') {
      parts.push(first);
      continue;
    }
    const from = hex(first);
    if (from === undefined) return undefined;
    if (!reader.takes('-')) {
      parts.push(from);
      continue;
    }
    if (reader.takes(']')) {
      parts.push(from, '\\x{2D}');
      break;
    }
    const last = classAtom(reader);
    const to = typeof last === 'number' ? hex(last) : undefined;
    if (to === undefined) return undefined;
    parts.push(`${from}-${to}`);
  }
  if (parts.length > 0) return `[${negated ? '^' : ''}${parts.join('')}]`;
  return negated ? '[\\x{0}-\\x{10FFFF}]' : undefined;
};

/** A letter by its number, or a part of a class. */
const classAtom = (reader: Reader): number | string | undefined => {
  const letter = reader.take();
  if (letter !== '\\') return letter.codePointAt(0);
  const escape = escapeOf(reader);
  return typeof escape === 'object' ? escape.inside : escape;
};

const literal = (letter: string): string | undefined =>
  /[A-Za-z0-9]/.test(letter) ? letter : hex(letter.codePointAt(0) ?? 0xd800);

const hex = (code: number): string | undefined =>
  isSurrogate(code) ? undefined : `\\x{${code.toString(16).toUpperCase()}}`;
