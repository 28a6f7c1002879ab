/** What a value looks like: how people write codes, passwords and keys, and how they write other things. Pure. */

import { isTechnical, kindOf, namesItself } from '../values/secret-values.ts';
import { isProse } from '../words/sentence-words.ts';

/** How much the words around it must say depends on the group of a shape. */
export const GROUPS = ['number', 'code', 'strong', 'chosen', 'word', 'phrase', 'random'] as const;
type Group = (typeof GROUPS)[number];

/** In their order: the first that fits. */
const NUMBERS: readonly (readonly [shape: string, group: Group, pattern: RegExp])[] = [
  ['year', 'number', /^(?:19|20)\d\d$/],
  ['0ddd', 'number', /^0\d{3}$/],
  ['ddd', 'number', /^\d{3}$/],
  ['dddd', 'number', /^\d{4}$/],
  ['round', 'number', /^[1-9]\d?0{3,}$/],
  ['ddddd', 'number', /^\d{5}$/],
  ['dddddd', 'number', /^\d{6}$/],
  ['d7-9', 'number', /^\d{7,9}$/],
  ['d10-12', 'number', /^\d{10,12}$/],
  ['with #', 'code', /^(?=[\d*#-]*[*#])[\d*#-]{4,10}$/],
  ['ddd ddd', 'code', /^\d{3}[ -]\d{3}$/],
  ['phone', 'number', /^0\d(?:[ -]\d\d){4}$/],
  ['dd dd dd', 'code', /^\d\d(?:[ -]\d\d){2,5}$/],
  ['dd-dddd', 'code', /^\d{2,4}-\d{2,4}$/],
  ['dddd dddd', 'code', /^\d{4}(?:[ -]\d{4}){1,5}$/],
  ['dial', 'code', /^\d{1,2}(?:(?:[ -]|, ?|、)\d{1,2}){2,5}$|^\d{1,3}-\d-\d{3,4}$/],
];
const LETTER = '\\p{Script=Latin}\\p{Script=Cyrillic}';
const VALUES: readonly (readonly [shape: string, group: Group, pattern: RegExp])[] = [
  ['dA', 'code', /^(?:\d{2,6}[A-ZА-Я]{1,2}|[A-ZА-Я]\d{3,5}[A-ZА-Я]?|\d{1,4}[A-ZА-Я]\d{1,4}[*#]?)$/],
  [
    'MODEL',
    'code',
    /^(?:[A-Z]{1,6}-\d{1,5}[A-Za-z]{0,2}|\d{1,3}[A-Z]{2,}|[A-Z]+-[A-Z]?[a-z]+\d*|[A-Z]{2,}-\d[a-z]|[A-Z]\d{1,3}[A-Z]?|[A-Z]\d+[A-Z]\d?)$/,
  ],
  ['AA99', 'code', /^[A-Z]{2,}\d{1,5}$/],
  ['short hex', 'code', /^(?=[\da-f]*\d)(?=[\da-f]*[a-f])[\da-f]{7,12}$/],
  ['groups', 'code', /^(?=[A-Z\d-]*\d)(?=[A-Z\d-]*[A-Z])[A-Z\d]{2,6}(?:-[A-Z\d]{2,6}){1,5}$/],
  [
    'small groups',
    'code',
    /^(?=[a-z\d-]*\d)(?=[a-z\d-]*[a-z])(?:[a-z]*\d[a-z\d]{1,5}|[a-z]{2,5})(?:-(?:[a-z]*\d[a-z\d]{1,5}|[a-z]{2,5})){1,5}$/,
  ],
  ['hex', 'random', /^[\da-f]{16,}$/i],
  [
    'prefixed',
    'random',
    /^[a-zA-Z]{1,8}(?:[_-][a-z]{2,8})?[_-](?=(?:[A-Za-z_-]*\d){3})(?=\d*[A-Za-z])[A-Za-z\d_-]{6,}$/,
  ],
  ['word!word9', 'strong', /^\p{L}{2,}[!#$&*+?^%]\p{L}+[-\w]*\d{1,4}!?$/u],
  ['word!99', 'strong', /^\p{L}{3,}[!#$&*+?^%@]\d{1,4}!?$/u],
  ['Word.Word9', 'strong', /^\p{Lu}\p{L}+(?:[-_.~]\p{L}+)+\d{1,4}!?$/u],
  ['Word-99', 'strong', /^\p{Lu}\p{Ll}{2,}[-_.]\d{1,6}$/u],
  ['word99!', 'strong', /^\p{L}{3,}\d{1,4}[!?$#*]{1,2}$/u],
  ['word-word9', 'chosen', /^\p{L}{2,}(?:[-_.]\p{L}{1,}|[-_.]\d{1,4}){1,6}(?:[-_.]?\d{1,4})?(?<=\d)$/u],
  ['long', 'random', /^(?=(?:[^\d]*\d){3})(?=.*[a-z])[\w+.~^-]{16,}$/i],
  ['signs', 'strong', /^(?=.*\d)(?=.*\p{L}).*[!#$&*+?^%@~].*$/u],
  ['Word99', 'chosen', /^\p{Lu}\p{Ll}+(?:\p{Lu}\p{Ll}*)*\d{1,4}$/u],
  ['word99', 'chosen', /^\p{Ll}+(?:\p{Lu}\p{Ll}*)*\d{1,4}$/u],
  ['Word9Word', 'strong', /^(?=.*\p{Ll})(?=.*\p{Lu})[\p{L}\d_.-]*\d[\p{L}\d_.-]*$/u],
  ['a9b', 'chosen', /^[\p{Ll}\d_.-]*\d[\p{Ll}\d_.-]*$/u],
  ['A9', 'chosen', /^[\p{Lu}\d_.-]*\d[\p{Lu}\d_.-]*$/u],
  ['word!word', 'chosen', new RegExp(`^[${LETTER}]{2,}(?:[&*!#$+%][${LETTER}]{2,})+!?$`, 'u')],
  ['word-word', 'chosen', new RegExp(`^[${LETTER}]{2,}(?:[-_.][${LETTER}]{2,})+$`, 'u')],
  ['UPPER', 'word', /^\p{Lu}[\p{Lu}_]+$/u],
  ['lower', 'word', new RegExp(`^(?!\\p{Lu})[${LETTER}]{3,}$`, 'u')],
  ['Capital', 'word', /^\p{Lu}\p{Ll}{2,}$/u],
  ['camelCase', 'word', /^\p{L}{3,}$/u],
];

export const SHAPES: readonly string[] = [...NUMBERS, ...VALUES]
  .map(([shape]) => shape)
  .concat('cjk', 'words');

export interface Shape {
  shape: number;
  group: number;
}

const shapeAs = (shape: string, group: Group): Shape => ({
  shape: SHAPES.indexOf(shape),
  group: GROUPS.indexOf(group),
});
const READY = {
  numbers: NUMBERS.map(([shape, group, pattern]) => ({ pattern, found: shapeAs(shape, group) })),
  values: VALUES.map(([shape, group, pattern]) => ({ pattern, found: shapeAs(shape, group) })),
};
export const CJK_WORD = shapeAs('cjk', 'word');
export const WORDS = shapeAs('words', 'phrase');

/** Names of things, addresses and code are no values, whatever stands beside them. */
const NO_VALUE =
  /^(?:[\w.+-]+@[\w-]+(?:\.[\w-]+)+|v?\d+(?:\.[\dx]+)+[-\w]*|@[\w.-]+|\$[\w$]+|[\w-]+\.[a-z]{2,4}|#[\da-f]{3,8}|#\d+|same-origin|(?:msg|toolu|req|call|run|task|evt|chatcmpl|resp|thread|asst|file|batch|sess|trace|span)_[\w-]+|\d+(?:st|nd|rd|th)|\d+(?:[xXхХ×]\d+)+|[\d-]+[Tt]?[\d:]*Z?|0x[\da-f]+|%[\w%]+|[-+.\d]+e[-+\d]+|u[\da-f]{4}|.*%[\dA-F]{2}.*|&\w+|\*{2,}.*|-{1,2}\w[\w-]*|.*\.{2,}.*|.*&{2}.*)$/i;

const isWord = (text: string): boolean => /^\p{L}+$/u.test(text);

/** A measure, an issue of a repository. */
const NO_VALUE_IN_CASE = /^(?:\d+(?:[.,]\d+)*(?:[a-z]{1,4}|[kMGT]i?[Bb]|%)?|[a-z\d_.-]*#\d+)$/;

/** What was looked at last, by the hash of the text: `none` and the places of shapes, one apart for what is quoted. */
const PLACES = 1 << 14;
const hashes = new Int32Array(PLACES * 2);
const shapes: (Shape | undefined)[] = [];

/** The same as `shapeOf`, where the hash of the text is known. */
export const shapeByHash = (text: string, hash: number, quoted: boolean): Shape | undefined => {
  if (hash === 0) return shapeOf(text, quoted);
  const place = ((hash ^ (hash >>> 15)) & (PLACES - 1)) * 2 + (quoted ? 1 : 0);
  if (hashes[place] !== hash) {
    shapes[place] = shapeOf(text, quoted);
    hashes[place] = hash;
  }
  return shapes[place];
};

const shapeOf = (text: string, quoted: boolean): Shape | undefined => {
  if (text.length < 3 || text.length > 128) return undefined;
  if (/^[\d*#][\d*# ,、-]*$/.test(text))
    return READY.numbers.find(({ pattern }) => pattern.test(text))?.found;
  if (NO_VALUE.test(text) || NO_VALUE_IN_CASE.test(text)) return undefined;
  if (kindOf(text) === 'none' || isTechnical(text)) return undefined;
  if (!quoted && /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][A-Za-z_$]*)+$/.test(text)) return undefined;
  if (!quoted && !/\d/.test(text) && (namesItself(text) || (isWord(text) && isProse(text)))) return undefined;
  return READY.values.find(({ pattern }) => pattern.test(text))?.found;
};
