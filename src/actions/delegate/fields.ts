/**
 * Lines of a batch and dropped files as the fields of a task: both may use the names of delegate's flags, flat, or those of
 * the record. What each field takes is in task/fields/fields.ts. Pure.
 */
import { KoubouError } from '../../errors.ts';
import { help, say, type Words } from '../../say/say.ts';
import { type Fields, fieldRows, propertyOf } from '../../task/fields/asked-task.ts';
import { FieldFault } from '../../task/fields/field-types.ts';
import { isTooDeep } from '../../text/formats/json.ts';
import { nearest } from '../../text/nearest.ts';

type Read = (value: unknown, nowMs: number) => Fields;

/** By name, with `_` for `-`. The record's own names stand beside those of the flags. */
const READERS: ReadonlyMap<string, Read> = new Map(
  fieldRows().flatMap(([name, { type, aliases = [], fills = name }]) => {
    const read: Read = (value, nowMs) => ({ [propertyOf(fills)]: type.read(value, nowMs) });
    return [...aliases, name].map((each): [string, Read] => [each, read]);
  }),
);

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
    const read = READERS.get(plain);
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
  const guess = nearest(name.replaceAll('-', '_'), [...READERS.keys()]);
  return notAdded(`${where}: '${name}' is no field of a task.`, {
    hint: guess ? `Did you mean ${guess}?` : say`The names are those of the flags; see ${help('delegate')}.`,
  });
};

const notAdded = (message: string, options: { hint?: Words; cause?: unknown }): KoubouError =>
  new KoubouError('usage', `${message} Nothing was added.`, options);
