/**
 * Finds a key however its letters are written: as escapes of JSON, C, HTML and addresses, with anything that is no letter
 * between them, in other case, backwards, or as numbers. For words of a server, which may say its key in any form. Each
 * letter of the text is looked at once. Pure.
 */

/** Fewer letters and digits than this, or no digit in a word that is not long, could stand in any text by chance. */
const SHORTEST = 8;
const LONG = 16;

/** The runs are bounded: a text of nothing but backslashes would be read once for each of them. */
const ESCAPE = new RegExp(
  [
    '%(?:25){0,3}(?<url>[0-9a-f]{2})',
    '\\\\{1,4}u\\{0{0,6}(?<braced>[0-9a-f]{2,6})\\}',
    '\\\\{1,4}u(?<json>[0-9a-f]{4})',
    '\\\\{1,4}x(?<c>[0-9a-f]{2})',
    '\\\\{1,4}(?<octal>[0-7]{2,3})',
    '&(?:amp;){0,3}#x0{0,6}(?<hex>[0-9a-f]{2,6});?',
    '&(?:amp;){0,3}#0{0,6}(?<decimal>\\d{2,7});?',
    '&(?:amp;){0,3}(?:amp|lt|gt|quot|apos|nbsp|shy);',
  ].join('|'),
  'iy',
);

const WIDE = { from: 0xff01, to: 0xff5e, offset: 0xfee0 };

interface Spelled {
  /** Letters and digits alone, in small letters. */
  letters: string;
  /** Where each begins and ends in the text. */
  begins: number[];
  ends: number[];
}

/** The text with `cut` in place of every spelling of the key. */
export const withoutSpellings = (text: string, key: string, cut: string): string => {
  const forms = spellings(key);
  if (forms.length === 0) return text;
  const { letters, begins, ends } = spelled(text);
  const ranges: [number, number][] = [];
  for (const form of forms) {
    for (let at = letters.indexOf(form); at !== -1; at = letters.indexOf(form, at + form.length)) {
      ranges.push([begins[at] ?? 0, ends[at + form.length - 1] ?? text.length]);
    }
  }
  let left = '';
  let read = 0;
  for (const [begin, end] of ranges.sort(([one], [other]) => one - other)) {
    if (end <= read) continue;
    if (begin >= read) left += `${text.slice(read, begin)}${cut}`;
    read = end;
  }
  return left + text.slice(read);
};

const spellings = (key: string): string[] => {
  const { letters } = spelled(key);
  if (letters.length < SHORTEST || (letters.length < LONG && !/\d/.test(letters))) return [];
  const bytes = [...Buffer.from(key)];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
  const base64 = Buffer.from(key).toString('base64');
  return [
    letters,
    Array.from(letters).reverse().join(''),
    hex.join(''),
    hex.map((byte) => `0x${byte}`).join(''),
    bytes.join(''),
    spelled(base64).letters,
    spelled(Buffer.from(base64).toString('base64')).letters,
  ];
};

const spelled = (text: string): Spelled => {
  const begins: number[] = [];
  const ends: number[] = [];
  const letters: string[] = [];
  for (let at = 0; at < text.length; ) {
    const { code, length } = unitAt(text, at);
    for (const letter of lettersOf(code)) {
      letters.push(letter);
      begins.push(at);
      ends.push(at + length);
    }
    at += length;
  }
  return { letters: letters.join(''), begins, ends };
};

/** `code` is 0 where what stands there is no letter. */
const unitAt = (text: string, at: number): { code: number; length: number } => {
  const code = text.codePointAt(at) ?? 0;
  if (code === 0x25 || code === 0x26 || code === 0x5c) {
    ESCAPE.lastIndex = at;
    const found = ESCAPE.exec(text);
    if (found !== null) return { code: codeOf(found.groups ?? {}), length: found[0].length };
  }
  return { code, length: code > 0xffff ? 2 : 1 };
};

const codeOf = ({ url, braced, json, c, octal, hex, decimal }: Partial<Record<string, string>>): number => {
  const inHex = url ?? braced ?? json ?? c ?? hex;
  if (inHex !== undefined) return Number.parseInt(inHex, 16);
  if (octal !== undefined) return Number.parseInt(octal, 8);
  return decimal === undefined ? 0 : Number(decimal);
};

/** One, or none; some letters have two small ones. */
const lettersOf = (written: number): string => {
  const code = written >= WIDE.from && written <= WIDE.to ? written - WIDE.offset : written;
  if (code > 0x10ffff) return '';
  const letter = String.fromCodePoint(code);
  return /[\p{L}\p{N}]/u.test(letter) ? letter.toLowerCase().charAt(0) : '';
};
