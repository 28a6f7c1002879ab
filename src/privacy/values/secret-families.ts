/**
 * Secrets that have a name beside them: pass(word|wd|phrase|code), pwd, pw, psk, pin, keys, tokens, credentials, in the
 * languages of secret-names.ts. How much must speak for a value depends on where it stands: after `PASSWORD=` any word
 * is one; in a sentence it must look like one, or be said to be one. Each look goes a bounded way from the name.
 */

import { isSaidBefore } from '../said/said-before.ts';
import { isSaid } from '../said/said-value.ts';
import { bareName } from '../secret-hints.ts';
import {
  FAMILY_OF_WORD,
  type Family,
  NAMES,
  type Named,
  NEUTRAL_TAIL,
  OTHER_THING,
} from '../words/secret-names.ts';
import { isAfterName } from './named-value.ts';
import { isInColumn } from './secret-columns.ts';
import { subwords } from './secret-values.ts';

/** The first name of these families that has a value beside it, as the text has it. */
export const findNamedSecret = (text: string, words: readonly string[]): string | undefined => {
  const families = new Set(words.flatMap((word) => FAMILY_OF_WORD[bareName(word)] ?? []));
  if (families.size === 0) return undefined;
  const foreign = /[^\0-\x7f]/.test(text);
  for (const pattern of foreign ? [ascii(text), other()] : [ascii(text)]) {
    for (const { index, name, next } of withNext(text.matchAll(pattern))) {
      const named = nameAt(text, index, name, next);
      if (named === undefined || !families.has(named.family)) continue;
      if (
        isAfterName(text, named) ||
        isSaid(text, named) ||
        isSaidBefore(text, named) ||
        isInColumn(text, named)
      ) {
        return named.name.replaceAll(/\s+/g, ' ').toLowerCase();
      }
    }
  }
  return undefined;
};

/** Each name with the place of the next one, if that is the same: what lies beyond is that one's. */
function* withNext(
  found: Iterable<RegExpExecArray>,
): Generator<{ index: number; name: string; next: number }> {
  let last: RegExpExecArray | undefined;
  for (const each of found) {
    if (last !== undefined) {
      const isSame = last[0].toLowerCase() === each[0].toLowerCase();
      yield { index: last.index, name: last[0], next: isSame ? each.index : Number.POSITIVE_INFINITY };
    }
    last = each;
  }
  if (last !== undefined) yield { index: last.index, name: last[0], next: Number.POSITIVE_INFINITY };
}

const FAMILIES: ReadonlyMap<string, Family> = new Map(
  (Object.entries(NAMES) as [Family, readonly string[]][]).flatMap(([family, names]) =>
    names.map((name): [string, Family] => [bareName(name), family]),
  ),
);

/** Names by their letters: what they share is looked at once. */
interface Branch {
  next: Map<string, Branch>;
  ends: boolean;
}

/** The longest comes first: `api key` is no `key`. */
const patternOf = (names: readonly string[]): RegExp => {
  const root: Branch = { next: new Map(), ends: false };
  for (const name of names) {
    let branch = root;
    for (const letter of name.toLowerCase()) {
      const next = branch.next.get(letter) ?? { next: new Map(), ends: false };
      branch.next.set(letter, next);
      branch = next;
    }
    branch.ends = true;
  }
  return new RegExp(sourceOf(root), 'gi');
};

const sourceOf = ({ next, ends }: Branch): string => {
  const ways = [...next].map(([letter, branch]) => (LETTERS[letter] ?? letter) + sourceOf(branch));
  if (ways.length === 0) return '';
  return ways.length === 1 && !ends ? (ways[0] ?? '') : `(?:${ways.join('|')})${ends ? '?' : ''}`;
};
const LETTERS: Readonly<Record<string, string>> = { ' ': '[\\s_.-]?', "'": "['’]", '’': "['’]" };

const isAsciiName = (name: string): boolean => !/[^\0-\x7f]/.test(name);
const all = Object.values(NAMES).flat();
let asciiPattern: RegExp | undefined;
let otherPattern: RegExp | undefined;
/** A pattern of all names takes longer to compile than a short text takes to be looked through: there only those that may fit. */
const ascii = (text: string): RegExp => {
  if (text.length > SHORT_LETTERS) return (asciiPattern ??= patternOf(all.filter(isAsciiName)));
  const folded = text.toLowerCase();
  const fitting = all.filter((name) => isAsciiName(name) && folded.includes(firstOf(name)));
  return fitting.length === 0 ? NOTHING : patternOf(fitting);
};
const SHORT_LETTERS = 4000;
const NOTHING = /(?!)/g;

