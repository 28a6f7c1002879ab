/**
 * Finds markers in a text that comes in pieces: those of markup-table.ts by their letters, and control tokens and tags of
 * thoughts by their form, since each new model brings names of its own. Pure.
 */
import { CALL_TOKEN, MARKERS, type Marker, RESERVED } from './markup-table.ts';
import { THINK_NAME } from './thought-table.ts';

export interface Found {
  at: number;
  /** As it stands in the text. */
  text: string;
  /** As markup-table.ts writes it: tags in small letters and without attributes. */
  name: string;
  marker: Marker;
}

/** `<|name|>` and `<｜name｜>`, and tokens that tokenizers keep free. */
const TOKEN =
  /<\|\/?[A-Za-z][\w/.:-]{0,47}\|>|<｜[^\s<>｜]{1,47}｜>|<(?:unused|reserved_|extra_id_)\d{1,6}>|\[UNUSED_TOKEN_\d{1,6}\]/y;
/** Tags, in letters of any size, with attributes; not those that close themselves. */
const TAG = /<(\/?)([A-Za-z][\w:-]{0,55})(?:\s[^<>\n]{0,63}(?<!\/))?>/y;
/** What may become one of these. */
const BEGUN =
  /^(?:<(?:\|(?:\/?(?:[A-Za-z][\w/.:-]{0,47}\|?)?)?|｜(?:[^\s<>｜]{1,47}｜?)?|(?:unused|reserved_|extra_id_)\d{0,6}|\/?(?:[A-Za-z][\w:-]{0,55}(?:\s[^<>\n]{0,63})?)?)?|\[UNUSED_TOKEN_\d{0,6})$/;
/** Their first two letters, as far as there are two. */
const FORM_PAIRS = /^(?:<[|｜/A-Za-z]|\[U|.$)/;
const LONGEST_FORM = 130;
const LONGEST = Math.max(LONGEST_FORM, ...[...MARKERS.keys()].map((text) => text.length));

/** The first marker in the text; of two that begin there, the longer one. */
export const nextMarker = (text: string): Found | undefined => {
  for (let at = 0; at < text.length; at += 1) {
    if (!BEGINNINGS.has(text[at] ?? '')) continue;
    const found = markerAt(text, at);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Where an ending begins that may become a marker; the text's length where none does. */
export const beginOfMarker = (text: string): number => {
  for (let at = Math.max(0, text.length - LONGEST); at < text.length; at += 1) {
    if (!BEGINNINGS.has(text[at] ?? '')) continue;
    if (walk(text, at).toEnd || mayBecome(text, at)) return at;
  }
  return text.length;
};

const mayBecome = (text: string, at: number): boolean => {
  if (text.length - at > LONGEST_FORM || !FORM_PAIRS.test(text.slice(at, at + 2))) return false;
  const ending = text.slice(at);
  if (!BEGUN.test(ending)) return false;
  // Of tags only those that may be of thoughts: other ones have attributes without end.
  const [, name, space] = /^<\/?([A-Za-z][\w:-]*)(\s)?/.exec(ending) ?? [];
  return name === undefined || space === undefined || isThoughtTag(`<${name.toLowerCase()}>`);
};

/** Goes along the letters of the table's markers; `toEnd`: the text ends where one may go on. */
const walk = (text: string, at: number): { longest: number; toEnd: boolean } => {
  let node: Node | undefined = TREE;
  let longest = 0;
  for (let length = 0; ; length += 1) {
    if (node.isMarker) longest = length;
    if (at + length === text.length) return { longest, toEnd: node.next.size > 0 };
    node = node.next.get(text[at + length] ?? '');
    if (node === undefined) return { longest, toEnd: false };
  }
};

const markerAt = (text: string, at: number): Found | undefined => {
  const { longest } = walk(text, at);
  if (longest === 0) return formAt(text, at);
  const name = text.slice(at, at + longest);
  return { at, text: name, name, marker: MARKERS.get(name) ?? 'token' };
};

const formAt = (text: string, at: number): Found | undefined => {
  if (!FORM_PAIRS.test(text.slice(at, at + 2))) return undefined;
  TOKEN.lastIndex = at;
  const token = TOKEN.exec(text)?.[0];
  if (token !== undefined) {
    const isPart = !RESERVED.test(token) && CALL_TOKEN.test(token);
    return isPart ? undefined : { at, text: token, name: token, marker: 'token' };
  }
  TAG.lastIndex = at;
  const [tag, slash = '', word = ''] = TAG.exec(text) ?? [];
  if (tag === undefined) return undefined;
  const name = `<${slash}${word.toLowerCase()}>`;
  return isThoughtTag(name) ? { at, text: tag, name, marker: slash === '' ? 'open' : 'close' } : undefined;
};

/** Whether a tag is one of thoughts, by the table or by its name. */
const isThoughtTag = (tag: string): boolean => {
  const word = tag.replaceAll(/[</>]/g, '');
  return THINK_NAME.test(word) || THOUGHT_TAGS.has(word);
};

const THOUGHT_TAGS = new Set(
  [...MARKERS]
    .filter(([text, marker]) => marker === 'open' && /^<[a-z_]+>$/.test(text))
    .map(([text]) => text.slice(1, -1))
    .filter((word) => /think|thought|reason|scratch/.test(word)),
);
const BEGINNINGS = new Set(['<', '[', ...[...MARKERS.keys()].map((text) => text[0] ?? '')]);

interface Node {
  isMarker: boolean;
  next: Map<string, Node>;
}

const treeOf = (texts: Iterable<string>): Node => {
  const root: Node = { isMarker: false, next: new Map() };
  for (const text of texts) {
    let node = root;
    // By the units of UTF-16, as the text is read.
    for (let at = 0; at < text.length; at += 1) {
      const letter = text[at] ?? '';
      const next: Node = node.next.get(letter) ?? { isMarker: false, next: new Map() };
      node.next.set(letter, next);
      node = next;
    }
    node.isMarker = true;
  }
  return root;
};

const TREE = treeOf(MARKERS.keys());
