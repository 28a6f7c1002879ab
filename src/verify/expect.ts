/** --expect: files that must be there, made by the task, with something in them, when it is done. */
import { dirname, matchesGlob, relative, resolve } from 'node:path';
import { type ErrorInfo, errorInfo } from '../errors.ts';
import { NameRefused, walk } from '../names/walk.ts';
import { action, field, say } from '../say/say.ts';
import { isWithin } from '../text/is-within.ts';
import { writtenOut } from '../text/written-out.ts';
import { type ExpectedBefore, isAsBefore } from './expected-before.ts';

export interface Expectation {
  patterns: readonly string[];
  /** Absolute; patterns are relative to it. */
  cwd: string;
  /** Where the candidate will be published (--output), or undefined; it counts as if it lay there. */
  output: string | undefined;
  /** The same folder as `output` is named by; left out: as it is. */
  asked?: string | undefined;
  /** Nobody waits for the answer any more. */
  signal?: AbortSignal | undefined;
  /** Of `expectedPlaces` before the run; left out: as they are now. */
  places?: readonly string[] | undefined;
  /** What was there before the task's work; a file that is as it was then is none of it. Left out: any file counts. */
  before?: ExpectedBefore | undefined;
}

/**
 * Where expected files may lie: below the folder of the work, and wherever a pattern led before the run by what is
 * written out in it, also through links of the user. A link that the run made leads nowhere.
 */
export const expectedPlaces = (patterns: readonly string[], cwd: string): string[] =>
  [cwd, ...patterns.map((pattern) => resolve(cwd, writtenOut(pattern)))].flatMap((path) => {
    const end = endOf(path);
    return end === undefined ? [] : [end];
  });

/** null when each pattern has a regular file that is not empty; a candidate is known not to be empty. */
export const missingExpected = async (expectation: Expectation): Promise<ErrorInfo | null> => {
  const { patterns, cwd, output, asked = cwd, signal, before } = expectation;
  const { places = expectedPlaces(patterns, cwd) } = expectation;
  const problems: string[] = [];
  let isOld = false;
  for (const pattern of patterns) {
    if (output !== undefined && fits(resolve(asked, output), pattern, asked)) continue;
    const found = await bestOf(pattern, cwd, { places, signal, before });
    if (found === 'good') continue;
    isOld ||= found === UNCHANGED;
    problems.push(found === 'missing' ? `there is no ${pattern}` : `${pattern} ${found}`);
  }
  if (problems.length === 0) return null;
  const message = `Expected files: ${problems.join('; ')}.`;
  return isOld ? errorInfo('expected_missing', message, OLD_HINT) : errorInfo('expected_missing', message);
};

/** A name that is no pattern is itself, brackets and all; and so are those of the folder that patterns are seen from. */
const fits = (path: string, pattern: string, cwd: string): boolean => {
  if (path === resolve(cwd, pattern)) return true;
  const [name, wanted] = pattern.startsWith('/')
    ? [path, pattern]
    : [relative(cwd, path), relative(cwd, resolve(cwd, pattern))];
  return matchesGlob(name, wanted) || matchesGlob(name, wanted.replaceAll(/[[({]/g, '[$&]'));
};

/** Absolute paths of the files that patterns name. */
export const expectedFiles = async (patterns: readonly string[], cwd: string): Promise<string[]> => {
  const { findFiles } = await import('../names/find-files.ts');
  const files = new Set<string>();
  for (const pattern of patterns) {
    const itself = resolve(cwd, pattern);
    if ((await judged(itself, { places: [cwd], before: undefined })) === 'good') files.add(itself);
    else for await (const { path } of findFiles(pattern, cwd)) files.add(path);
  }
  return [...files];
};

type Judgement = 'good' | 'missing' | (typeof PROBLEMS)[number];

const UNCHANGED = 'was there before and did not change';
const ODD = 'fits a name that is not UTF-8, which nobody could be told';
const LEADS_OUT = 'is a link that leads out of the folder';
const PROBLEMS = ['is empty', 'is not a file', LEADS_OUT, ODD, UNCHANGED] as const;
const OLD_HINT = say`The work has to make it, or write it anew. Where it may stay as it was: ${field('expect_existing')}; else look at ${action('logs')}, then ${action('retry')}.`;

/** `good` where one of the files that fit is; else what is to be said of the last one. */
const bestOf = async (
  pattern: string,
  cwd: string,
  { signal, ...known }: Pick<Expectation, 'signal' | 'before'> & { places: readonly string[] },
): Promise<Judgement> => {
  let found = await judged(resolve(cwd, pattern), known);
  if (found === 'good') return found;
  const { findFiles } = await import('../names/find-files.ts');
  // What lies elsewhere is none of it; of a link to there it is said that it leads out.
  const within = (path: string): boolean =>
    [path, dirname(path)].map(endOf).some((end) => end !== undefined && isIn(known.places, end));
  for await (const { path, odd } of findFiles(pattern, cwd, within)) {
    signal?.throwIfAborted();
    const each = odd ? ODD : await judged(path, known);
    if (each === 'good') return each;
    if (each !== 'missing') found = each;
  }
  return found;
};

const isIn = (places: readonly string[], end: string): boolean =>
  places.some((place) => isWithin(end, place));

const judged = async (
  path: string,
  { places, before }: Pick<Expectation, 'before'> & { places: readonly string[] },
): Promise<Judgement> => {
  try {
    const { end, facts } = walk(path);
    if (facts === undefined) return 'missing';
    if (!isIn(places, end)) return LEADS_OUT;
    if (!facts.isFile()) return 'is not a file';
    if (facts.size === 0) return 'is empty';
    return before !== undefined && (await isAsBefore(before, path, { end, facts })) ? UNCHANGED : 'good';
  } catch (error) {
    if (error instanceof NameRefused) return 'missing';
    throw error;
  }
};

const endOf = (path: string): string | undefined => {
  try {
    return walk(path).end;
  } catch (error) {
    if (error instanceof NameRefused) return undefined;
    throw error;
  }
};
