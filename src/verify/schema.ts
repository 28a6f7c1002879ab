/** --schema: whether an answer is JSON that fits. */
import { type ErrorInfo, errorInfo, KoubouError } from '../errors.ts';

export type SchemaVerdict = { fits: true } | { fits: false; error: ErrorInfo; feedback: string };

const SHOWN_ERRORS = 5;

/**
 * Judges `text`, which may be one fenced block as a whole. Throws KoubouError `usage` for a schema that is
 * none itself.
 */
export const judgeBySchema = async (text: string, schema: unknown): Promise<SchemaVerdict> => {
  const validate = await compile(schema);
  let value: unknown;
  try {
    value = JSON.parse(jsonText(text));
  } catch (error) {
    return misfit(`The output is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (validate(value)) return { fits: true };
  const errors = (validate.errors ?? []).slice(0, SHOWN_ERRORS);
  return misfit(
    `The output does not fit the schema: ${errors.map((each) => `${each.instancePath || 'the value'} ${each.message ?? each.keyword}`).join('; ')}`,
  );
};

/** The answer without the fence around the whole of it. */
const jsonText = (text: string): string =>
  /^```(?:json[c5]?)?[ \t]*\n([\s\S]*?)\n?```$/i.exec(text.trim())?.[1] ?? text.trim();

const misfit = (message: string): SchemaVerdict => ({
  fits: false,
  error: errorInfo('schema_invalid', message),
  feedback: message,
});

const compile = async (schema: unknown) => {
  const is2020 =
    typeof schema === 'object' &&
    schema !== null &&
    String((schema as { $schema?: unknown }).$schema).includes('2020-12');
  const { Ajv } = is2020 ? { Ajv: (await import('ajv/dist/2020.js')).Ajv2020 } : await import('ajv');
  try {
    // Without a logger: what ajv has to say about unknown formats would go to the console.
    const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
    return ajv.compile(schema as object);
  } catch (cause) {
    throw new KoubouError(
      'usage',
      `The schema cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'It must be a JSON schema of draft 7 or 2020-12.',
        cause,
      },
    );
  }
};
