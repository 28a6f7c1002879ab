/** What stands in the place of any other document where a request failed. */
import type { KoubouError } from '../errors.ts';
import type { ErrorDocument } from './documents/error.ts';

export const errorDocument = ({ code, message, hint }: KoubouError): ErrorDocument => ({
  error: { code, message, hint },
});
