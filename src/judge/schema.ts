/** --schema: whether an answer is JSON that fits. */
import { type ErrorInfo, errorInfo, KoubouError } from '../errors.ts';
import { isDeep, shapeOf } from '../text/formats/json.ts';
import { wholeFence } from '../text/scan.ts';
import { hasOddEdges } from './extract.ts';
import { patternOf } from './patterns.ts';

export type SchemaResult = { fits: true } | { fits: false; error: ErrorInfo; feedback: string };

const SHOWN_ERRORS = 5;
/** Letters of one of them: a path in an answer may have a name of any length. */
const SHOWN_LETTERS = 300;

/**
 * Judges `text`, which may be one fenced block as a whole. Throws KoubouError `usage` for a schema that is
 * none itself, and `output_unjudged` where it leads round and round.
 */
export const judgeBySchema = async (text: string, schema: unknown): Promise<SchemaResult> => {
  const validate = await compile(schema);
  const json = jsonText(text);
  // To parse it would take minutes, and each step through it a level of the stack.
  if (isDeep(shapeOf(json))) {
    return misfit(
      'The output does not fit the schema: it has more than 200 lists and objects in each other.',
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return misfit(`The output is not JSON: ${short(error instanceof Error ? error.message : String(error))}`);
  }
  if (hasOddEdges(text, text.trim())) {
    return misfit(
      'The output is JSON only without what stands around it: a byte order mark, or white space that JSON does not know.',
    );
  }
  if (fits(validate, value)) return { fits: true };
  const errors = (validate.errors ?? []).slice(0, SHOWN_ERRORS);
  return misfit(
    `The output does not fit the schema: ${errors.map((each) => short(`${each.instancePath || 'the value'} ${each.message ?? each.keyword}`)).join('; ')}`,
  );
};

const fits = (validate: (value: unknown) => unknown, value: unknown): boolean => {
  try {
    return validate(value) === true;
  } catch (cause) {
    // The stack, or that of the engine of patterns.
    if (!(cause instanceof RangeError)) throw cause;
    throw new KoubouError(
      'output_unjudged',
      'The output was not judged: the schema refers to itself without end, or a pattern of it goes too deep.',
      { hint: 'Look at its $ref and pattern.', cause },
    );
  }
};

/** The answer without the fence around the whole of it. */
const jsonText = (text: string): string => {
  const answer = text.trim();
  const fence = wholeFence(answer);
  return fence !== undefined && ['', 'json', 'json5', 'jsonc'].includes(fence.word.toLowerCase())
    ? fence.content
    : answer;
};

const misfit = (message: string): SchemaResult => ({
  fits: false,
  error: errorInfo('schema_invalid', message),
  feedback: message,
});

const short = (text: string): string =>
  text.length > SHOWN_LETTERS ? `${text.slice(0, SHOWN_LETTERS)}…` : text;

const compile = async (schema: unknown) => {
  const is2020 =
    typeof schema === 'object' &&
    schema !== null &&
    String((schema as { $schema?: unknown }).$schema).includes('2020-12');
  const { Ajv } = is2020 ? { Ajv: (await import('ajv/dist/2020.js')).Ajv2020 } : await import('ajv');
  try {
    const ajv = new Ajv({
      // One error is enough to go on from, and a list with a million wrong items would have a million.
      allErrors: false,
      // Without it, what every object inherits (`constructor`, `toString`) counts as there.
      ownProperties: true,
      strict: false,
      // What ajv has to say about unknown formats would go to the console.
      logger: false,
      code: { regExp: patternOf },
    });
    return ajv.compile(schema as object);
  } catch (cause) {
    throw new KoubouError(
      'usage',
      `The schema cannot be used: ${short(cause instanceof Error ? cause.message : String(cause))}`,
      {
        hint: 'It must be a JSON schema of draft 7 or 2020-12.',
        cause,
      },
    );
  }
};
