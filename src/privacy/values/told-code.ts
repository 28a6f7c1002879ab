/**
 * Numbers that open something, where no one word names them: `the code for the gate is 2290`, `the alarm turns off with
 * 6093`, `Ihr Code für die Anmeldung: 739 204`. What the number is called, what it opens, what is done with it, how it
 * is written and how it is joined to them speak for it; one of these alone says nothing. Pure, in bounded steps.
 */
import {
  CODE,
  DEVICE,
  IS,
  isPin,
  LOCK,
  LOCK_ALONE,
  MEASURE,
  NUMBERED,
  ONCE,
  OPENS,
  OTHER_CODE,
  OWN,
  PINNED,
  RECEIVED,
  RELATED,
  SENDER,
  TELL_NOBODY,
  UNIT,
} from '../words/lock-words.ts';
import { unitFollows } from '../words/sentence-words.ts';

const LETTER = '\\p{Script=Latin}\\p{Script=Cyrillic}\\p{N}_';
const SHAPES = [
  '[A-Z]-\\d{5,8}',
  '\\d\\d(?: \\d\\d){2,3}',
  '\\d{2,3}-\\d{1,2}-\\d{4}',
  `[#*]?\\d{4,9}[#*]?(?:[A-ZА-Я](?![${LETTER}]))?`,
  '\\d{1,4}[A-ZА-Я]\\d{1,5}[#*]?',
  '[A-F]\\d{3,5}[A-F]?',
  '\\d{1,4}[*#]\\d{1,5}#?',
  '\\d(?:、 ?\\d){3,5}',
  '\\d{3}[ -]\\d{3}',
  '\\d{1,2}(?:-\\d{1,2}){2,5}',
  '\\d(?:[ -]\\d){2,5}',
  '\\d{3}[#*]?',
];
const NUMBER = new RegExp(
  `(?<![${LETTER}$€£¥/\\\\.=+%-]|\\d[ :,])(?:${SHAPES.join('|')})(?![${LETTER}%€$°]|[.:/-]\\d|,\\d{3}(?!\\d)| ?[€$£]| \\d|\\]\\()`,
  'gu',
);

/** How far a sentence is looked at on either side. */
const BEFORE = 100;
const AFTER = 50;
const SENTENCE_END = /[.!?](?=\s)|[。！？]|\n/;

interface Context {
  /** Of the number's own sentence. */
  before: string;
  after: string;
  /** The sentence before that, of the same line. */
  earlier: string;
}

export const findToldCode = (text: string): string | undefined => {
  for (const { 0: number, index } of text.matchAll(NUMBER)) {
    const rest = text.slice(index + number.length, index + number.length + AFTER);
    const context = contextOf(text.slice(Math.max(0, index - BEFORE), index), rest);
    if (TELL_NOBODY.test(text.slice(index + number.length, index + number.length + 90)))
      context.earlier += ' OTP ';
    if (
      isColour(number) ||
      AN_EXAMPLE.test(context.before) ||
      unitFollows(rest) ||
      UNIT.test(rest) ||
      NUMBERED.test(context.before) ||
      MEASURE.test(context.before)
    )
      continue;
    if (
      weigh(context, number) >= needed(number) ||
      isSaidAfter(context, number) ||
      isReceived(context, number)
    )
      return 'the code of a lock or a login';
  }
  return undefined;
};

