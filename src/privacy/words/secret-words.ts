/** Words such as `password` that stand beside a value. Pure. */

/** `PASSWORD=x`, `"password": "x"`, `{\"password\": \"x\"}` within JSON, `password is x`, `password => x`. */
const VALUE_FOLLOWS = /[\w-]{0,64}["'`\])\\]{0,4}\s{0,20}(?:=>|:?=|[:：＝]|\b(?:is|was)\b)\s{0,40}\S/y;
/** `--password x` */
const ARGUMENT_FOLLOWS = /[\w-]{0,64}\s{1,20}[^\s-]/y;
/** `<password>x</password>` */
const ELEMENT_FOLLOWS = /[^<>]{0,200}>\s{0,40}[^<\s][^<]{0,1000}<\//y;
/** `name="password" value="x"`, `"name": "PASSWORD", "value": "x"`, `- name: PASSWORD` with `value: x` under it. */
const NAMED_VALUE_FOLLOWS =
  /[\w-]{0,64}["'\\]{0,4}\s{0,5},?\s{0,40}["'\\]{0,4}value["'\\]{0,4}\s{0,5}[:=]\s{0,5}\S/iy;
/** `password for the database is hunter2`: in a sentence, only what looks like a value is one. */
const SENTENCE_FOLLOWS =
  /s?\s{1,5}(?:for|of|to|on|in|at)\s[^.\n]{1,60}?\s(?:is|was|=|:)\s{1,5}["'`]?(?=[^\s\d]{0,64}\d)[^\s]{4}/iy;
/** `tokens: 512` and `token_count: 512` count them. */
const COUNT_FOLLOWS =
  /(?:s|[_-]?(?:count|limit|budget|usage|length|size))["'`\])\\]{0,4}\s{0,20}(?:=>|:?=|[:：＝]|\b(?:is|was)\b)\s{0,40}\d[\d_,.]{0,20}(?![\w-])/iy;

/** The first of the words that has a value beside it. `api_key` is also api-key, apiKey, api key, API_KEY and apikey. */
export const findWordWithValue = (text: string, words: readonly string[]): string | undefined =>
  words.find((word) => hasValue(text, word));

/** What was found, in words for a person. */
export const withValue = (word: string): string => `"${word}" with a value`;

const hasValue = (text: string, word: string): boolean => {
  const parts = word.split(/[\s_.-]+/).filter((part) => part !== '');
  if (parts.length === 0) return false;
  const pattern = new RegExp(
    parts.map((part) => part.replaceAll(/[^\p{L}\p{N}]/gu, '\\$&')).join('[\\s_.-]?'),
    'giu',
  );
  for (const found of text.matchAll(pattern)) {
    const end = found.index + found[0].length;
    if (beginsWord(text, found.index) && endsWord(text, end) && isBesideValue(text, found.index, end)) {
      return true;
    }
  }
  return false;
};

const isBesideValue = (text: string, at: number, end: number): boolean => {
  if (followedBy(COUNT_FOLLOWS, text, end)) return false;
  const follows = [VALUE_FOLLOWS, NAMED_VALUE_FOLLOWS, SENTENCE_FOLLOWS];
  if (follows.some((pattern) => followedBy(pattern, text, end))) return true;
  const before = text.slice(Math.max(0, at - 70), at);
  if (/<[\w:-]{0,64}$/.test(before)) return followedBy(ELEMENT_FOLLOWS, text, end);
  return /(?:^|\s)--?[\w-]{0,64}$/.test(before) && followedBy(ARGUMENT_FOLLOWS, text, end);
};

const LETTER = /\p{L}/u;

/** Also in the middle of dbPassword; not in that of cryptotoken. */
const beginsWord = (text: string, at: number): boolean => {
  const before = text[at - 1] ?? ' ';
  return !isLatin(before) || (isLower(before) && !isLower(text[at] ?? ''));
};

/** A plural ends a word too: false alarms are cheap. */
const endsWord = (text: string, at: number): boolean => {
  const next = text[at] ?? ' ';
  if (!isLatin(next) || (isLower(text[at - 1] ?? '') && !isLower(next))) return true;
  return next.toLowerCase() === 's' && !isLower(text[at + 1] ?? ' ');
};

/** Words of languages without spaces may stand directly beside it. */
const isLatin = (letter: string): boolean => LETTER.test(letter) && /\p{Script=Latin}/u.test(letter);

const isLower = (letter: string): boolean => isLatin(letter) && letter === letter.toLowerCase();

const followedBy = (pattern: RegExp, text: string, at: number): boolean => {
  pattern.lastIndex = at;
  return pattern.test(text);
};
