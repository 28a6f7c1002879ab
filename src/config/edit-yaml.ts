/** Edits the text of a YAML file, leaving every character that is not meant as it is. */
import { type Document, isNode, isScalar, isSeq, parseDocument, stringify, visit } from 'yaml';

export interface Filling {
  /** New values by dotted key. Each key has to stand in the template. */
  values: Readonly<Record<string, string | boolean | readonly string[]>>;
  /** Dotted keys whose lines become comments. */
  off: readonly string[];
  /** A line each that the template lacks, right before a key of the same group. */
  added?: { before: string; lines: readonly AddedLine[] };
}

interface AddedLine {
  name: string;
  value: Readonly<Record<string, string>>;
  /** Else it is a comment. */
  on: boolean;
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Throws where the template lacks one of the keys. */
export const fillTemplate = (template: string, { values, off, added }: Filling): string => {
  const document = parseDocument(template);
  const commented = off.map((key) => commentOut(document, template, key));
  const filled = Object.entries(values).map(([key, value]) => {
    const isList = Array.isArray(value);
    const place = isList ? listAt(document, key) : scalarAt(document, key);
    if (!place) throw new Error(`the template has no value at ${key}`);
    const style = isList ? { collectionStyle: 'flow' as const, flowCollectionPadding: false } : {};
    return { ...place, text: stringify(value, { lineWidth: 0, ...style }).trim() };
  });
  const outside = ({ start }: Edit) => !commented.some((lines) => lines.start <= start && start < lines.end);
  const lines = added === undefined ? [] : [linesBefore(document, template, added)];
  return apply(template, [...commented, ...filled.filter(outside), ...lines]);
};

/** The text with another scalar, written as YAML, at a key; undefined where no scalar stands there. */
export const replaceScalar = (
  document: Document,
  text: string,
  key: string,
  written: string,
): string | undefined => {
  const place = scalarAt(document, key);
  return place && apply(text, [{ ...place, text: written }]);
};

const listAt = (document: Document, key: string): { start: number; end: number } | undefined => {
  const node = document.getIn(key.split('.'), true);
  return isSeq(node) && node.flow === true && node.range
    ? { start: node.range[0], end: node.range[1] }
    : undefined;
};

const scalarAt = (document: Document, key: string): { start: number; end: number } | undefined => {
  const node = document.getIn(key.split('.'), true);
  if (!isScalar(node) || !node.range || node.range[0] === node.range[1]) return undefined;
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  return isBlock || node.anchor ? undefined : { start: node.range[0], end: node.range[1] };
};

/** From the end to the start, so that an edit does not move those still to come. */
const apply = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((edited, { start, end, text: put }) => edited.slice(0, start) + put + edited.slice(end), text);

const linesBefore = (
  document: Document,
  template: string,
  { before, lines }: NonNullable<Filling['added']>,
): Edit => {
  const { start, indent } = lineOf(document, template, before);
  const text = lines.map(({ name, value, on }) => {
    const written = stringify(value, { lineWidth: 0, collectionStyle: 'flow' }).trim();
    return `${indent}${on ? '' : '# '}${name}: ${written}\n`;
  });
  return { start, end: start, text: text.join('') };
};

const commentOut = (document: Document, template: string, key: string): Edit => {
  const { start, end, indent } = lineOf(document, template, key);
  const lines = template.slice(start, end).trimEnd();
  const text = lines.replace(new RegExp(`^${indent}`, 'gm'), `${indent}# `);
  return { start, end: start + lines.length, text };
};

interface Lines {
  start: number;
  end: number;
  indent: string;
}

/** Where the lines of a key and its value begin and end. */
const lineOf = (document: Document, template: string, key: string): Lines => {
  const path = key.split('.');
  const last = path.at(-1);
  const group = document.getIn(path.slice(0, -1), true) ?? document.contents;
  let found: Lines | undefined;
  if (isNode(group)) {
    visit(group, {
      Pair: (_, pair) => {
        if (!isScalar(pair.key) || pair.key.value !== last || !pair.key.range) return visit.SKIP;
        const start = template.lastIndexOf('\n', pair.key.range[0]) + 1;
        const end = isNode(pair.value) && pair.value.range ? pair.value.range[2] : pair.key.range[1];
        found = { start, end, indent: ' '.repeat(pair.key.range[0] - start) };
        return visit.BREAK;
      },
    });
  }
  if (!found) throw new Error(`the template has no ${key}`);
  return found;
};
