/** The value that a sentence tells: `the password for the shop is hunter2`, `パスワードは hunter2 です`. Pure. */
import type { Named } from '../words/secret-names.ts';
import { SPOKEN_OF } from '../words/secret-names.ts';
import { holdsPair, isPair, PAIR } from './login-pairs.ts';
import { IS_CJK, wordsOf } from './said-words.ts';
import { isForeign, isPhrase, isTitled, isWithUser, saysInQuotes } from './told-phrase.ts';
import { CHANGED, isToldBy } from './told-word.ts';

/** How far a sentence is followed. */
const REACH = 100;

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
