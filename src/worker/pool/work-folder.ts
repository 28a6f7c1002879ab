/** What tasks that change files would trample each other in: the git work tree around a folder, else the folder. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../process/clock.ts';

const known = new Map<string, { root: string; untilMs: number }>();
/** A folder may become a repository; each claim looks at many tasks of few folders. */
const HOLDS_MS = 1000;
const MOST_KNOWN = 1000;

/** Absolute and real. Git itself is not asked: this comes before each claim. */
export const workFolder = (cwd: string): string => {
  const before = known.get(cwd);
  if (before !== undefined && systemClock.steadyMs() < before.untilMs) return before.root;
  if (known.size >= MOST_KNOWN) known.clear();
  const root = lookUp(cwd);
  known.set(cwd, { root, untilMs: systemClock.steadyMs() + HOLDS_MS });
  return root;
};

const lookUp = (cwd: string): string => {
  const start = realOf(cwd);
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return start;
  }
};

const realOf = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};
