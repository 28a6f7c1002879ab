/** The value that a name is given: `PASSWORD=x`, `"password": "x"`, `<password>x</password>`, `--password x`. Pure. */
import type { Named } from '../words/secret-names.ts';
import { SPOKEN_OF } from '../words/secret-names.ts';
import { isProse, unitFollows } from '../words/sentence-words.ts';
import { isCode, isRandom, isTechnical, kindOf, namesItself } from './secret-values.ts';

interface Value {
  text: string;
  quoted: boolean;
  /** What follows on its line. */
  after: string;
  /** A comma, a semicolon or a bracket came directly after it. */
  ends: string;
}

/** What closes the name itself: quotes, brackets, emphasis, a remark. */
const CLOSED = /^(?:["'`*_)\]\\]{1,6})?(?: \([^()\n]{0,40}\))?[?!]?[*_"'`]{0,3}/;
const OPERATOR =
  /^(?:\s{0,20}(=>|:=|={1,3}(?!=)|\|\||\?\?|:-|:(?!:)|→|⇒)\*{0,2}|[ \t]{1,5}([-–—]|->)(?=[ \t]))[ \t]{0,40}(?:[|>][-+]?[ \t]{0,5})?((?:\r?\n[ \t]{0,40}){0,3})/;
const TYPED = /^[\w<>[\]|?. ]{1,40}=\s{0,5}(?=["'`])/;
const ELEMENT = /^[^<>]{0,200}>\s{0,40}([^<]{1,1000})<\//;
const CELL =
  /^\s{0,5}(?:\||<\/(?:td|th|dt|b|strong|label|span)>\s{0,40}<(?:td|dd|span|code|b)[^<>]{0,60}>)\s{0,5}/i;
const NAMED_VALUE = /^["'\\]{0,4}\s{0,5},?\s{0,40}["'\\]{0,4}value["'\\]{0,4}\s{0,5}[:=]\s{0,5}/i;

export const isAfterName = (text: string, named: Named): boolean => {
  const rest = text.slice(named.end, named.end + 400);
  const before = text.slice(Math.max(0, named.at - 70), named.at);
  return (
    isAssigned(rest, before, named) ||
    isElement(rest, before, named) ||
    isArgument(rest, before, named) ||
    isBeside(rest, named) ||
    isCalled(rest, before, named) ||
    isDefault(rest, before, named)
  );
};

const isAssigned = (rest: string, before: string, named: Named): boolean => {
  const named_value = NAMED_VALUE.exec(rest);
  if (named_value !== null)
    return accepts(
      named,
      {
        ...readValue(rest.slice(named_value[0].length), false),
        ...(named_value[0].includes('\n') ? { quoted: true } : {}),
      },
      ':',
      true,
    );
  const closed = CLOSED.exec(rest)?.[0] ?? '';
  const operator = OPERATOR.exec(rest.slice(closed.length));
  if (operator === null) return false;
  const [all, sign = '-', , lines = ''] = operator;
  // What a shell does where the variable is unset: only `:-` and `:=` have a value.
  if (/\$\{\w{0,64}$/.test(before) && !/^:[-=]$/.test(sign)) return false;
  let from = rest.slice(closed.length + all.length);
  if (sign === ':' || sign === ':=') from = from.slice(TYPED.exec(from)?.[0].length ?? 0);
  const spaced = /\s$/.test(all) || /^\s/.test(all);
  const value = readValue(
    from,
    sign === '=' && !spaced,
    /;[^&\n]{0,60}$|(?:^|\n)[ \t]{0,8}[\w.-]{0,64}$/.test(before),
  );
  if (value.ends === ';' && !spaced && /;[^\n]{0,60}$/.test(before)) {
    value.ends = '';
    value.after = '';
  }
  if (lines !== '') {
    // Alone on the next line, and no name of the next thing.
    const kind = kindOf(value.text);
    return (
      value.after === '' &&
      value.ends === '' &&
      !/[:=]$/.test(from.split('\n', 1)[0]?.trim() ?? '') &&
      (kind === 'value' || kind === 'number') &&
      accepts(named, value, ':', true)
    );
  }
  if (named.family === 'account') return false;
  if (/^(?:={2,3}|\|\||\?\?|=>)$/.test(sign) && !value.quoted) return false;
  return accepts(named, value, sign, spaced);
};

const isElement = (rest: string, before: string, named: Named): boolean => {
  const found = (/<[\w:.-]{0,64}$/.test(before) || /^["']/.test(rest)) && ELEMENT.exec(rest);
  return Boolean(
    found && accepts(named, { text: (found[1] ?? '').trim(), quoted: true, after: '', ends: '' }, '>', false),
  );
};

/** `--password x`. Two spaces or more come before what a manual says of it. */
const isArgument = (rest: string, before: string, named: Named): boolean => {
  if (!/(?:^|\s)--?[\w-]{0,64}$/.test(before) || !/^ [^\s-]/.test(rest)) return false;
  const value = readValue(rest.slice(1), false);
  return (
    value.ends === '' &&
    (kindOf(value.text) !== 'word' || !isProse(value.text)) &&
    accepts(named, { ...value, quoted: true }, '--', false)
  );
};

/** `PASSWORD 'x'`, `パスワード「x」`, a cell beside a cell. */
const isBeside = (rest: string, named: Named): boolean => {
  if (named.family === 'any key' || named.family === 'account' || /^pass$/i.test(named.name)) return false;
  const cell = CELL.exec(rest);
  if (cell !== null) {
    const text =
      rest
        .slice(cell[0].length)
        .match(/^[^|<\n]{1,200}/)?.[0]
        .trim() ?? '';
    const kind = kindOf(text.replaceAll('`', ''));
    return (
      !/\s/.test(text) &&
      (kind === 'value' || kind === 'number') &&
      accepts(named, { text, quoted: true, after: '', ends: '' }, '|', true)
    );
  }
  if (!/^(?:\s{1,3}["'`“„«]|\s?[「『])/.test(rest)) return false;
  const value = readValue(rest.trimStart(), false);
  if (!value.quoted || /\s/.test(value.text) || SPOKEN_OF.has(value.text.toLowerCase())) return false;
  const kind = kindOf(value.text);
  return kind === 'value' || kind === 'number'
    ? accepts(named, value, '"', true)
    : kind === 'word' && named.family === 'password' && /^[\x21-\x7e]{4,}$/.test(value.text);
};

/** `setPassword("x")`, `getenv("PASSWORD", "x")`, `get("password") or "x"`. */
const isCalled = (rest: string, before: string, named: Named): boolean => {
  const call =
    /^\(\s{0,5}(?=["'`])/.exec(rest) ??
    (/(?:env|get|default)\w{0,20}\(["'][\w.-]{0,64}$/i.test(before)
      ? /^["'],\s{0,5}(?=["'])|^["']\)\s{1,5}or\s{1,5}(?=["'])/.exec(rest)
      : null);
  if (call === null) return false;
  if (call[0].startsWith('(') && !/(?:set|with|use|\.|authenticate|ConvertTo-)[A-Za-z]{0,20}$/.test(before))
    return false;
  const value = readValue(rest.slice(call[0].length), false);
  return value.quoted && kindOf(value.text) === 'value' && accepts(named, value, '(', false);
};

/** `variable "db_password" { default = "x" }` of Terraform. */
const isDefault = (rest: string, before: string, named: Named): boolean => {
  const block = /\b(?:variable|locals|output)\s{1,3}"[\w-]{0,64}$/.test(before)
    ? /^[\w-]{0,40}"\s{0,5}\{[^{}]{0,300}?\b(?:default|value)\s{0,20}=\s{0,5}(?=")/.exec(rest)
    : null;
  return block !== null && accepts(named, readValue(rest.slice(block[0].length), false), '=', true);
};

const PARTNERS: Readonly<Record<string, string>> = { '“': '”', '„': '“', '«': '»', '「': '」', '『': '』' };

const readValue = (from: string, tight: boolean, inList = false): Value => {
  const [line = ''] = from.split(/\r?\n/, 1);
  const opened = /^(?:[fbru@$]{1,2}(?=["']))?\\{0,3}(["'`“„«「『])\s{0,3}/i.exec(line);
  if (opened !== null) {
    const begin = opened[0].length;
    const partner = PARTNERS[opened[1] ?? ''] ?? opened[1] ?? '';
    const end = line.indexOf(partner, begin);
    if (end !== -1) {
      const text = line.slice(begin, end).replace(/\\+$/, '').trim();
      return { text, quoted: true, after: line.slice(end + 1), ends: '' };
    }
    return readBare(line.slice(begin), tight);
  }
  return readBare(line, tight, inList);
};

/** In a list with semicolons an ampersand is part of a value. */
const readBare = (line: string, tight: boolean, inList = false): Value => {
  let [text = ''] = line.match(/^[^\s、。」』]+/) ?? [];
  // Japanese and Chinese go on without a space.
  const ascii = text.match(/^[!-~]{3,}?(?=[,.;]?[\u3000-\u9fff\uac00-\ud7af])/)?.[0];
  if (ascii !== undefined) text = ascii;
  if (tight)
    text = text.match(inList ? /^(?:[^&;,"'`<>)}\]]|&(?![\w.-]{1,40}=))+/ : /^[^&;,"'`<>)}\]]+/)?.[0] ?? '';
  const [ends = ''] = text.match(/[,;.)}\]"'`*<>|]+$/) ?? [];
  const core = text.slice(0, text.length - ends.length);
  const after = line.slice(text.length);
  return {
    text: core,
    quoted: false,
    after: after.trim(),
    ends: ends === '' && tight ? (/^[&;,"'`<>)}\]]/.exec(after)?.[0] ?? '') : ends,
  };
};

const accepts = (named: Named, value: Value, sign: string, spaced: boolean): boolean => {
  // `半角英数字8文字以上` says what a password has to be.
  if (!value.quoted && /[\u3001-\u9fff\uac00-\ud7af]/.test(value.text) && !/[a-z]/i.test(value.text))
    return false;
  if (!value.quoted && (isCode(value.text) || isCode(value.text + value.ends))) return false;
  switch (kindOf(value.text)) {
    case 'none':
      return false;
    case 'number':
      return acceptsNumber(named, value);
    case 'word':
      return acceptsWord(named, value, sign, spaced);
    case 'value':
      return acceptsValue(named, value, spaced);
  }
};

const acceptsNumber = ({ family, name, plural }: Named, { text, after }: Value): boolean => {
  const digits = text.length;
  if (unitFollows(after) || /\b(?:fail|skip|total|pending|error)/i.test(after)) return false;
  if (/^combination/i.test(name)) return false;
  if (family === 'pin') return /^cv/i.test(name) ? digits === 3 || digits === 4 : digits >= 4 && digits <= 9;
  if (family === 'password' || family === 'phrase') return digits >= 4;
  if (family === 'codes') return digits >= 6;
  return (family === 'token' || family === 'secret' || family === 'key') && digits >= 7 && !plural;
};

const acceptsValue = (
  { family, plural }: Named,
  { text, quoted, ends, after }: Value,
  spaced: boolean,
): boolean => {
  const digits = text.match(/\d/g)?.length ?? 0;
  // `password: password2,` and `token = token2;` name variables.
  const isName = !quoted && /^[A-Za-z_$][\w$]*$/.test(text);
  if (isName && (ends !== '' || after.startsWith('}')) && (namesItself(text) || (spaced && digits < 2)))
    return false;
  if (/\s/.test(text))
    return family === 'password' || family === 'phrase' || family === 'secret' ? isSpacedValue(text) : false;
  switch (family) {
    case 'password':
    case 'phrase':
      return text.length >= 3 || /^[a-z]\d$/.test(text);
    case 'pin':
      return digits >= 3 && digits * 2 >= text.length && text.length <= 12;
    case 'codes':
      return digits > 0 && text.length >= 4;
    case 'any key':
      return isRandom(text) && !/^[0-9a-f]{40}$/.test(text);
    case 'account':
      return false;
    default:
      return (
        (digits > 0 || text.length >= 12) &&
        text.length >= 4 &&
        !isTechnical(text) &&
        !(plural && digits === 0)
      );
  }
};

/** `keyboard cat 99` is one; `must be at least 8 characters` is none, nor is a sentence. */
const isSpacedValue = (text: string): boolean =>
  text.split(/\s+/).some((word) => kindOf(word) === 'value' || /^\d+$/.test(word)) &&
  !isProse(text) &&
  !unitFollows(text.replace(/^.*?\d+\s*/, ''));

const acceptsWord = (
  { family, leads, name }: Named,
  { text, quoted, after, ends }: Value,
  sign: string,
  spaced: boolean,
): boolean => {
  const words = text.split(/\s+/);
  if (family === 'phrase' && !quoted) {
    const line = `${text} ${after}`
      .trim()
      .replace(/[.!]$/, '')
      .split(/[\s,]+/);
    return line.length >= 3 && line.every((word) => /^\p{L}+$/u.test(word)) && !isProse(line.join(' '));
  }
  if (words.length > 1) {
    return (
      quoted &&
      ['password', 'phrase', 'secret'].includes(family) &&
      (words.length >= 3 || family === 'secret') &&
      text === text.toLowerCase() &&
      !isProse(text)
    );
  }
  if (!/^[\x21-\x7e\u00c0-\u024f\u0400-\u04ff-]+$/.test(text) || /[a-z][A-Z]/.test(text)) return false;
  if (isProse(text)) return false;
  if (['|', '(', '-', '||', '??', '"'].includes(sign)) return false;
  const constant = /^[A-Z_]+$/.test(name) && sign === '=' && !spaced;
  if (family === 'password' || family === 'phrase') {
    if (quoted) return true;
    if (text.length < 3 || (/^pass$/i.test(name) && !(leads && sign === ':'))) return false;
    if (ends.startsWith(';')) return !spaced && text.length >= 6;
    if (!['', '.', '!'].includes(ends)) return false;
    return after === '' || /^(?:[#(/|&]|user|login|and\b|und\b|et\b|y\b|e\b|и\b)/i.test(after);
  }
  if (family === 'key')
    return (
      ends === '' &&
      after === '' &&
      ((quoted && text.length > 2) || constant || (/^api/i.test(name) && text === text.toLowerCase()))
    );
  if (family === 'secret')
    return (
      (quoted && text === text.toLowerCase() && !/[-_]/.test(text)) ||
      (constant && ends === '' && after === '')
    );
  return family === 'token' && constant && ends === '' && after === '';
};
