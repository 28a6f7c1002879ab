/** The value that a name is given: `PASSWORD=x`, `"password": "x"`, `<password>x</password>`, `--password x`. Pure. */
import type { Named } from '../words/secret-names.ts';
import { SPOKEN_OF } from '../words/secret-names.ts';
import { isProse } from '../words/sentence-words.ts';
import { accepts } from './accept-value.ts';
import { readValue } from './read-value.ts';
import { kindOf } from './secret-values.ts';

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
