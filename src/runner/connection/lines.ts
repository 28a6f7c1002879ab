/** Cuts what comes into lines, and lets none of them fill the memory. */

/** No token needs more; a line without end would never be an answer. */
export const LINE_LETTERS = 4 * 1024 * 1024;

/**
 * The whole lines of each piece that comes, without their ends, and at last what stands behind the last line end. Throws
 * what `tooLong` makes for a line that is too long. A byte order mark at the beginning is left out. Lines end with LF or
 * CR LF; `loneCr`: or with CR alone, as those of server-sent events may.
 */
export async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  tooLong: () => Error,
  { loneCr = false }: { loneCr?: boolean } = {},
): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let wasCr = false;
  for await (const chunk of body) {
    let text = decoder.decode(chunk, { stream: true });
    if (loneCr && text !== '') {
      // A line end that came in two pieces is one.
      if (wasCr && text.startsWith('\n')) text = text.slice(1);
      wasCr = text === '' ? false : text.endsWith('\r');
      text = text.replaceAll(/\r\n?/g, '\n');
    }
    rest += text;
    // Only what is new is looked at: else a line that comes in many pieces would be read through for each of them.
    if (text.includes('\n')) {
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      yield lines;
    }
    if (rest.length > LINE_LETTERS) throw tooLong();
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest];
}
