/** A server's own words in the body of an error, whatever its form. Pure. */
import { isDeep, shapeOf } from '../text/formats/json.ts';
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
  const said = within(value, 'error', 'message', 'detail');
  const kind = kindIn(value);
  return said === undefined || kind === undefined || said.includes(kind) ? said : `${said} (${kind})`;
};

/** Of what kind the error is, where that is more than the words of some servers say. */
const kindIn = (value: unknown): string | undefined => {
  const error = (value as { error?: unknown } | null)?.error ?? value;
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, type } = error as Record<string, unknown>;
  return [code, type].find((each): each is string => typeof each === 'string' && TELLING.test(each));
};

/** `context_length_exceeded`, `exceed_context_size_error`, `model_not_found` and their likes. */
const TELLING = /^\w*(context|overflow|not_found|too_long)\w*$/i;
