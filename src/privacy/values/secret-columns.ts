/** A value that stands under its name: in a CSV file, a Markdown table, `INSERT INTO t (a, password) VALUES (1, 'x')`. */
import type { Named } from '../words/secret-names.ts';
import { kindOf } from './secret-values.ts';

const LINE = 1000;
const ROWS = 3;

export const isInColumn = (text: string, { family, at, end }: Named): boolean => {
  if (family === 'any key' || family === 'account') return false;
  const after = /^["'`]?[ \t]{0,40}([,;|\t)]|\r?\n)/.exec(text.slice(end, end + 70))?.[1];
  if (after === undefined) return false;
  const start = text.slice(Math.max(0, at - LINE), at);
  const from = at - (start.length - start.lastIndexOf('\n') - 1);
  if (from > 0 && text[from - 1] !== '\n') return false;
  if (!/(?:^|[,;|\t(])[ \t]*["'`]?[\p{L}\p{N}_ -]*$/u.test(start.slice(-40).replace(/^[^]*\n/, '')))
    return false;
  const head = text.slice(from, end + LINE).split('\n', 1)[0] ?? '';
  const inserted = /^[^()\n]{0,500}\)\s{0,20}values\s{0,20}\(([^()\n]{1,1000})\)/i.exec(
    text.slice(end, end + LINE * 2),
  );
  const list = text.slice(from, at).lastIndexOf('(');
  if (inserted !== null && list !== -1) {
    const place = text.slice(from + list, at).split(',').length - 1;
    return isCell(inserted[1]?.split(',')[place], family);
  }
  const separator = ['|', '\t', ';', ','].find((sign) => head.includes(sign));
  // Prose has commas, too: a head is made of names.
  if (separator === undefined || (separator !== '|' && /^\s/.test(head))) return false;
  if (
    separator !== '|' &&
    !head.split(separator).every((cell) => /^[\s"'`]*[\p{L}\p{N}_ -]{1,30}[\s"'`]*$/u.test(cell))
  )
    return false;
  const place = text.slice(from, at).split(separator).length - 1;
  const rows = text.slice(from + head.length + 1, from + head.length + 1 + LINE * ROWS).split('\n', ROWS + 1);
  return rows
    .filter((row) => !/^[\s|:+=-]+$/.test(row))
    .slice(0, ROWS)
    .some(
      (row) =>
        row.split(separator).length === head.split(separator).length &&
        isCell(row.split(separator)[place], family),
    );
};

const isCell = (cell: string | undefined, family: Named['family']): boolean => {
  const text = cell?.trim().replaceAll(/^["'`]+|["'`]+$/g, '') ?? '';
  if (/\s/.test(text)) return false;
  const kind = kindOf(text);
  return kind === 'value'
    ? !/^\w+\(/.test(text)
    : kind === 'number' && (family === 'pin' || family === 'password') && text.length >= 4;
};
