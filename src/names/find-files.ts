/** Files by pattern. A name that exists is itself, brackets and all, and so is each folder that is written in a pattern. */
import { lstatSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isWithin } from '../text/is-within.ts';
import { writtenOut } from '../text/written-out.ts';

/** In a name that cannot be decoded; whether a name has it for its own is told by whether it exists. */
const ODD = '\uFFFD';

export interface Found {
  /** Absolute. */
  path: string;
  /** Its name is not UTF-8: it cannot be named by text, and neither can what lies in it. */
  odd: boolean;
}

/**
 * What fits `pattern` below `cwd`, each once; folders too. Links to folders are entered only where they are written out.
 * `within`: a border. What it refuses is neither entered nor told, by whatever way a pattern leads there (`[.][.]` goes up).
 */
export async function* findFiles(
  pattern: string,
  cwd: string,
  within: (path: string) => boolean = () => true,
): AsyncGenerator<Found> {
  const seen = new Set<string>();
  const start = resolve(cwd, writtenOut(pattern));
  for (const each of patternsFor(pattern)) {
    const folders: string[] = [];
    const exclude = (entry: { parentPath: string; name: string }): boolean => {
      // Those on the way to where the pattern begins, too: with a parent that is seen from `cwd`.
      const path = resolve(cwd, entry.parentPath, entry.name);
      if (!within(path) && !isWithin(start, path)) return true;
      if (entry.name.includes(ODD)) folders.push(path);
      return false;
    };
    for await (const entry of glob(each, { cwd, withFileTypes: true, exclude })) {
      const path = resolve(entry.parentPath, entry.name);
      if (seen.has(path) || !within(path)) continue;
      seen.add(path);
      yield { path, odd: isOdd(path) };
    }
    // What lies in a folder that cannot be named is not found, and nothing says so.
    for (const path of [...folders, ...(await oddOnTheWay(each, cwd))]) {
      if (seen.has(path) || !within(path) || !isOdd(path)) continue;
      seen.add(path);
      yield { path, odd: true };
    }
  }
}

/** As it is written, and with brackets, braces and parentheses for themselves. */
const patternsFor = (pattern: string): string[] => {
  const literal = pattern.replaceAll(/[[({]/g, '[$&]');
  return literal === pattern ? [pattern] : [pattern, literal];
};

const oddOnTheWay = async (pattern: string, cwd: string): Promise<string[]> => {
  const parts = pattern.split('/');
  const found: string[] = [];
  for (let length = 1; length < parts.length; length += 1) {
    if (!/[*?[]/.test(parts[length - 1] ?? '') || parts[length - 1] === '**') continue;
    for await (const name of glob(parts.slice(0, length).join('/'), { cwd })) {
      if (name.includes(ODD)) found.push(resolve(cwd, name));
    }
  }
  return found;
};

const isOdd = (path: string): boolean => {
  if (!path.includes(ODD)) return false;
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return true;
  }
};
