/** The JSON schema that --schema names, checked before a task stands on it. */
import { KoubouError } from '../../errors.ts';

/** Throws `usage` for what is no JSON, or no schema. */
export const parseSchema = async (text: string, what: string): Promise<object | boolean> => {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (cause) {
    throw refused(`${what} is not JSON: ${cause instanceof Error ? cause.message : ''}.`, cause);
  }
  return checkSchema(schema, what);
};

export const checkSchema = async (schema: unknown, what: string): Promise<object | boolean> => {
  if (
    typeof schema !== 'boolean' &&
    (typeof schema !== 'object' || schema === null || Array.isArray(schema))
  ) {
    throw refused(`${what} is no JSON schema: it must be an object.`);
  }
  try {
    (await validatorFor(schema)).compile(schema);
  } catch (cause) {
    throw refused(`${what} is no JSON schema: ${cause instanceof Error ? cause.message : ''}.`, cause);
  }
  return schema;
};

const validatorFor = async (schema: object | boolean) => {
  const options = { strict: false, logger: false, validateFormats: false } as const;
  const draft = typeof schema === 'object' && '$schema' in schema ? String(schema.$schema) : '';
  if (/draft-0[67]/.test(draft)) return new (await import('ajv')).Ajv(options);
  return new (await import('ajv/dist/2020.js')).Ajv2020(options);
};

const refused = (message: string, cause?: unknown): KoubouError =>
  new KoubouError('usage', `${message} Nothing was added.`, {
    hint: 'Give a schema such as {"type": "object", "required": ["title"]}.',
    cause,
  });
