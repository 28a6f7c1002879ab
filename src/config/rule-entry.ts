/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
/** An entry of routing.rules. What it means is in route/rules.ts. */
import * as z from 'zod/mini';

const priority = z.int().check(z.minimum(1), z.maximum(10));

const range = z.pipe(
  z.unknown(),
  z.transform((written, context) => {
    const found = readRange(written);
    if (found !== undefined) return found;
    context.issues.push({
      code: 'custom',
      message: 'must be priorities from 1 to 10, such as 8, 8..10 or { min: 8, max: 10 }',
      input: written,
    });
    return z.NEVER;
  }),
);

const bounds = z.strictObject({ min: z._default(priority, 1), max: z._default(priority, 10) });

const readRange = (written: unknown): { min: number; max: number } | undefined => {
  const [, from, to] = /^(\d+)(?:\.\.(\d+))?$/.exec(String(written)) ?? [];
  const read = bounds.safeParse(
    from === undefined ? written : { min: Number(from), max: Number(to ?? from) },
  );
  return read.success && read.data.min <= read.data.max ? read.data : undefined;
};

/** YAML reads `true` and `3` as what they look like; labels are text. */
const labelValue = z.pipe(
  z.union([z.string(), z.number(), z.boolean()]),
  z.transform((written) => String(written)),
);

const text = z.string().check(z.minLength(1));
const tokens = z.int().check(z.minimum(0));

/** `timeout` reads a span of time, in seconds. */
export const ruleEntry = <T extends z.core.$ZodType>(timeout: T) =>
  z.strictObject({
    if: z.prefault(
      z.strictObject({
        type: z.optional(z.enum(['general', 'code', 'command'])),
        label: z.optional(z.record(text, labelValue)),
        priority: z.optional(range),
        tokens_over: z.optional(tokens),
        tokens_under: z.optional(tokens),
        sensitive: z.optional(z.boolean()),
        caller: z.optional(text),
      }),
      {},
    ),
    then: z.strictObject({
      runner: z.optional(text),
      model: z.optional(text),
      endpoint: z.optional(text),
      timeout: z.optional(timeout),
      retries: z.optional(z.int().check(z.minimum(0), z.maximum(100))),
      local_only: z.optional(z.boolean()),
    }),
    continue: z.optional(z.boolean()),
  });
