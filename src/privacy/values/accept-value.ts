/** Whether what is written as a value is a secret of the named kind. Pure. */
import type { Named } from '../words/secret-names.ts';
import { isProse, unitFollows } from '../words/sentence-words.ts';
import type { Value } from './read-value.ts';
import { isCode, isRandom, isTechnical, kindOf, namesItself } from './secret-values.ts';

/** Whether the value is one for what is named; `sign` and `spaced`: what stood between them. */
export const accepts = (named: Named, value: Value, sign: string, spaced: boolean): boolean => {
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
