/** A sentence about a secret, word by word. Pure. */
import { type Kind, kindOf } from '../values/secret-values.ts';

const CJK = '\\u3001-\\u9fff\\uac00-\\ud7af';
const WORDS = new RegExp(`[${CJK}]+|[^\\s${CJK}]+`, 'g');
export const IS_CJK = new RegExp(`^[${CJK}]`);

export interface Word {
  text: string;
  kind: Kind;
  quoted: boolean;
  /** A colon comes after it, as after the name of what the sentence is about. */
  announces: boolean;
  isLast: boolean;
  /** What follows, with its space. */
  after: string;
}

const EDGES = /^["'`“”„«»*_(:]+|["'`“”„«»*_,;:!?.)]+$/g;

export const wordsOf = (sentence: string, rest: string): Word[] =>
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
