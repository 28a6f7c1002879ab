/** Looks into JSON of others, which may be anything. Pure. */

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deeper than anybody writes, and far from where walking through it would end the program. */
const DEEPEST = 200;

/** Whether anything in it stands in more than 200 lists and objects. */
export const isTooDeep = (value: unknown, left = DEEPEST): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (left === 0 || Object.values(value).some((each) => isTooDeep(each, left - 1)));

/** What a text would become, if it is JSON. */
export interface Shape {
  /** Lists and objects within each other. */
  depth: number;
  /** Values, those in lists and objects too. */
  values: number;
}

/** Reads the text once and makes nothing of it: to parse a few megabytes of brackets takes a hundred times as long. */
export const shapeOf = (text: string): Shape => {
  let [depth, deepest, values, inString] = [0, 0, 1, false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at);
    if (inString) {
      if (letter === BACKSLASH) at += 1;
      else if (letter === QUOTE) inString = false;
    } else if (letter === QUOTE) inString = true;
    else if (letter === COMMA) values += 1;
    else if (letter === LIST || letter === OBJECT) {
      values += 1;
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (letter === LIST_END || letter === OBJECT_END) depth -= 1;
  }
  return { depth: deepest, values };
};

const [QUOTE, BACKSLASH, COMMA, LIST, LIST_END, OBJECT, OBJECT_END] = [34, 92, 44, 91, 93, 123, 125];

export const isDeep = ({ depth }: Shape): boolean => depth > DEEPEST;

/** More than any event or error has; parsing so many takes some ten milliseconds. */
const MOST_VALUES = 100_000;
/** A text that is shorter cannot hold so many that it would be felt. */
const SHORT = 16 * 1024;

/** Whether parsing the text would not be felt: it is not deeply nested, and has no more parts than any message has. */
export const isModest = (text: string): boolean => {
  if (text.length <= SHORT) return true;
  const shape = shapeOf(text);
  return !isDeep(shape) && shape.values <= MOST_VALUES;
};

const BEGINS = /^\s*(?:\{\s*["}]|\[|["\d-]|true|false|null)/;

/** What others sent, for a thread that has more to do: undefined where the text is no JSON, and where it is not modest. */
export const parseModest = (text: string): unknown => {
  // An error of JSON.parse takes far longer than this look, and a file may have a million lines of anything.
  if (!BEGINS.test(text) || !isModest(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** As `parseModest`; undefined also where it is something else than an object. */
export const objectOf = (text: string): JsonObject | undefined => {
  const value = parseModest(text);
  return isObject(value) ? value : undefined;
};

/** null where it is no whole number from 0 on. */
export const countOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** Empty where it is no text. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
