/** Looks into JSON of others, which may be anything. Pure. */

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** undefined where the text is no JSON, or something else than an object. */
export const objectOf = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** Empty where it is no text. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
