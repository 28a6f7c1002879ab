/**
 * A JSON Schema, as clients send it, into the part of JSON Schema that node-llama-cpp makes a grammar of, so that
 * whatever fits the grammar validates against the schema. What it cannot promise it refuses.
 */
type Schema = Record<string, unknown>;

const MAX_DEPTH = 16;
/** llama.cpp refuses long repetitions in a grammar. */
const MAX_LENGTH = 500;
const MAX_ITEMS = 3;

/** A grammar of dates has the 30th of February in it: one example stands for every text of a format. */
const EXAMPLES: Record<string, string> = {
  date: '2024-06-01',
  'date-time': '2024-06-01T12:00:00Z',
  time: '12:00:00Z',
  email: 'smith@example.com',
  hostname: 'example.com',
  ipv4: '127.0.0.1',
  uri: 'https://example.com/',
  uuid: '7f6b1c5e-3c1d-4f7e-9a53-0d6f5f0c2b11',
};

export class UnsupportedSchema extends Error {}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The grammar knows no bounds for numbers, and takes 1e-5 for an integer: a few allowed values stand for all. */
function numbers(schema: Schema, integer: boolean): Schema {
  const step = asNumber(schema.multipleOf) ?? (integer ? 1 : undefined);
  const exclusive = step ?? 1e-6;
  const least = Math.max(
    asNumber(schema.minimum) ?? -Infinity,
    (asNumber(schema.exclusiveMinimum) ?? -Infinity) + exclusive,
  );
  const most = Math.min(
    asNumber(schema.maximum) ?? Infinity,
    (asNumber(schema.exclusiveMaximum) ?? Infinity) - exclusive,
  );
  if (step === undefined && least === -Infinity && most === Infinity) return { type: 'number' };
  const size = step ?? 1;
  const start = least <= 0 && most >= 9 * size ? 0 : Number.isFinite(least) ? least : most - 9 * size;
  const first = step === undefined ? start : Math.ceil(start / size) * size;
  const values = Array.from({ length: 10 }, (_, index) => first + index * size).filter(
    (value) => value >= least && value <= most,
  );
  if (values.length === 0) throw new UnsupportedSchema('no number fits the schema');
  return { enum: values };
}

function strings(schema: Schema): Schema {
  if (schema.pattern !== undefined) throw new UnsupportedSchema('"pattern" is not supported');
  const { format } = schema;
  if (typeof format === 'string') {
    const example = EXAMPLES[format];
    if (example === undefined) throw new UnsupportedSchema(`the format "${format}" is not supported`);
    return { const: example };
  }
  const { minLength, maxLength } = schema;
  if (minLength === undefined && maxLength === undefined) return { type: 'string' };
  return {
    type: 'string',
    minLength: asNumber(minLength) ?? 0,
    maxLength: Math.min(asNumber(maxLength) ?? MAX_LENGTH, MAX_LENGTH),
  };
}

/** Throws UnsupportedSchema. */
export function toGrammarSchema(schema: unknown, root: unknown = schema, depth = 0): Schema {
  if (depth > MAX_DEPTH) throw new UnsupportedSchema('the schema is too deep');
  // Anything goes, so a string does.
  if (schema === true) return { type: 'string' };
  if (!isSchema(schema)) throw new UnsupportedSchema('a schema must be an object');
  const inner = (part: unknown): Schema => toGrammarSchema(part, root, depth + 1);
  if (typeof schema.$ref === 'string') {
    let target: unknown = root;
    for (const key of schema.$ref.replace(/^#\/?/, '').split('/').filter(Boolean))
      target = isSchema(target) ? target[key] : undefined;
    return inner(target);
  }
  if (schema.allOf !== undefined) throw new UnsupportedSchema('"allOf" is not supported');
  if (schema.const !== undefined) return { const: schema.const };
  if (Array.isArray(schema.enum)) return { enum: schema.enum };
  const union = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(union)) return { oneOf: union.map(inner) };
  const { type } = schema;
  if (Array.isArray(type)) return { oneOf: type.map((name: unknown) => inner({ ...schema, type: name })) };
  if (type === 'object' || (type === undefined && schema.properties !== undefined)) {
    const properties = isSchema(schema.properties) ? schema.properties : {};
    const object = {
      type: 'object',
      properties: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, inner(part)])),
    };
    if (!isSchema(schema.additionalProperties)) return object;
    const { minProperties = 0, maxProperties = MAX_ITEMS } = schema;
    return {
      ...object,
      additionalProperties: inner(schema.additionalProperties),
      minProperties,
      maxProperties: Math.max(Number(maxProperties), Object.keys(properties).length),
    };
  }
  if (type === 'array') {
    const least = asNumber(schema.minItems) ?? 0;
    if (schema.uniqueItems === true && least > 1)
      throw new UnsupportedSchema('"uniqueItems" is not supported');
    const most = Math.min(
      asNumber(schema.maxItems) ?? Infinity,
      schema.uniqueItems === true ? 1 : Math.max(least, MAX_ITEMS),
    );
    const prefix = Array.isArray(schema.prefixItems) ? { prefixItems: schema.prefixItems.map(inner) } : {};
    return { type: 'array', ...prefix, items: inner(schema.items ?? true), minItems: least, maxItems: most };
  }
  if (type === 'string') return strings(schema);
  if (type === 'integer' || type === 'number') return numbers(schema, type === 'integer');
  if (type === 'boolean' || type === 'null') return { type };
  if (type === undefined) return { type: 'string' };
  throw new UnsupportedSchema(`the type ${JSON.stringify(type)} is not supported`);
}
