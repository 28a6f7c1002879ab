/**
 * Whether an answer holds code: for a runner that cannot write files, the only evidence that a code task
 * was done. Pure, and read once, line by line: what a model wrote must not be able to make this take long.
 */
import { linesIn } from '../text/scan.ts';

/** A fenced block that is not empty, or a patch. */
export const holdsCode = (text: string): boolean => {
  let fence: string | null = null;
  let hasContent = false;
  /** How many of the three lines that begin a unified diff stand directly above. */
  let diffLines = 0;
  for (const line of linesIn(text)) {
    if (isGitDiff(line) || line.trimEnd() === '*** Begin Patch') return true;
    diffLines = diffLinesWith(line, diffLines);
    if (diffLines === 3) return true;
    const mark = fenceOf(line);
    if (fence === null) {
      if (mark === undefined) continue;
      fence = mark;
      hasContent = false;
    } else if (mark === fence && line.trimEnd() === line[0]?.repeat(fenceLength(line))) {
      if (hasContent) return true;
      fence = null;
    } else if (!hasContent) hasContent = line.trim() !== '';
  }
  return false;
};

const isGitDiff = (line: string): boolean =>
  line.startsWith('diff --git ') && line.length > 'diff --git '.length;

const diffLinesWith = (line: string, before: number): number => {
  if (before === 1 && line.startsWith('+++ ') && line.length > 4) return 2;
  if (before === 2 && line.startsWith('@@ ') && line.indexOf('@@', 4) !== -1) return 3;
  return line.startsWith('--- ') && line.length > 4 ? 1 : 0;
};

/** The letter of the fence that a line begins with; undefined: it begins with none. */
const fenceOf = (line: string): string | undefined =>
  line.startsWith('```') || line.startsWith('~~~') ? line[0] : undefined;

const fenceLength = (line: string): number => {
  let length = 0;
  while (line[length] === line[0]) length += 1;
  return length;
};
