/**
 * Text that a terminal shows and does not obey. Pure. Escape sequences begin with a control character (ECMA-48, with
 * C1 in one character as well); bidi controls let a line be read in another order than it is run in
 * (https://www.unicode.org/reports/tr55/); tag characters carry text that nobody sees.
 */

const BIDI = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
const UNSEEN =
  '\\ufff9-\\ufffb\\u180b-\\u180f\\u2060-\\u2064\\u3164\\uffa0\\u{e0000}-\\u{e00ff}\\u{e01f0}-\\u{e0fff}';
/** Which form of a letter is meant; in a row, or behind what has no forms, they carry text that nobody sees. */
const SELECTORS = '(?<!\\p{Script=Han})[\\u{e0100}-\\u{e01ef}]';
/** What is not written to a terminal as it is; a line's end and a tab are. */
const OBEYED = new RegExp(`[\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f${BIDI}${UNSEEN}]|${SELECTORS}`, 'u');
const EACH_OBEYED = new RegExp(OBEYED.source, 'gu');
/** JSON escapes the characters below a space by itself. */
const EACH_IN_JSON = new RegExp(`[\\x7f-\\x9f${BIDI}${UNSEEN}]|${SELECTORS}`, 'gu');

export const mayBeObeyed = (text: string): boolean => OBEYED.test(text);

/** Many lines without anything that a terminal would obey; what is taken out can be seen: `␛`, `<U+202E>`. */
export const harmless = (text: string): string =>
  mayBeObeyed(text) ? text.replaceAll(/\r\n?/g, '\n').replaceAll(EACH_OBEYED, visible) : text;

/** One line that cannot move the cursor, whatever is in it. */
export const oneLine = (text: string): string =>
  text
    .replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(EACH_OBEYED, visible)
    .trim();

/** The same value as JSON on one line, in letters that a terminal shows. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replaceAll(EACH_IN_JSON, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );

const CONTROL_PICTURES = 0x2400;
const DELETE = 0x7f;

const visible = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(CONTROL_PICTURES + code);
  return code === DELETE ? '\u2421' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
};
