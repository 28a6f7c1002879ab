/** How many of the tables' entries are found, apart for what the search was made with, held out, and never mended by. */
import { EVERYDAY_SECRETS, MORE_SECRETS } from './everyday-secrets.ts';
import { LOOK_ALIKES, MORE_LOOK_ALIKES } from './look-alikes.ts';
import * as lot1 from './lots/lot-1.ts';
import * as lot2 from './lots/lot-2.ts';
import * as lot3 from './lots/lot-3.ts';
import * as lot4 from './lots/lot-4.ts';
import * as lot5 from './lots/lot-5.ts';
import * as lot6 from './lots/lot-6.ts';
import * as lot7 from './lots/lot-7.ts';

export interface Figures {
  found: readonly string[];
  passed: readonly string[];
}

export type Search = (text: string) => Promise<string | undefined>;

export type Part = 'made with' | 'held out' | 'first sight';

const MENDED_BY = [lot1, lot2, lot3, lot4, lot5, lot6];

/** Every third entry of the first tables is held out: the kinds stand together, so each is in both parts. */
const partOf = (
  part: Part,
  table: readonly string[],
  more: readonly string[],
  last: readonly string[],
): readonly string[] => {
  if (part === 'first sight') return last;
  const entries = table.filter((_, at) => (at % 3 === 2) === (part === 'held out'));
  return part === 'held out' ? entries : [...entries, ...more];
};

const count = async (entries: readonly string[], search: Search): Promise<Figures> => {
  const found: string[] = [];
  const passed: string[] = [];
  for (const entry of entries) ((await search(entry)) === undefined ? passed : found).push(entry);
  return { found, passed };
};

export const secretsOf = (part: Part, search: Search): Promise<Figures> =>
  count(
    partOf(
      part,
      EVERYDAY_SECRETS,
      [...MORE_SECRETS, ...MENDED_BY.flatMap((lot) => lot.SECRETS)],
      lot7.SECRETS,
    ),
    search,
  );

export const lookAlikesOf = (part: Part, search: Search): Promise<Figures> =>
  count(
    partOf(
      part,
      LOOK_ALIKES,
      [...MORE_LOOK_ALIKES, ...MENDED_BY.flatMap((lot) => lot.LOOK_ALIKES)],
      lot7.LOOK_ALIKES,
    ),
    search,
  );
