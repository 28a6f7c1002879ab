/** Logins beside a candidate, the option before it, and the head of its column. Pure. */
import type { Candidate } from './candidates.ts';
import { COLUMN_AT, COLUMNS, EXTRA_AT, LINES, QUOTES, SMALL } from './kinds.ts';
import type { Token } from './tokens.ts';
import { bit } from './words.ts';

/** Longer rows are no tables that people read. */
const LINE = 60;

const USERLIKE =
  /^[\p{Script=Latin}\p{Script=Cyrillic}][\p{L}\d._-]{1,30}(?:@[\w-]+(?:\.[\w-]+)+)?$|^\d{5,12}$|^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/u;
const HOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\w.+-]+@[\w-]+(?:\.[\w-]+)*|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,6})$/i;

/** A login beside it: `admin / x`, `bob:x`, `anna, x`, two lines. */
export const pairsOf = (tokens: readonly Token[], { first, last, group }: Candidate): number[] => {
  const found: number[] = [];
  const one = tokens[first - 1];
  let sign = '';
  let index = first - 1;
  if (one?.kind === 'sign' || one?.kind === 'line') {
    sign = one.text;
    index -= 1;
    if (QUOTES.test(sign) && tokens[index]?.kind === 'sign') {
      sign = tokens[index]?.text ?? '';
      index -= 1;
      if (QUOTES.test(tokens[index]?.text ?? '')) index -= 1;
    }
  }
  let user = tokens[index];
  if (
    sign === '' &&
    user !== undefined &&
    /^(?:and|und|et|y|e|и|con|mit|with|avec|com|с|then|dann)$/i.test(user.text)
  ) {
    sign = 'and';
    user = tokens[index - 1];
  }
  if (user?.kind !== 'atom' || !USERLIKE.test(user.text) || (user.concepts & SMALL) !== 0)
    return hostBefore(tokens, first, found);
  const isWordGroup = group === 4;
  if (sign === '/' || sign === '|') found.push(EXTRA_AT['pair /']);
  else if (sign === ':') found.push(EXTRA_AT['pair :']);
  else if (sign === ',') found.push(EXTRA_AT['pair ,']);
  else if (sign === 'and') found.push(EXTRA_AT['pair and']);
  else if (sign === '\n' && isLineAlone(tokens, index, index) && isLineAlone(tokens, first, last))
    found.push(EXTRA_AT['pair line']);
  else if (sign === '' && HOST.test(tokens[index - 1]?.text ?? '')) found.push(EXTRA_AT['pair space']);
  if (user.text.includes('@')) found.push(EXTRA_AT['mail before']);
  return isWordGroup && (found.length === 0 || found[0] === EXTRA_AT['pair ,'])
    ? []
    : hostBefore(tokens, first, found);
};

const hostBefore = (tokens: readonly Token[], first: number, found: number[]): number[] => {
  for (let index = first - 1; index >= first - 8 && index >= 0; index -= 1) {
    const token = tokens[index] as Token;
    if (token.kind === 'line') break;
    if (token.kind === 'atom' && /[.@]/.test(token.text) && HOST.test(token.text)) {
      if (found.length > 0) found.push(EXTRA_AT['host before']);
      break;
    }
  }
  return found;
};

/** Options that programs take a password with. */
const OPTION =
  /^(?:-[pPaAwkK]|-pw|-pass|--?pass(?:word|wd|phrase|code|in|out)?|--?pwd|--?(?:auth-)?token|--?(?:api-?)?key|--?secret|--?pin|-u)$/;
export const optionOf = (tokens: readonly Token[], { first, quoted }: Candidate): number[] => {
  const option = tokens[first - (quoted ? 2 : 1)];
  return option?.kind === 'atom' && OPTION.test(option.text) && !(tokens[first]?.text ?? '-').startsWith('-')
    ? [EXTRA_AT['login option']]
    : [];
};

/** What stands at the head of its column in a table. */
export const columnOf = (tokens: readonly Token[], { first }: Candidate): number[] => {
  const row = lineOf(tokens, first);
  const separator = ['|', ',', ';'].find((sign) =>
    row.some(({ kind, text }) => kind === 'sign' && text === sign),
  );
  if (separator === undefined) return [];
  const isSeparator = ({ kind, text }: Token): boolean => kind === 'sign' && text === separator;
  const count = row.filter(isSeparator).length;
  const start = tokens.indexOf(row[0] as Token);
  const place = tokens.slice(start, first).filter(isSeparator).length;
  let head: readonly Token[] | undefined;
  for (let index = start - 1, lines = 0; index > 0 && lines < LINES; lines += 1) {
    const above = lineOf(tokens, index - 1);
    if (above.length === 0 || above.filter(isSeparator).length !== count) break;
    head = above;
    index = tokens.indexOf(above[0] as Token) - 1;
  }
  if (head === undefined) return [];
  let column = 0;
  let concepts = 0;
  for (const token of head) {
    if (isSeparator(token)) column += 1;
    else if (column === place) concepts |= token.concepts;
  }
  const found = COLUMNS.flatMap((name, index) =>
    name !== 'none' && (concepts & bit(name)) !== 0 ? [COLUMN_AT + index] : [],
  );
  return found.length > 0 ? found : [COLUMN_AT + COLUMNS.length - 1];
};

const lineOf = (tokens: readonly Token[], at: number): readonly Token[] => {
  if (tokens[at]?.kind === 'line') return [];
  let from = at;
  while (from > 0 && tokens[from - 1]?.kind !== 'line' && at - from < LINE) from -= 1;
  let to = at + 1;
  while (to < tokens.length && tokens[to]?.kind !== 'line' && to - at < LINE) to += 1;
  return tokens.slice(from, to);
};

export const isLineAlone = (tokens: readonly Token[], first: number, last: number): boolean => {
  const before = tokens[first - 1];
  const after = tokens[last + 1];
  return (before === undefined || before.kind === 'line') && (after === undefined || after.kind === 'line');
};
