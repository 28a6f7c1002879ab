/** A clone of which not all objects were fetched: git gets them when it needs them, and koubou's git fetches nothing. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KoubouError } from '../errors.ts';

const MISSING =
  /unable to read (?:sha1 file|tree|[0-9a-f]{40})|missing (?:blob|tree|object|commit)|bad object|could not fetch/;

/** undefined: what git says has another reason. `objects`: of the repository. */
export const neverFetched = async (
  said: string,
  objects: string | undefined,
  folder: string,
): Promise<KoubouError | undefined> => {
  if (objects === undefined || !MISSING.test(said)) return undefined;
  const packs = await readdir(join(objects, 'pack')).catch(() => []);
  if (!packs.some((name) => name.endsWith('.promisor'))) return undefined;
  const [first = ''] = said.split('\n', 1);
  return new KoubouError(
    'conflict',
    `In ${folder} a file is needed that this partial clone never fetched, and koubou fetches nothing: ${first}`,
    {
      hint: 'Nothing was changed. Your own git fetches what it reads: `git checkout HEAD -- .` there, or `git log -p` of the branch. Then try again.',
    },
  );
};
