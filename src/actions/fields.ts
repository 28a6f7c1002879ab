/**
 * A task as it is asked for, from whatever source: flags, a line of a batch, a file dropped into pending/. Here
 * the last two become `Fields`; both may use the names of delegate's flags, flat, or those of the record. Pure.
 */

import { KoubouError } from '../errors.ts';
import { help, say, type Words } from '../say/say.ts';
import { parseDuration } from '../text/duration.ts';
import { isTooDeep } from '../text/json.ts';
import { nearest } from '../text/nearest.ts';
import { parseDueTime } from './due-time.ts';

export interface Fields {
  prompt?: string;
  promptFile?: string;
  /** As it was written; see task/types.ts. */
  type?: string;
  command?: readonly string[];
  /** Paths as they were written. */
  files?: readonly string[];
  context?: Record<string, unknown>;
  difficulty?: string;
  cwd?: string;
  priority?: number;
  labels?: Record<string, string>;
  sensitive?: boolean;
  runner?: string;
  model?: string;
  template?: string;
  system?: string;
  set?: Record<string, unknown>;
  /** Seconds; 0 is no limit. */
  timeout?: number;
  stallTimeout?: number;
  retries?: number;
  /** A file that holds it, or the schema itself. */
  schema?: string | object | boolean;
  check?: string;
  expect?: readonly string[];
  expectExisting?: boolean;
  output?: string;
  /** As it was written; see task/record.ts. */
  sandbox?: string;
  /** A reference, not yet resolved to an id. */
  resumeFrom?: string;
  localOnly?: boolean;
  allowNoChange?: boolean;
  /** The check runs with the rights of the user. */
  checkOutside?: boolean;
  extract?: string;
  worktree?: boolean;
  /** References, not yet resolved to ids. */
  after?: readonly string[];
  afterAny?: readonly string[];
  /** ISO 8601. */
  notBefore?: string;
  key?: string;
}

/** What went wrong with one field, without the frame that says where it stands. */
class FieldFault extends Error {
  override readonly name = 'FieldFault';
}

type Read = (value: unknown, nowMs: number) => Fields;

const want = (what: string): never => {
  throw new FieldFault(`must be ${what}`);
};

