/** The code or JSON in an answer. Pure, and linear in the text. */
import type { Extract } from '../task/extract.ts';
import { linesIn, wholeFence } from '../text/scan.ts';

export type Extracted =
  /** The answer is the result as it stands. */
  | { kind: 'same' }
  | { kind: 'taken'; text: string }
  /** It holds so many that could be meant, of which none can be chosen. */
  | { kind: 'unclear'; blocks: number };

export const extract = (text: string, what: Extract): Extracted => {
  const answer = text.trim();
  const whole = wholeFence(answer);
  if (whole !== undefined && !holdsFence(whole.content)) return { kind: 'taken', text: `${whole.content}\n` };
  const bare: Extracted = hasOddEdges(text, answer)
    ? { kind: 'taken', text: `${answer}\n` }
    : { kind: 'same' };
  if (what === 'fence') return bare;
  if (what === 'json' && isJson(answer)) return bare;
  const blocks = blocksIn(answer).filter((block) => what === 'code' || isJson(block));
  const [only] = blocks;
  if (only !== undefined && blocks.length === 1) return { kind: 'taken', text: only };
  // Without any block the answer may be bare code; it is no JSON.
  return what === 'code' && blocks.length === 0 ? bare : { kind: 'unclear', blocks: blocks.length };
};

/** A byte order mark, or white space that is none to whoever reads JSON or code. */
export const hasOddEdges = (text: string, trimmed: string): boolean => {
  const begin = text.indexOf(trimmed);
  return /[^ \t\r\n]/.test(text.slice(0, begin) + text.slice(begin + trimmed.length));
};

const FENCE = /^ {0,3}(`{3,}|~{3,})/;

const holdsFence = (text: string): boolean => {
  for (const line of linesIn(text)) if (FENCE.test(line)) return true;
  return false;
};

/** The contents of the fenced blocks; one that does not end goes to the end. */
const blocksIn = (text: string): string[] => {
  const blocks: string[] = [];
  let open: { fence: string; lines: string[] } | null = null;
  for (const line of linesIn(text)) {
    const fence = FENCE.exec(line)?.[1];
    if (open === null) {
      if (fence !== undefined) open = { fence, lines: [] };
    } else if (
      fence !== undefined &&
      fence[0] === open.fence[0] &&
      fence.length >= open.fence.length &&
      line.trim() === fence
    ) {
      blocks.push(contentOf(open.lines));
      open = null;
    } else open.lines.push(line);
  }
  if (open !== null) blocks.push(contentOf(open.lines));
  return blocks;
};

const contentOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
