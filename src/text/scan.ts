/** Scanners for words of others: each looks at a letter a bounded number of times, whatever stands there. Pure. */

/** The lines of a text, without their ends, one after the other. */
export function* linesIn(text: string): Generator<string> {
  for (let from = 0; from <= text.length; ) {
    const end = text.indexOf('\n', from);
    if (end === -1) {
      yield text.slice(from);
      return;
    }
    yield text.slice(from, text[end - 1] === '\r' && end > from ? end - 1 : end);
    from = end + 1;
  }
}

/** `replace` for each piece from `open` to the next `close`; one that is not closed goes to the end where `toEnd` is. */
export const replacePieces = (
  text: string,
  { open, close, toEnd }: { open: string; close: string; toEnd: boolean },
  replacement: string,
): string => {
  const kept: string[] = [];
  let from = 0;
  for (;;) {
    const start = text.indexOf(open, from);
    if (start === -1) break;
    const end = text.indexOf(close, start + open.length);
    if (end === -1 && !toEnd) break;
    kept.push(text.slice(from, start), replacement);
    from = end === -1 ? text.length : end + close.length;
    if (end === -1) break;
  }
  kept.push(text.slice(from));
  return kept.join('');
};

/** The content where the whole of a text is one block in a fence of backticks, with the word behind the fence. */
export const wholeFence = (text: string): { word: string; content: string } | undefined => {
  if (!text.startsWith(FENCE) || !text.endsWith(FENCE)) return undefined;
  const lineEnd = text.indexOf('\n');
  if (lineEnd === -1 || text.length - FENCE.length <= lineEnd) return undefined;
  const content = text.slice(lineEnd + 1, -FENCE.length);
  return {
    word: text.slice(FENCE.length, lineEnd).trim(),
    content: content.endsWith('\n') ? content.slice(0, -1) : content,
  };
};

const FENCE = '```';
