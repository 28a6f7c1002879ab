/** The kinds of values that a field of a task takes: how each is read, what JSON Schema calls it, what form its flag has. Pure. */
import type * as z from 'zod/mini';
import { KoubouError } from '../../errors.ts';
import { parseDuration } from '../../text/duration.ts';
import { parseDueTime } from './due-time.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** `repeatable`: given many times, one text each; `duration`: a span of time, which the flag gives in seconds. */
export type FlagForm = 'text' | 'repeatable' | 'boolean' | 'integer' | 'duration';

export interface FieldType<Value, Form extends FlagForm = FlagForm> {
  /** Of a value of JSON or YAML, or what a flag of its form gives. Throws FieldFault, or KoubouError `usage`. */
  read: (value: unknown, nowMs: number) => Value;
  json: JsonSchema;
  flag: Form;
  bounds?: { min: number; max: number };
}

export interface FieldRow {
  type: FieldType<unknown>;
  /** Other names that lines and files may use. */
  aliases?: readonly string[];
  /** The field that it gives a value to, where that has a row of its own. */
  fills?: string;
  flag?: {
    /** Where it is not that of the row, with - for _. */
    name?: string;
    summary: string;
    helpValue?: string;
    exclusive?: readonly string[];
  };
  /** What a dropped file may not say, in words; `where`: which values only. Absent: it may say all. */
  notDropped?: { what: string; where?: (value: unknown) => boolean };
  /** What an agent that says it may have to be allowed (access/may.ts); absent: it may say it, whatever the value. */
  asks?: string;
  /** How it is kept in `options` of the task file; absent: it is a field of the file itself. */
  option?: z.core.$ZodType;
  /** Its line in docs/task-file.md, or what stands for one where the file has no such field. */
  form: string;
  meaning: string;
}

/** What is wrong with one field, without the frame that says where it stands. */
export class FieldFault extends Error {
  override readonly name = 'FieldFault';
}

const want = (what: string): never => {
  throw new FieldFault(`must be ${what}`);
};

const asText = (value: unknown): string => (typeof value === 'string' ? value : want('text'));
const asTexts = (value: unknown): string[] => {
  const list = Array.isArray(value) ? value : [value];
  return list.every((item) => typeof item === 'string') ? list : want('text, or a list of texts');
};
const asSeconds = (value: unknown): number =>
  parseDuration(value) ?? want('a time: seconds, or text such as 120s or 10m');
const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : want('an object');
const asFile = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'path' in value ? asText(value.path) : asText(value);

const STRING = { type: 'string' };
const PAIR = { type: 'string', pattern: '^[^=]+=' };
const listOr = (item: JsonSchema): JsonSchema => ({ anyOf: [item, { type: 'array', items: item }] });
const either = (...schemas: readonly JsonSchema[]): JsonSchema => ({ anyOf: schemas });

export const TEXT: FieldType<string, 'text'> = { read: asText, json: STRING, flag: 'text' };

/** Text that is one of these; which it is, is judged with the whole task. */
export const oneOf = (words: readonly string[]): FieldType<string, 'text'> => ({
  ...TEXT,
  json: { enum: words },
});

export const YES: FieldType<boolean, 'boolean'> = {
  read: (value) => (typeof value === 'boolean' ? value : want('true or false')),
  json: { type: 'boolean' },
  flag: 'boolean',
};

export const TEXTS: FieldType<string[], 'repeatable'> = {
  read: asTexts,
  json: listOr(STRING),
  flag: 'repeatable',
};

export const WORDS: FieldType<string[]> = {
  read: (value) => (Array.isArray(value) ? asTexts(value) : want('a list of words, such as ["npm", "test"]')),
  json: { type: 'array', items: STRING },
  flag: 'repeatable',
};

/** Paths, or objects that have one, as in a record. */
export const FILES: FieldType<string[], 'repeatable'> = {
  read: (value) => (Array.isArray(value) ? value : [value]).map(asFile),
  json: listOr(either(STRING, { type: 'object', properties: { path: STRING }, required: ['path'] })),
  flag: 'repeatable',
};

export const whole = (min: number, max: number): FieldType<number, 'integer'> => ({
  read: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? value
      : want(`a whole number from ${min} to ${max}`),
  json: { type: 'integer', minimum: min, maximum: max },
  flag: 'integer',
  bounds: { min, max },
});

const SPAN = either(
  { type: 'number', minimum: 0 },
  { type: 'string', pattern: String.raw`^\s*(none|\d+(\.\d+)?(ms|s|m|h|d)?)\s*$` },
);

/** A span of time, in seconds; 0 is none. */
export const SECONDS: FieldType<number, 'duration'> = { read: asSeconds, json: SPAN, flag: 'duration' };

/** A span of time from now, as the time at its end in ISO 8601. */
export const FROM_NOW: FieldType<string, 'duration'> = {
  read: (value, nowMs) => new Date(nowMs + asSeconds(value) * 1000).toISOString(),
  json: SPAN,
  flag: 'duration',
};

/** A time as people write it, in ISO 8601. */
export const TIME: FieldType<string, 'text'> = {
  read: (value, nowMs) => new Date(parseDueTime(asText(value), nowMs)).toISOString(),
  json: STRING,
  flag: 'text',
};

export const OBJECT: FieldType<Record<string, unknown>, 'text'> = {
  read: asObject,
  json: { type: 'object' },
  flag: 'text',
};

/** The name of a file that holds it, or the schema itself. */
export const SCHEMA: FieldType<string | object | boolean, 'text'> = {
  read: (value) => (typeof value === 'string' || typeof value === 'boolean' ? value : asObject(value)),
  json: { type: ['string', 'object', 'boolean'] },
  flag: 'text',
};

export const LABELS: FieldType<Record<string, string>, 'repeatable'> = {
  read: (value) => {
    if (typeof value === 'string' || Array.isArray(value)) return parsePairs(asTexts(value), 'a label');
    const labels = asObject(value);
    return Object.values(labels).every((each) => typeof each === 'string')
      ? (labels as Record<string, string>)
      : want('an object of texts');
  },
  json: either(listOr(PAIR), { type: 'object', additionalProperties: STRING }),
  flag: 'repeatable',
};

export const SETTINGS: FieldType<Record<string, unknown>, 'repeatable'> = {
  read: (value) =>
    typeof value === 'string' || Array.isArray(value) ? parseSettings(asTexts(value)) : asObject(value),
  json: either(listOr(PAIR), { type: 'object' }),
  flag: 'repeatable',
};

/** `k=v`, many times. */
export const parsePairs = (written: readonly string[], what: string): Record<string, string> =>
  Object.fromEntries(
    written.map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new KoubouError('usage', `'${pair}' is not ${what}. Nothing was added.`, {
        hint: 'Write name=value.',
      });
    }),
  );

/** Model options: numbers, true and false, and lists are taken as such, anything else as text. */
export const parseSettings = (written: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(parsePairs(written, 'a model option')).map(([name, value]) => {
      try {
        return [name, JSON.parse(value)];
      } catch {
        return [name, value];
      }
    }),
  );
