/** --expect: files that must be there, with something in them, when the task is done. */
import { matchesGlob, relative, resolve } from 'node:path';
import { type ErrorInfo, errorInfo } from '../errors.ts';
import { isWithin, NameRefused, walk } from '../names/walk.ts';

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

/** What stands before the first part with a wildcard; brackets may be those of a name. */
const writtenOut = (pattern: string): string => {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?]/.test(part));
  return first === -1 ? pattern : `${parts.slice(0, first).join('/')}${first === 0 ? '.' : '/'}`;
};

/** null when each pattern has a regular file that is not empty; a candidate is known not to be empty. */
export const missingExpected = async (expectation: Expectation): Promise<ErrorInfo | null> => {
  const { patterns, cwd, output, asked = cwd, signal, places = expectedPlaces(patterns, cwd) } = expectation;
  const problems: string[] = [];
  for (const pattern of patterns) {
    if (output !== undefined && fits(resolve(asked, output), pattern, asked)) continue;
    const problem = await problemWith(pattern, cwd, { places, signal });
    if (problem !== null) problems.push(problem);
  }
  if (problems.length === 0) return null;
  return errorInfo('expected_missing', `Expected files: ${problems.join('; ')}.`);
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
    if (judge(itself, [cwd]) === 'good') files.add(itself);
    else for await (const { path } of findFiles(pattern, cwd)) files.add(path);
  }
  return [...files];
};

const problemWith = async (
  pattern: string,
  cwd: string,
  { places, signal }: { places: readonly string[]; signal: AbortSignal | undefined },
): Promise<string | null> => {
  let found = judge(resolve(cwd, pattern), places);
  if (found === 'good') return null;
  const { findFiles } = await import('../names/find-files.ts');
  for await (const { path } of findFiles(pattern, cwd)) {
    signal?.throwIfAborted();
    const each = judge(path, places);
    if (each === 'good') return null;
    if (each !== 'missing') found = each;
  }
  return found === 'missing' ? `there is no ${pattern}` : `${pattern} is ${found}`;
};

type Judgement = 'good' | 'empty' | 'not a file' | 'missing' | 'a link that leads out of the folder';

const judge = (path: string, places: readonly string[]): Judgement => {
  try {
    const { end, facts } = walk(path);
    if (facts === undefined) return 'missing';
    if (!places.some((place) => isWithin(place, end))) return 'a link that leads out of the folder';
    if (!facts.isFile()) return 'not a file';
    return facts.size > 0 ? 'good' : 'empty';
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
