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

/** undefined where the text is no JSON, or something else than an object. */
export const objectOf = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** null where it is no whole number from 0 on. */
export const countOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** Empty where it is no text. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
