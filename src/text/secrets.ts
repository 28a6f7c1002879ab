/**
 * Whether a text holds what should stay on the machine. Pure. A false alarm only keeps a task here, a miss
 * sends a secret away: where the two conflict, this tells.
 */

/** Formats of real keys: each has a mark of its own, so that it is known without a word beside it. */
const KEYS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d/],
  ['an age key', /AGE-SECRET-KEY-1[A-Z0-9]{10}/],
  ['an AWS key', /(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])/],
  ['a GitHub token', /gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22}/],
  ['a GitLab token', /gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{20}/],
  ['a Slack token', /xox[abceoprs]-[\w-]{10}|xapp-\d-[\w-]{10}|hooks\.slack\.com\/services\/T\w+/],
  ['a JSON web token', /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/],
  ['a key of a model service', /(?<![\w-])sk-[\w-]{20}/],
  ['a Google key', /AIza[\w-]{35}|GOCSPX-[\w-]{20}|ya29\.[\w-]{20}/],
  ['a Stripe key', /(?:[sr]k|whsec)_(?:(?:live|test)_)?[A-Za-z0-9]{24}/],
  ['a package registry token', /npm_[A-Za-z0-9]{36}|pypi-AgEI[\w-]{20}|dckr_pat_[\w-]{20}/],
  ['a Hugging Face token', /hf_[A-Za-z0-9]{30}/],
  ['a SendGrid key', /SG\.[\w-]{22}\.[\w-]{43}/],
  ['an Azure key', /AccountKey=[A-Za-z0-9+/]{40}/],
  ['credentials in a URL', /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@'"]{0,100}:[^\s/@'"]{1,200}@/i],
  [
    'an Authorization header',
    /authorization["']?\s{0,5}[:=]\s{0,5}["']?(?:bearer|basic|token)\s+[\w+/=.~-]{8}/i,
  ],
];

/** What may stand between a word and its value: `PASSWORD=x`, `"password": "x"`, `password is x`, `password => x`. */
const VALUE_FOLLOWS = /[\w-]{0,64}["'`\])]{0,3}\s{0,20}(?:=>|:?=|[:：＝]|\b(?:is|was)\b)\s{0,40}\S/y;
/** `--password x` */
const ARGUMENT_FOLLOWS = /[\w-]{0,64}\s{1,20}[^\s-]/y;

/** What was found, in words for a person and never with the secret itself; undefined: nothing. */
export const findSecret = (text: string, words: readonly string[]): string | undefined => {
  const key = KEYS.find(([, pattern]) => pattern.test(text));
  if (key !== undefined) return key[0];
  const word = words.find((each) => hasWordWithValue(text, each));
  return word === undefined ? undefined : `"${word}" with a value`;
};

/** `api_key` is also api-key, apiKey, api key, API_KEY and apikey. */
const hasWordWithValue = (text: string, word: string): boolean => {
  const parts = word.split(/[\s_.-]+/).filter((part) => part !== '');
  if (parts.length === 0) return false;
  const pattern = new RegExp(
    parts.map((part) => part.replaceAll(/[^\p{L}\p{N}]/gu, '\\$&')).join('[\\s_.-]?'),
    'giu',
  );
  for (const found of text.matchAll(pattern)) {
    const end = found.index + found[0].length;
    if (!beginsWord(text, found.index) || !endsWord(text, end)) continue;
    if (followedBy(VALUE_FOLLOWS, text, end)) return true;
    const isFlag = /(?:^|\s)--?[\w-]{0,64}$/.test(text.slice(Math.max(0, found.index - 70), found.index));
    if (isFlag && followedBy(ARGUMENT_FOLLOWS, text, end)) return true;
  }
  return false;
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
