/** What is printed in the place of any other document, where a command failed. */
import * as z from 'zod/mini';
import { ERROR_CODES, type ErrorCode, type ErrorInfo } from '../../errors.ts';
import { exactly } from './exactly.ts';

export const Failure = exactly<ErrorInfo>()(
  z.strictObject({
    code: z.enum(Object.keys(ERROR_CODES) as ErrorCode[]),
    message: z.string().check(z.describe('What is wrong, for a person. Nobody matches on it.')),
    hint: z.string().check(z.describe('What to do next.')),
  }),
);

export const ErrorDocument = z.strictObject({ error: Failure });
export type ErrorDocument = z.infer<typeof ErrorDocument>;
