/** The value that a sentence tells: `the password for the shop is hunter2`, `パスワードは hunter2 です`. Pure. */
import type { Named } from '../words/secret-names.ts';
import { SPOKEN_OF } from '../words/secret-names.ts';
import { ADVERBS, isProse, RELATIONS, SAYS, unitFollows } from '../words/sentence-words.ts';
import { isCode, isRandom, isStrong, isTechnical, type Kind, kindOf, namesItself } from './secret-values.ts';

/** How far a sentence is followed. */
const REACH = 100;

const CJK = '\\u3001-\\u9fff\\uac00-\\ud7af';
const WORDS = new RegExp(`[${CJK}]+|[^\\s${CJK}]+`, 'g');
const IS_CJK = new RegExp(`^[${CJK}]`);

interface Word {
  text: string;
  kind: Kind;
  quoted: boolean;
  /** A colon comes after it, as after the name of what the sentence is about. */
  announces: boolean;
  isLast: boolean;
  /** What follows, with its space. */
  after: string;
}

export const isSaid = (text: string, named: Named): boolean => {
  if (named.family === 'any key') return false;
  // The next name of the kind looks further by itself.
  const rest = text.slice(named.end, Math.min(named.end + REACH, named.next));
  if (named.family === 'account' && /^["']?\s{0,3}[=:]\s{0,3}["']?[\w.-]{2,40}:[^\s"'@/]{5}/.test(rest))
    return holdsPair(rest.split('\n', 1)[0] ?? '');
  if (named.isWithin && named.isShort) return false;
  // What is assigned is judged where it stands; what follows is something else.
  if (named.family === 'account' && PAIR.test(rest)) return isPair(rest);
  if (named.family === 'account' && /^\s{0,3}->/.test(rest)) return holdsPair(rest.split('\n', 1)[0] ?? '');
  if (ASSIGNED.test(rest)) return false;
  if (saysInQuotes(named, rest)) return true;
  const [sentence = ''] = rest.match(/^(?:[^\n.!?。！？]|[.!?](?!\s|$))*/u) ?? [];
  // A member, an argument, a path: no sentence goes on there.
  if (!/^(?:['’]s\s|["'`*)\]]{0,3}(?:\s|:|=|\(|$))/.test(sentence) && !IS_CJK.test(sentence)) return false;
  if (named.family === 'account') return holdsPair(rest.split('\n', 1)[0] ?? '');
  const words = wordsOf(sentence.replace(/^['’]s(?=\s)/, ' is'), rest);
  const isChanged = CHANGED.test(text.slice(Math.max(0, named.at - 60), named.at));
  const [first] = words;
  if (first === undefined || SPOKEN_OF.has(first.text.toLowerCase())) return false;
  return (
    words.some((word, at) => isToldBy({ ...named, isChanged }, words, word, at)) ||
    isPhrase(named, words) ||
    isTitled(named, words) ||
    isWithUser(text, named, first) ||
    isForeign(named, first)
  );
};

const ASSIGNED = /^["'`)\]]{0,3}\s{0,5}(?:=|:=|=>|:\S|\|\||\?\?|->)/;
const EDGES = /^["'`“”„«»*_(:]+|["'`“”„«»*_,;:!?.)]+$/g;

const wordsOf = (sentence: string, rest: string): Word[] =>
  [...sentence.matchAll(WORDS)].map(({ 0: found, index }, at, all) => {
    const text = found.replaceAll(EDGES, '');
    // A sign at the end of a sentence may belong to the value: it counts for what the value looks like.
    const looks = /\d[!?]$|[!?]\d/.test(found) ? found : text;
    return {
      text: text === '' ? found : text,
      kind:
        text === ''
          ? 'none'
          : kindOf(text === found ? text : looks.replaceAll(/^["'`“„«*(:]+|["'`”“»*),.;:]+$/g, '')),
      quoted: /^["'`“„«]/.test(found) || (/[「『]$/.test(all[at - 1]?.[0] ?? '') && !IS_CJK.test(found)),
      announces: /[^=!<>:]?[:=]$/.test(found) && !/==$|::$/.test(found),
      isLast: at === all.length - 1,
      after: rest.slice(index + found.length, index + found.length + 24),
    };
  });

/** `J'ai changé le mdp en …`, `cambié la contraseña a …`: only then do these small words tell a value. */
const CHANGED =
  /(?<!\p{L})(?:chang|cambi|troqu|troc|alter|mud|modifi|actuali|atuali)\p{L}*\s[^.!?\n]{0,40}$/iu;
const TO: ReadonlySet<string> = new Set(['en', 'a', 'para', 'in']);

const isToldBy = (
  named: Named & { isChanged: boolean },
  words: readonly Word[],
  word: Word,
  at: number,
): boolean => {
  const { family } = named;
  let from = at - 1;
  while (from > 0 && ADVERBS.has(words[from]?.text.toLowerCase() ?? '')) from -= 1;
  const before = words[from]?.text.toLowerCase();
  const isCjkBefore =
    before !== undefined &&
    IS_CJK.test(before) &&
    /(?:は|が|を|も|に|で|是|係|系|为|為|은|는|이|가|을|를|로|설정|如下|成|成了|到)$/.test(before);
  const told =
    before !== undefined &&
    (RELATIONS.has(before) ||
      words[from]?.announces === true ||
      isCjkBefore ||
      (named.isChanged && word.kind === 'value' && TO.has(before)));
  const near = at === 0 && !named.plural;
  if (IS_CJK.test(word.text) || isCode(word.text) || isTechnical(word.text)) return false;
  switch (word.kind) {
    case 'none':
      return false;
    case 'number':
      return !/^combination/i.test(named.name) && isTold(named, word, told || near, at);
    case 'word':
      return isToldWord(named, word, before, told);
    case 'value':
      if (word.text.length < 4 && !(word.quoted && told)) return false;
      if (/^combination/i.test(named.name)) return told && COMBINATION.test(word.text);
      if (family === 'pin') return (told || near) && /^[\d#*-]{4,12}[A-Z]?$/.test(word.text);
      if (family === 'codes') return /\d/.test(word.text) && (told || near);
      if (family === 'password' || family === 'phrase')
        return isToldPassword(named, word, told, near) || isOf(words, word, at);
      if (OF.test(words[0]?.text ?? '') && at <= 4 && /^(?=\D*\d)[\w-]{20,}$/.test(word.text)) return true;
      return told
        ? /\d/.test(word.text) && !/^[A-Z]+-?\d+$/.test(word.text)
        : near && (isRandom(word.text) || (/\d/.test(word.text) && isStrong(word.text)));
  }
};

const COMBINATION = /^\d{1,2}(?:-\d{1,2}){2,3}$/;

const OF = /^(?:for|of|to|für|von|vom|zum|du|de|del|della|do|da|от|для|к)$/i;

/** `Пароль от вайфая matryoshka55`: not every language has a word for `is`. */
const isOf = ([first]: readonly Word[], { text, isLast }: Word, at: number): boolean =>
  at >= 2 && isLast && OF.test(first?.text ?? '') && /^\p{L}{4,}\d{2,}$/u.test(text);

/** `pass token2 to it`: the shortest names are verbs and abbreviations, too. */
const isToldPassword = (named: Named, word: Word, told: boolean, near: boolean): boolean => {
  const { isShort } = named;
  if (told) return !/^[A-Z]+-?\d+$/.test(word.text) || word.quoted || word.isLast;
  if (near)
    return isShort
      ? isStrong(word.text)
      : word.isLast && /^\p{Ll}{4,}[&!#$%*+]\p{Ll}{4,}$/u.test(word.text)
        ? true
        : /\d/.test(word.text) && !/^[A-Z]{1,5}-?\d+$/.test(word.text);
  return !isShort && isStrong(word.text);
};

const PLURAL = /^(?:contraseñas|senhas|passwörter|kennwörter|пароли|mots de passe)$/i;

const isTold = (
  { family, name }: Named,
  { text, after, isLast }: Word,
  told: boolean,
  at: number,
): boolean => {
  const digits = text.length;
  if (unitFollows(after) || PLURAL.test(name)) return false;
  if (family === 'pin')
    return (
      (told || (at <= 3 && isLast && name.length > 3 && !/^(?:19|20)\d\d$/.test(text))) &&
      (/^cv/i.test(name) ? digits === 3 || digits === 4 : digits >= 4 && digits <= 9)
    );
  if (family === 'codes') return told && digits >= 6;
  if (family !== 'password') return false;
  if (IS_CJK.test(name))
    return (
      digits >= 4 &&
      digits <= 10 &&
      (told || at === 0 || (isLast && at <= 2)) &&
      !/^(?:19|20)\d\d$/.test(text)
    );
  return told && at > 0 && digits >= 4 && name.length > 4;
};

const isToldWord = (
  { family, name }: Named,
  { text, quoted, isLast }: Word,
  before: string | undefined,
  told: boolean,
): boolean => {
  if (
    isProse(text) ||
    /(?:ed|ing|ly|[ai]ble|ive|ory|ful|less)$/.test(text) ||
    (/^[A-Z]+$/.test(text) && name !== name.toUpperCase()) ||
    SPOKEN_OF.has(text.toLowerCase()) ||
    text.length < 4
  )
    return false;
  if (quoted && told) return family === 'password' && !/^pass$/i.test(name);
  return (
    (family === 'password' || family === 'phrase') &&
    name.length > 4 &&
    isLast &&
    before !== undefined &&
    SAYS.has(before)
  );
};

/** `the passphrase is correct horse battery staple`. */
const isPhrase = ({ family, name }: Named, words: readonly Word[]): boolean => {
  const from = words.findIndex(({ text }) => RELATIONS.has(text.toLowerCase())) + 1;
  const said = words.slice(from);
  return (
    family === 'phrase' &&
    name !== 'mnemonic' &&
    from > 0 &&
    said.length >= 4 &&
    said.every(({ kind, text }) => kind === 'word' || /^\w+$/.test(text)) &&
    !isProse(
      said
        .slice(1)
        .map(({ text }) => text)
        .join(' '),
    )
  );
};

/** `her master password is Grandpas Tractor 1962 Red`: each word begins large, as in no sentence. */
const isTitled = ({ family, isShort, plural }: Named, words: readonly Word[]): boolean => {
  if (family !== 'password' || isShort || plural) return false;
  const relation = words.findIndex(({ text, announces }) => announces || RELATIONS.has(text.toLowerCase()));
  const said = words.slice(relation + 1);
  if (relation === -1 || relation > 5 || said.length < 3 || said.length > 8) return false;
  const numbers = said.filter(({ text }) => /^\d{1,4}$/.test(text)).length;
  const named = said.filter(({ text }) => /^\p{Lu}[\p{Ll}'’]{1,15}$/u.test(text));
  return (
    numbers + named.length === said.length &&
    named.length >= 2 &&
    numbers <= 2 &&
    (numbers > 0 ||
      (said.length >= 4 && words[relation]?.announces !== true && words[relation]?.text !== ':')) &&
    !named.some(({ text }) => isProse(text)) &&
    !SPOKEN_OF.has(said[0]?.text.toLowerCase() ?? '') &&
    !said.some(({ text, after }) => /\d/.test(text) && unitFollows(after))
  );
};

/** `合言葉は「山川」です`. */
const saysInQuotes = ({ family }: Named, rest: string): boolean => {
  if (family !== 'password' && family !== 'phrase') return false;
  const said =
    /^(?:は|:|が|是|为|を)?\s?[「『]([^「」『』\n]{2,20})[」』](?:です|だ|でした|。|$|\n|に(?:設定|変更))/.exec(
      rest,
    )?.[1];
  return said !== undefined && kindOf(said) !== 'none';
};

/** `пароль sneg-i-led`: a compound in another script than the sentence is written in. */
const isForeign = ({ family, name, plural }: Named, { text, kind }: Word): boolean =>
  (family === 'password' || family === 'phrase') &&
  !plural &&
  /[^\0-\u024f]/.test(name) &&
  kind === 'word' &&
  /^[a-z]+(?:[-_.][a-z]+){2,}$/i.test(text);

/** `user admin, password sunshine`. */
const isWithUser = (text: string, { family, at, isShort, plural }: Named, first: Word): boolean =>
  (family === 'password' || family === 'phrase') &&
  !plural &&
  !isShort &&
  first.kind === 'word' &&
  first.isLast &&
  /^[!-~]{4,}$/.test(first.text) &&
  !isProse(first.text) &&
  WITH_USER.test(text.slice(Math.max(0, at - 60), at));

const WITH_USER =
  /\b(?:user(?:name)?|login|account|usuario|usuário|benutzer|utilisateur|utente)[:= ]{1,3}\S{2,40}[,;/ ]{1,3}(?:(?:and|with|und|mit|et|y|e)\s)?$/i;

/** `auth=('bob', 'hunter22')`, `login("bob", "hunter22")`. */
const PAIR = /^\s{0,3}[=:(]\s{0,3}[([{]?\s{0,3}["'][^"'\n]{1,60}["']\s{0,3},\s{0,3}["']([^"'\n]{4,64})["']/;

const isPair = (rest: string): boolean => {
  const value = PAIR.exec(rest)?.[1] ?? '';
  return kindOf(value) === 'value' && /\d/.test(value) && !/\s/.test(value) && !isTechnical(value);
};

/** `admin / hunter2`, `deploy:9fKq27xz`. */
const holdsPair = (line: string): boolean => {
  for (const [, name = '', value = ''] of line.matchAll(
    /([\w.@-]{1,40})(?:[:|]| ?[/|,] )["'`]?([^\s"'`]{4,64})/g,
  )) {
    const core = value.replace(/[,;.)]+$/, '');
    if (
      kindOf(core) === 'value' &&
      /\d/.test(core) &&
      !isTechnical(core) &&
      !isCode(core) &&
      !/^https?$/.test(name)
    )
      return true;
  }
  return false;
};

const AS: ReadonlySet<string> = new Set(
  'is was as for als ist comme est como es é come è как это'.split(' '),
);
const BEFORE_CJK = /(?:が|は|を|是|이|가|을|를)[^\s!-~]{0,8}$/u;

/** `use Xk93-pPq2 as the password`, `hunter2 がパスワード`. */
export const isSaidBefore = (text: string, { family, at, end, name, isShort }: Named): boolean => {
  const isCjk = IS_CJK.test(name);
  if (!['password', 'phrase', 'pin', 'key', 'token'].includes(family)) return false;
  if (isShort || /^\s?[=:(]/.test(text.slice(end, end + 2))) return false;
  const before = text.slice(Math.max(0, at - 90), at);
  const words = before.split(/\s+/).filter((word) => word !== '');
  const as = words.findLastIndex((word) => AS.has(word.toLowerCase()));
  const told = as >= words.length - 4 ? words[as - 1] : undefined;
  const toldCjk =
    isCjk && BEFORE_CJK.test(before) ? /[!-~]{6,64}(?=\s?[^!-~]{1,12}$)/.exec(before)?.[0] : undefined;
  const core = (told ?? toldCjk)?.replaceAll(/^["'`“„«([]+|["'`”“»,;:)\]]+$/g, '') ?? '';
  if (core.length < 4) return false;
  if (namesItself(core.replace(/\d+$/, ''))) return false;
  if (family === 'pin') return /^\d{4,8}$/.test(core);
  if (kindOf(core) !== 'value' || isCode(core) || isTechnical(core)) return false;
  return isStrong(core) || /^[a-z]{3,}\d{2,}!?$/i.test(core) || /^\w+[!#$%^&*]$/.test(core);
};
