/** What stands in the place of any other document where a request failed, in the words of one door. */
import type { KoubouError } from '../errors.ts';
import { commandLine } from '../say/command-line.ts';
import type { Wording } from '../say/marks.ts';
import { worded } from '../say/say.ts';
import type { ErrorDocument } from './documents/error.ts';

export const errorDocument = (
  { code, said }: KoubouError,
  wording: Wording = commandLine,
): ErrorDocument => ({
  error: { code, ...worded(said, wording) },
});
