/** Whether a sentence tells one of its words as the value of what it names. Pure. */

import { isCode, isRandom, isStrong, isTechnical } from '../values/secret-values.ts';
import type { Named } from '../words/secret-names.ts';
import { SPOKEN_OF } from '../words/secret-names.ts';
import { ADVERBS, isProse, RELATIONS, SAYS, unitFollows } from '../words/sentence-words.ts';
import { IS_CJK, type Word } from './said-words.ts';

/** `J'ai changé le mdp en …`, `cambié la contraseña a …`: only then do these small words tell a value. */
export const CHANGED =
  /(?<!\p{L})(?:chang|cambi|troqu|troc|alter|mud|modifi|actuali|atuali)\p{L}*\s[^.!?\n]{0,40}$/iu;
const TO: ReadonlySet<string> = new Set(['en', 'a', 'para', 'in']);

/** Whether the sentence tells the word `at` as the value. */
export const isToldBy = (
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
