/**
 * The patterns of a schema, on an engine that takes time in proportion to the text (RE2). What it cannot do, looking
 * around and back references above all, is left to JavaScript's own, under the clock of whoever judges.
 */
import { RE2JS } from 're2js';
import { toLinear } from './linear-pattern.ts';

interface Pattern {
  test(text: string): boolean;
  /** ajv tells patterns from each other by it. */
  toString(): string;
}

/** As `new RegExp`; throws its SyntaxError for what is no pattern. */
export const patternOf = Object.assign(
  (source: string, flags: string): Pattern => {
    const own = new RegExp(source, flags);
    return linear(source) ?? own;
  },
  { code: '' },
);

/** undefined where RE2 cannot do it. */
export const linear = (source: string): Pattern | undefined => {
  const translated = toLinear(source);
  if (translated === undefined) return undefined;
  try {
    const compiled = RE2JS.compile(translated);
    return { test: (text) => compiled.test(text), toString: () => `/${source}/u` };
  } catch {
    // Repeated more often than RE2 repeats anything, or larger than it makes a program for.
    return undefined;
  }
};
