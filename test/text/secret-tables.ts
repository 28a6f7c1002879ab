/** How many of the tables' entries are found, apart for what the search was made with and what was held out. */
import { EVERYDAY_SECRETS, MORE_SECRETS } from './everyday-secrets.ts';
import { LOOK_ALIKES, MORE_LOOK_ALIKES } from './look-alikes.ts';

export interface Figures {
  found: readonly string[];
  passed: readonly string[];
}

export type Search = (text: string) => Promise<string | undefined>;

export type Part = 'made with' | 'held out';

/** Every third entry of the first tables is held out: the kinds stand together, so each is in both parts. */
const partOf = (part: Part, table: readonly string[], more: readonly string[]): readonly string[] => {
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
  count(partOf(part, EVERYDAY_SECRETS, MORE_SECRETS), search);

export const lookAlikesOf = (part: Part, search: Search): Promise<Figures> =>
  count(partOf(part, LOOK_ALIKES, MORE_LOOK_ALIKES), search);