const asText = (value: unknown): string => (typeof value === 'string' ? value : want('text'));
const asFlag = (value: unknown): boolean => (typeof value === 'boolean' ? value : want('true or false'));
const asTexts = (value: unknown): string[] => {
  const list = Array.isArray(value) ? value : [value];
  return list.every((item) => typeof item === 'string') ? list : want('text, or a list of texts');
};
const asWhole = (least: number, most: number) => (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    ? value
    : want(`a whole number from ${least} to ${most}`);
const asSeconds = (value: unknown): number =>
  parseDuration(value) ?? want('a time: seconds, or text such as 120s or 10m');
const asFields = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : want('an object');
const asFile = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'path' in value ? asText(value.path) : asText(value);
const asSchema = (value: unknown): string | object | boolean =>
  typeof value === 'string' || typeof value === 'boolean' ? value : asFields(value);

const readLabels = (value: unknown): Record<string, string> => {
  if (typeof value === 'string' || Array.isArray(value)) return parsePairs(asTexts(value), 'a label');
  const labels = asFields(value);
  return Object.values(labels).every((each) => typeof each === 'string')
    ? (labels as Record<string, string>)
    : want('an object of texts');
};

const readSet = (value: unknown): Record<string, unknown> =>
  typeof value === 'string' || Array.isArray(value) ? parseSettings(asTexts(value)) : asFields(value);

const files: Read = (value) => ({ files: (Array.isArray(value) ? value : [value]).map(asFile) });
const dueAt: Read = (value, nowMs) => ({
  notBefore: new Date(parseDueTime(asText(value), nowMs)).toISOString(),
});

/** By name, with `_` for `-`. The record's own names stand beside those of the flags. */
const READERS: Readonly<Record<string, Read>> = {
  prompt: (value) => ({ prompt: asText(value) }),
  prompt_file: (value) => ({ promptFile: asText(value) }),
  type: (value) => ({ type: asText(value) }),
  command: (value) => ({
    command: Array.isArray(value) ? asTexts(value) : want('a list of words, such as ["npm", "test"]'),
  }),
  file: files,
  files,
  context: (value) => ({ context: asFields(value) }),
  difficulty: (value) => ({ difficulty: asText(value) }),
  cwd: (value) => ({ cwd: asText(value) }),
  priority: (value) => ({ priority: asWhole(1, 10)(value) }),
  label: (value) => ({ labels: readLabels(value) }),
  labels: (value) => ({ labels: readLabels(value) }),
  sensitive: (value) => ({ sensitive: asFlag(value) }),
  runner: (value) => ({ runner: asText(value) }),
  model: (value) => ({ model: asText(value) }),
  template: (value) => ({ template: asText(value) }),
  system: (value) => ({ system: asText(value) }),
  set: (value) => ({ set: readSet(value) }),
  timeout: (value) => ({ timeout: asSeconds(value) }),
  stall_timeout: (value) => ({ stallTimeout: asSeconds(value) }),
  retries: (value) => ({ retries: asWhole(0, 100)(value) }),
  schema: (value) => ({ schema: asSchema(value) }),
  check: (value) => ({ check: asText(value) }),
  extract: (value) => ({ extract: asText(value) }),
  expect: (value) => ({ expect: asTexts(value) }),
  expect_existing: (value) => ({ expectExisting: asFlag(value) }),
  output: (value) => ({ output: asText(value) }),
  sandbox: (value) => ({ sandbox: asText(value) }),
  resume_from: (value) => ({ resumeFrom: asText(value) }),
  local_only: (value) => ({ localOnly: asFlag(value) }),
  check_outside: (value) => ({ checkOutside: asFlag(value) }),
  allow_no_change: (value) => ({ allowNoChange: asFlag(value) }),
  worktree: (value) => ({ worktree: asFlag(value) }),
  after: (value) => ({ after: asTexts(value) }),
  after_any: (value) => ({ afterAny: asTexts(value) }),
  in: (value, nowMs) => ({ notBefore: new Date(nowMs + asSeconds(value) * 1000).toISOString() }),
  at: dueAt,
  not_before: dueAt,
  key: (value) => ({ key: asText(value) }),
};

/** What a record says of itself, and every task gets anew. */
const GIVEN_BY_QUEUE = new Set(
  'version task_id places environment status waiting due_at created_at created_by updated_at attempts result prompt_bytes output_bytes truncated'.split(
    ' ',
  ),
);

/** Throws `usage`; `where` says where the fields stand, as in "line 3". */
export const readFields = (
  given: Readonly<Record<string, unknown>>,
  where: string,
  nowMs: number,
): Fields => {
  if (isTooDeep(given)) throw notAdded(`${where}: it is nested too deep.`, {});
  const fields: Fields = {};
  for (const [name, value] of Object.entries(given)) {
    const plain = name.replaceAll('-', '_');
    // The record writes null for what is not there.
    if (value === null || GIVEN_BY_QUEUE.has(plain)) continue;
    if (plain === 'options') {
      Object.assign(fields, readFields(asObject(value, where), `${where}, options`, nowMs));
      continue;
    }
    const read = Object.hasOwn(READERS, plain) ? READERS[plain] : undefined;
    if (read === undefined) throw unknownField(name, where);
    Object.assign(
      fields,
      framed(where, name, () => read(value, nowMs)),
    );
  }
  return fields;
};

/** Every line of JSON, with its number. Empty lines count and are passed over. Throws `usage`. */
export const readBatch = (text: string, source: string, nowMs: number): Fields[] => {
  const batch = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const where = `${source}, line ${index + 1}`;
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch (cause) {
      throw notAdded(`${where}: this is no JSON: ${cause instanceof Error ? cause.message : ''}.`, {
        hint: 'A batch has one JSON object a line: {"prompt": "…", "file": "a.md"}',
        cause,
      });
    }
    return [readFields(asObject(parsed, where), where, nowMs)];
  });
  if (batch.length > 0) return batch;
  throw notAdded(`${source} holds no task.`, { hint: 'A batch has one JSON object a line.' });
};

/** `k=v`, many times. */
export const parsePairs = (written: readonly string[], what: string): Record<string, string> =>
  Object.fromEntries(
    written.map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
      throw notAdded(`'${pair}' is not ${what}.`, { hint: 'Write name=value.' });
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

const framed = (where: string, name: string, read: () => Fields): Fields => {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldFault) throw notAdded(`${where}: ${name} ${error.message}.`, {});
    if (error instanceof KoubouError) {
      throw new KoubouError(error.code, say`${where}: ${name}: ${error.said.message}`, {
        hint: error.said.hint,
      });
    }
    throw error;
  }
};

const asObject = (value: unknown, where: string): Record<string, unknown> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw notAdded(`${where}: this is no JSON object.`, {
    hint: 'A task is written as {"prompt": "…", "file": "a.md"}.',
  });
};

const unknownField = (name: string, where: string): KoubouError => {
  const guess = nearest(name.replaceAll('-', '_'), Object.keys(READERS));
  return notAdded(`${where}: '${name}' is no field of a task.`, {
    hint: guess ? `Did you mean ${guess}?` : say`The names are those of the flags; see ${help('delegate')}.`,
  });
};

const notAdded = (message: string, options: { hint?: Words; cause?: unknown }): KoubouError =>
  new KoubouError('usage', `${message} Nothing was added.`, options);