const AN_EXAMPLE =
  /(?:例[:えば]*|e\.g\.|z\. ?b\.|p\. ?ej\.|por ejemplo|par ex(?:emple|\.)|ad es\.|por exemplo|например|예[:시를]*|比如|例如|like|such as|format|формат)[\s:：(「"']{0,3}$/iu;
const isColour = (number: string): boolean => /^#(?:\d{3}|\d{6}|\d{8})$/.test(number);

/** A line that ends with a colon, or is no more than a heading, goes on in the next. */
const contextOf = (before: string, rest: string): Context => {
  const lines = before.replace(/[ \t>*]+$/, '').split(/\n/);
  const last = lines.pop() ?? '';
  const line =
    last.trim() === '' && lines.length > 0 ? (lines.findLast((each) => each.trim() !== '') ?? '') : last;
  const sentences = `${line}${/\s$/.test(before) && !/\s$/.test(line) ? ' ' : ''}`.split(/[.!?]\s|[。！？]/);
  const [after = ''] = rest.split(SENTENCE_END, 1);
  return { before: withoutSince(sentences.pop() ?? ''), earlier: sentences.pop() ?? '', after };
};

const withoutSince = (before: string): string => {
  const bare = before.replace(SINCE, '');
  return bare === before || RELATED.test(bare) ? bare : `${bare}: `;
};

/** Since when it is the code comes between the two: `der Code ist ab heute 2075`. */
const SINCE =
  /(?:(?<=\s)(?:ab (?:heute|sofort|jetzt|morgen|\p{L}{2,4}tag)|seit (?:heute|gestern|\p{L}{2,4}tag)|(?:starting |effective )?(?:from|since|as of|as from|starting|effective) (?:today|now|tomorrow|yesterday|\p{L}{3,6}day)(?: on| onwards?)?|à partir (?:d'aujourd'hui|de (?:demain|maintenant|\p{L}{3,5}di))|dès (?:aujourd'hui|demain|\p{L}{3,5}di)|désormais|dorénavant|depuis (?:hier|\p{L}{3,5}di)|desde (?:hoy|ayer|mañana|ahora|hoje|ontem|agora|el \p{L}{5,9})|a partir d[eao]s? (?:hoy|mañana|ahora|hoje|amanhã|agora|\p{L}{5,9})|da (?:oggi|domani|ieri|ora|\p{L}{4,6}dì)|d'ora in poi|с (?:сегодняшнего дня|завтрашнего дня|сегодня|завтра|вчера|понедельника|вторника|среды|четверга|пятницы)),? )$|(?:今日|本日|明日|昨日|今週|来週|今月|来月)(?:から|より)[、は]?\s?$|(?:从|自)?(?:今天|明天|即日|今日|本周|下周)(?:起|开始)[，,]?(?:是|改为|改成)?\s?$|(?:오늘|내일|어제|이번 주|다음 주)부터(?:는)?\s?$/iu;

/** Three digits are a measure, a room, a line-up more often than a code. */
const needed = (number: string): number => (/^\d{3}[#*]?$|^\d(?:-\d){2}$/.test(number) ? 4 : 3);

/** A year, and three digits, count where it is said that they are the code. */
const weigh = ({ before, after, earlier }: Context, number: string): number => {
  const sentence = `${before} ${after}`;
  const context = `${earlier} ${sentence}`;
  const code = lastOf(CODE, before);
  const lock = lastOf(LOCK_ALONE, before);
  const isDialled = /^\d(?:(?:[ -]|[,、] ?)\d){2,5}$|^\d{1,2}(?:-\d{1,2}){2}$/.test(number);
  const isRelated = RELATED.test(before);
  const around = code === undefined ? '' : wordsAround(before, code);
  if (OTHER_CODE.test(around)) return 0;
  const isSpaced = /^\d{3}[ -]\d{3}$|^\d\d(?: \d\d){2,3}$/.test(number);
  const named = code === undefined ? '' : before.slice(Math.max(0, code.at - 4), code.end + 13);
  const isNamed = code !== undefined && (isRelated || isShortWay(before.slice(code.end), isSpaced));
  const isYear = /^(?:19|20)\d\d$/.test(number);
  if (isYear && !IS.test(before) && !(isNamed && isPin(named))) return 0;
  if (code !== undefined && COPULA.test(before) && /^\d{4,8}$/.test(number) && before.length - code.end < 32)
    return 3;
  const isDone = OPENS.test(sentence);
  const things =
    [LOCK, LOCK_ALONE, ONCE, DEVICE].some((each) => each.test(context)) ||
    (isSpaced && SENDER.test(context)) ||
    (isDone && (isDialled || PINNED.test(context)));
  const isPinned = isNamed && PINNED.test(context) && (isPin(named) || OF.test(around));
  if (!things && !isPinned && !(isNamed && (isDialled || isSpaced || isPin(named) || OWN.test(before))))
    return 0;
  return (
    (isNamed ? 2 : 0) +
    (isNamed && (things || isPinned) ? 1 : 0) +
    (isNamed && isPin(named) ? 1 : 0) +
    (things && !isNamed ? 1 : 0) +
    (!isNamed && lock !== undefined && (isRelated || isDialled || isDone) ? 1 : 0) +
    (!isNamed && lock !== undefined && /^\s{0,2}$/.test(before.slice(lock.end)) && number.length > 3
      ? 2
      : 0) +
    (isDialled ? 2 : 0) +
    (isDone && !isYear && OPENED.some((each) => each.test(context))
      ? LOCK.test(sentence) && /^\d{4,6}$/.test(number)
        ? 2
        : 1
      : 0) +
    (isRelated || (isNamed && isShortWay(before.slice(code.end))) ? 1 : 0) +
    (/\d{3}[#*]$/.test(number) ? 2 : /\d[#*A-Z]$|^[#*]\d|^0\d{3}|\d[*#]\d/.test(number) ? 1 : 0) +
    (!isNamed && lock === undefined && number.length > 3 && IS.test(before) && LOCK.test(before.slice(-36))
      ? 1
      : 0)
  );
};

const COPULA = /(?<![a-zà-ÿ])(?:is|ist|lautet|est|c'est|es|é|è|это)\s$|(?:は|是|은|는)\s?$/iu;
const OPENED = [LOCK, LOCK_ALONE, DEVICE, PINNED];

const OF = /(?<![a-zà-ÿ])(?:d[eai]l?|della|of|for|für|von|du)(?![a-zà-ÿ])|от |карты|の|カード|카드|卡/iu;

/** The word before a name and the two after it: what kind of code it is. */
const wordsAround = (text: string, { at, end }: { at: number; end: number }): string => {
  const before = text.slice(Math.max(0, at - 24), at).match(/\S+\s*$/)?.[0] ?? '';
  const after = text.slice(end, end + 40).match(/^\S*(?:\s+\S+){0,3}/)?.[0] ?? '';
  return `${before}${text.slice(at, end)}${after}`;
};

/** No more than a few words lie between the name and the number, and no other part of the sentence. */
const isShortWay = (between: string, isSpaced = false): boolean =>
  (isSpaced || !/[,;()、]/.test(between.trim())) &&
  between.trim().split(/\s+/).length <= 4 &&
  between.length < 40;

/** `119 402 is my one time code`, `G-482913 é seu código de verificação`, `usa sempre 1948 come pin`. */
const isSaidAfter = ({ before, after }: Context, number: string): boolean => {
  const name = SAID_AFTER.exec(after)?.[1];
  if (name === undefined || !CODE.test(name) || OTHER_CODE.test(name)) return false;
  return (
    ONCE.test(`${name} ${before}`) ||
    LOCK.test(`${name} ${before}`) ||
    isPin(name) ||
    /^\d{3} \d{3}$/.test(number)
  );
};

/** `мне пришло 772 015 от банка`. */
const isReceived = ({ before, after }: Context, number: string): boolean =>
  /^\d{3}[ -]?\d{3}$/.test(number) && RECEIVED.test(before) && SENDER.test(`${before} ${after}`);

const SAID_AFTER =
  /^["'»”]?\s{0,2}(?:is|ist|est|es|é|è|as|als|come|como|comme|это|как|—|-|は|が|是|이|가)\s{0,2}((?:[^\s,;.]{1,20}\s?){1,5})/iu;

const lastOf = (pattern: RegExp, text: string): { at: number; end: number } | undefined => {
  let last: { at: number; end: number } | undefined;
  // The colour is written otherwise than the number of a transaction.
  for (const { 0: found, index } of text.matchAll(new RegExp(pattern.source, 'giu')))
    if (found !== 'tan') last = { at: index, end: index + found.length };
  return last;
};