/** Its letters up to where another sign may stand. */
const firstOf = (name: string): string => name.toLowerCase().split(/[ '’]/)[0] ?? '';
const other = (): RegExp => (otherPattern ??= patternOf(all.filter((name) => !isAsciiName(name))));

const nameAt = (text: string, at: number, found: string, next: number): Named | undefined => {
  const family = FAMILIES.get(bareName(found));
  if (family === undefined) return undefined;
  const end = at + found.length;
  if (!beginsName(text, at) || !endsName(text, end)) return undefined;
  // A plural, and what a name goes on with.
  const [tail = ''] =
    text.slice(end, end + 64).match(/^(?:s(?![\p{Ll}]))?(?:[\p{L}\p{N}_]|-(?=[\p{L}\p{N}]))*/u) ?? [];
  const isCjk = /[\u3000-\u9fff\uac00-\ud7af]$/.test(found);
  if (!isCjk) {
    const rest = subwords(tail).filter((part) => part !== 's' && !/^\d+$/.test(part));
    if (
      /[\p{L}\p{N}_]/u.test(tail[0] ?? '') &&
      !/^(?:s(?![a-z])|[_A-Z\d])/.test(tail) &&
      !/^[ёйеуюяиа]?м?х?$/.test(tail)
    )
      return undefined;
    if (rest.some((part) => !NEUTRAL_TAIL.has(part))) return undefined;
  }
  const before = text.slice(Math.max(0, at - 40), at);
  if (isOther(before, family) || /\barn:[\w:-]*:$/.test(before)) return undefined;
  // Three letters that are also a verb, an abbreviation, a command.
  if (/^(?:tan|pat)$/i.test(found) && found !== found.toUpperCase()) return undefined;
  // `PASSE=x` is one, `je passe` is not.
  if (/^passe$/i.test(found) && (isCalledSo(before) || !/^\s?[:=]/.test(text.slice(end, end + 2))))
    return undefined;
  const plural = /^s(?![a-z])/.test(tail) || (family === 'token' && /s$/i.test(found));
  return {
    family,
    name: found,
    at,
    end: isCjk ? end : end + tail.length,
    next,
    isWithin: !isCjk && /[\p{L}\p{N}_]$/u.test(before),
    plural,
    leads: /(?:^|\n)[\s>*-]*$/.test(before),
    isShort: !isCjk && found.length <= 4 && !/^(?:mdp|пин)$/i.test(found),
  };
};

const isCalledSo = (before: string): boolean => /\p{Ll}[ \t]$/u.test(before);

/** A name that begins with another word: `max_tokens`, `public_key`, `unexpected token`. */
const isOther = (before: string, family: Family): boolean => {
  const part = subwords(before.match(/[\p{L}\p{N}]+[\s_.-]?$/u)?.[0] ?? '').at(-1) ?? '';
  if (family === 'any key') return !/[\p{L}\p{N}][_-]?$/u.test(before) || OTHER_THING.has(part);
  return OTHER_THING.has(part) && !(family === 'password' && part === 'primary');
};

const beginsName = (text: string, at: number): boolean => {
  const before = text[at - 1] ?? ' ';
  const first = text[at] ?? ' ';
  if (/[\u3000-\u9fff\uac00-\ud7af]/.test(first)) return true;
  if (!/\p{L}/u.test(before) || /[\u3000-\u9fff\uac00-\ud7af]/.test(before)) return true;
  return /\p{Ll}/u.test(before) && /\p{Lu}/u.test(first);
};

/** Before what is no letter, in the middle of passwordHash, and before an s: false alarms are cheap. */
const endsName = (text: string, end: number): boolean => {
  const last = text[end - 1] ?? ' ';
  const next = text[end] ?? ' ';
  if (
    !/\p{L}/u.test(next) ||
    /[\u3000-\u9fff\uac00-\ud7af]/.test(next) ||
    /[\u3000-\u9fff\uac00-\ud7af]/.test(last)
  )
    return true;
  if (/\p{Ll}/u.test(last) && /\p{Lu}/u.test(next)) return true;
  return /s/i.test(next) && !/\p{L}/u.test(text[end + 1] ?? ' ');
};
