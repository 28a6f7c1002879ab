/**
 * Text that a terminal shows and does not obey. Pure. Escape sequences begin with a control character (ECMA-48, with
 * C1 in one character as well); bidi controls let a line be read in another order than it is run in
 * (https://www.unicode.org/reports/tr55/); characters that are not drawn (tags, selectors, joiners, fillers) carry text that
 * nobody sees. Those have a use where a script or an emoji asks for them, one at a time.
 */

const BIDI = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
/** Whose letters change their form by a joiner, or by none. */
const JOINING = [
  'Arab',
  'Syrc',
  'Nkoo',
  'Mong',
  'Deva',
  'Beng',
  'Guru',
  'Gujr',
  'Orya',
  'Taml',
  'Telu',
  'Knda',
  'Mlym',
  'Sinh',
]
  .map((script) => `\\p{scx=${script}}`)
  .join('');
const HIEROGLYPH = '[\\u{13000}-\\u{1342f}\\u{13460}-\\u{143ff}]';
/** Marks that only join signs of their own script, whose code chart each stands in. */
const JOINERS = [
  0x1039, 0x17d2, 0x1a60, 0x2d7f, 0x10a3f, 0x1107f, 0x11133, 0x113d0, 0x1193e, 0x11a47, 0x11a99, 0x11d45,
  0x11d97, 0x11f42, 0x16fe4,
];
const unicode = (code: number): string => `\\u{${code.toString(16)}}`;
const EACH_JOINER = JOINERS.map(unicode).join('');
const ROW = 0x7f;
/** Khitan signs stand elsewhere than their filler. */
const KHITAN = '\\u{18b00}-\\u{18cff}';
const joined = (code: number): string => {
  const signs = code === 0x16fe4 ? KHITAN : `${unicode(code & ~ROW)}-${unicode(code | ROW)}`;
  return `(?<=^|(?![${EACH_JOINER}])[${signs}])${unicode(code)}`;
};
/** Where a text is cut into pieces, what belongs to one of these may stand in the piece before or behind. */
const MEANT = [
  // Which form of a letter, or of an emoji.
  '(?<=^|\\p{Extended_Pictographic})[\\ufe0e\\ufe0f]',
  '(?<=^|[\\d#*])\\ufe0f(?=$|\\u20e3)',
  '(?<=^|\\p{scx=Hani})[\\ufe00-\\ufe02]',
  '(?<=^|\\p{scx=Hani})[\\u{e0100}-\\u{e01ef}]',
  '(?<=^|\\p{scx=Mong})[\\u180b-\\u180d\\u180f]',
  '(?<=^|[\\p{Emoji}\\ufe0f])\\u200d(?=$|\\p{Extended_Pictographic})',
  `(?<=^|[${JOINING}])[\\u200c\\u200d](?=$|[${JOINING}])`,
  // Where a word may be cut.
  '(?<=^|\\p{L})\\u00ad(?=$|\\p{L})',
  // Marks around numbers and names, which are drawn.
  '[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}]',
  `(?<=^|${HIEROGLYPH})[\\u{13430}-\\u{1343f}](?=$|${HIEROGLYPH})`,
  ...JOINERS.map(joined),
  // The mark of a file's encoding.
  '(?<=^)\\ufeff',
].join('|');
// First what is rare: the rest is not asked of each letter.
const UNSEEN = `(?=[\\p{Default_Ignorable_Code_Point}\\p{Cf}${EACH_JOINER}])(?!${MEANT})[^]`;
const OTHERS = `\\x7f-\\x9f\\ufff9-\\ufffb${BIDI}`;
/** Most of what is printed. The tables of Unicode that the patterns below need take milliseconds to make. */
const PLAIN = /^[\n\t -~]*$/;

interface Patterns {
  /** What is not written to a terminal as it is; a line's end and a tab are. */
  obeyed: RegExp;
  eachObeyed: RegExp;
  /** JSON escapes the characters below a space by itself. */
  eachInJson: RegExp;
}

let made: Patterns | undefined;
const patterns = (): Patterns => {
  const obeyed = `[\\0-\\x08\\x0b-\\x1f${OTHERS}]|${UNSEEN}`;
  made ??= {
    obeyed: new RegExp(obeyed, 'u'),
    eachObeyed: new RegExp(obeyed, 'gu'),
    eachInJson: new RegExp(`[${OTHERS}]|${UNSEEN}`, 'gu'),
  };
  return made;
};

export const mayBeObeyed = (text: string): boolean => !PLAIN.test(text) && patterns().obeyed.test(text);

const shown = (text: string): string =>
  PLAIN.test(text) ? text : text.replaceAll(patterns().eachObeyed, visible);

/** Many lines without anything that a terminal would obey; what is taken out can be seen: `␛`, `<U+202E>`. */
export const harmless = (text: string): string =>
  mayBeObeyed(text) ? shown(text.replaceAll(/\r\n?/g, '\n')) : text;

/** One line that cannot move the cursor, whatever is in it. */
export const oneLine = (text: string): string =>
  shown(text.replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')).trim();

/** The same value as JSON on one line, in letters that a terminal shows. */
export const jsonLine = (value: unknown): string => {
  const text = JSON.stringify(value);
  return PLAIN.test(text) ? text : text.replaceAll(patterns().eachInJson, escaped);
};

const escaped = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

const CONTROL_PICTURES = 0x2400;
const DELETE = 0x7f;

const visible = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(CONTROL_PICTURES + code);
  return code === DELETE ? '\u2421' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
};
