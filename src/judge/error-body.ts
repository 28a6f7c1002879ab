/** A server's own words in the body of an error, whatever its form. Pure. */
import { isDeep, shapeOf } from '../text/json.ts';
import { replacePieces } from '../text/scan.ts';

/** Letters. */
const SHOWN = 500;

/** At most 500 letters; empty where it has no words. */
export const errorWords = (body: string): string => {
  const said = messageIn(body) ?? replacePieces(body, { open: '<', close: '>', toEnd: false }, ' ');
  // Cut first: white space is gathered of what is left.
  return said
    .slice(0, 16 * SHOWN)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, SHOWN);
};

/** The shapes of the servers: {error: text}, {error: {message}}, {message}, {detail}. */
const messageIn = (text: string): string | undefined => {
  let value: unknown;
  try {
    value = isDeep(shapeOf(text)) ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
  const within = (each: unknown, ...names: string[]): string | undefined => {
    if (typeof each === 'string') return each;
    if (typeof each !== 'object' || each === null) return undefined;
    for (const name of names) {
      const found = within((each as Record<string, unknown>)[name], 'message', 'detail');
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return within(value, 'error', 'message', 'detail');
};
