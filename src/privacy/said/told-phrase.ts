/** Values in a sentence that are known by their place or form, and not by the word before them. Pure. */

import { kindOf } from '../values/secret-values.ts';
import type { Named } from '../words/secret-names.ts';
import { SPOKEN_OF } from '../words/secret-names.ts';
import { isProse, RELATIONS, unitFollows } from '../words/sentence-words.ts';
import type { Word } from './said-words.ts';

/** `the passphrase is correct horse battery staple`. */
export const isPhrase = ({ family, name }: Named, words: readonly Word[]): boolean => {
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
export const isTitled = ({ family, isShort, plural }: Named, words: readonly Word[]): boolean => {
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
export const saysInQuotes = ({ family }: Named, rest: string): boolean => {
  if (family !== 'password' && family !== 'phrase') return false;
  const said =
    /^(?:は|:|が|是|为|を)?\s?[「『]([^「」『』\n]{2,20})[」』](?:です|だ|でした|。|$|\n|に(?:設定|変更))/.exec(
      rest,
    )?.[1];
  return said !== undefined && kindOf(said) !== 'none';
};

/** `пароль sneg-i-led`: a compound in another script than the sentence is written in. */
export const isForeign = ({ family, name, plural }: Named, { text, kind }: Word): boolean =>
  (family === 'password' || family === 'phrase') &&
  !plural &&
  /[^\0-\u024f]/.test(name) &&
  kind === 'word' &&
  /^[a-z]+(?:[-_.][a-z]+){2,}$/i.test(text);

/** `user admin, password sunshine`. */
export const isWithUser = (text: string, { family, at, isShort, plural }: Named, first: Word): boolean =>
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
