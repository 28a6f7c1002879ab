/**
 * Secrets that evidence speaks for: what a value looks like, the words around it and how they are joined to it, each
 * with what it weighs (weights.ts). Looks through a text piece by piece, so that it takes time that grows with the text
 * and memory that does not. Pure.
 */
import { type Candidate, candidatesOf } from './candidates.ts';
import { evidenceOf } from './evidence.ts';
import { KINDS } from './kinds.ts';
import { GROUPS } from './shapes.ts';
import { type Token, tokensOf } from './tokens.ts';
import { WEIGHTS } from './weights.ts';

/** In tenths, as the weights are. */
const THRESHOLD = 0;
/** What people write by hand is shorter; in longer texts a value needs a name (secret-families.ts) or a lock (told-code.ts). */
const LONGEST = 20_000;
const PIECE = 3000;
/** What is read of a piece's neighbours. */
const LEAD = 200;
const TRAIL = 100;

/** `keys`: whether keys and tokens count, too, and not only passwords and codes. */
export const findByEvidence = (text: string, keys: boolean): string | undefined => {
  if (text.length > LONGEST) return undefined;
  const least = THRESHOLD - lengthPoints(text.length);
  for (const { candidate, evidence } of evidenceIn(text))
    if ((keys || !evidence.some((kind) => OF_KEYS.has(kind))) && points(candidate.group, evidence) >= least)
      return NAMES[GROUPS[candidate.group] ?? 'word'];
  return undefined;
};

const OF_KEYS: ReadonlySet<number> = new Set(
  KINDS.flatMap((kind, at) => (/^(?:key|secret) (?:beside|near)$/.test(kind) ? [at] : [])),
);

const NAMES: Readonly<Record<(typeof GROUPS)[number], string>> = {
  number: 'the code of a lock or a login',
  code: 'the code of a lock or a login',
  strong: 'a password by the words around it',
  chosen: 'a password by the words around it',
  word: 'a password by the words around it',
  phrase: 'a secret phrase',
  random: 'a key by the words around it',
};

/** A long text has many numbers: the longer it is, the more must speak for one. */
export const lengthPoints = (length: number): number =>
  -Math.min(MOST_FOR_LENGTH, Math.max(0, Math.log2(length / SHORT)) * PER_DOUBLING);
const SHORT = 2000;
const PER_DOUBLING = 5;
const MOST_FOR_LENGTH = 35;

let weights: Int16Array | undefined;
/** A row has a number for each group after its name. */
const readWeights = (): Int16Array =>
  Int16Array.from(
    WEIGHTS.trim()
      .split(/; |\n/)
      .flatMap((row) => row.split(' ').slice(-GROUPS.length)),
    Number,
  );
const points = (group: number, evidence: readonly number[]): number => {
  weights ??= readWeights();
  let sum = weights[group] ?? 0;
  for (const kind of evidence) sum += weights[(kind + 1) * GROUPS.length + group] ?? 0;
  return sum;
};

/** The candidates of a text, each with its evidence. */
export function* evidenceIn(
  text: string,
): Generator<{ candidate: Candidate; evidence: number[]; tokens: readonly Token[] }> {
  for (let from = 0; from < text.length; ) {
    const to = text.length - from <= PIECE + TRAIL ? text.length : endOfPiece(text, from + PIECE);
    const start = Math.max(0, from - LEAD);
    const tokens = tokensOf(text.slice(start, Math.min(text.length, to + TRAIL)));
    let first = 0;
    while (first < tokens.length && (tokens[first]?.at ?? 0) < from - start) first += 1;
    let last = tokens.length;
    if (to < text.length) while (last > 0 && (tokens[last - 1]?.at ?? 0) >= to - start) last -= 1;
    for (const candidate of candidatesOf(tokens, first, last)) {
      const evidence = evidenceOf(tokens, candidate);
      if (evidence !== undefined) yield { candidate, evidence, tokens };
    }
    from = to;
  }
}

/** At a line's end or a space near, if there is one. */
const endOfPiece = (text: string, to: number): number => {
  const line = text.lastIndexOf('\n', to);
  if (to - line < 1000) return line + 1;
  const space = text.lastIndexOf(' ', to);
  return to - space < 200 ? space + 1 : to;
};
