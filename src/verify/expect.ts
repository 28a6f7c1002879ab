/** --expect: files that must be there, with something in them, when the task is done. */
import { glob, stat } from 'node:fs/promises';
import { matchesGlob, resolve } from 'node:path';
import { type ErrorInfo, errorInfo } from '../errors.ts';

export interface Expectation {
  patterns: readonly string[];
  /** Absolute; patterns are relative to it. */
  cwd: string;
  /** Where the candidate will be published (--output), or undefined; it counts as if it lay there. */
  output: string | undefined;
  /** Nobody waits for the answer any more. */
  signal?: AbortSignal;
}

/** null when each pattern has a regular file that is not empty; a candidate is known not to be empty. */
export const missingExpected = async ({
  patterns,
  cwd,
  output,
  signal,
}: Expectation): Promise<ErrorInfo | null> => {
  const problems: string[] = [];
  for (const pattern of patterns) {
    if (output !== undefined && matchesGlob(resolve(cwd, output), resolve(cwd, pattern))) continue;
    const problem = await problemWith(pattern, cwd, signal);
    if (problem !== null) problems.push(problem);
  }
  if (problems.length === 0) return null;
  return errorInfo('expected_missing', `Expected files: ${problems.join('; ')}.`);
};

/** An existing file may be named by a path that is no pattern, brackets and all. */
const problemWith = async (pattern: string, cwd: string, signal?: AbortSignal): Promise<string | null> => {
  const literal = await judge(resolve(cwd, pattern));
  if (literal === 'good') return null;
  let found = literal;
  for await (const path of glob(pattern, { cwd })) {
    signal?.throwIfAborted();
    const each = await judge(resolve(cwd, path));
    if (each === 'good') return null;
    if (each !== 'missing') found = each;
  }
  return found === 'missing' ? `there is no ${pattern}` : `${pattern} is ${found}`;
};

const judge = async (path: string): Promise<'good' | 'empty' | 'not a file' | 'missing'> => {
  try {
    const found = await stat(path);
    if (!found.isFile()) return 'not a file';
    return found.size > 0 ? 'good' : 'empty';
  } catch {
    return 'missing';
  }
};
