/** How many of the tables' entries are found, apart for what the search was made with and what was held out. */
import { EVERYDAY_SECRETS } from './everyday-secrets.ts';
import { LOOK_ALIKES } from './look-alikes.ts';

export interface Figures {
  found: readonly string[];
  passed: readonly string[];
}

export type Search = (text: string) => Promise<string | undefined>;

/** Every third entry: the kinds stand together, so each is in both parts. */
const isHeldOut = (_: string, at: number): boolean => at % 3 === 2;

const PARTS = {
  'made with': (text: string, at: number) => !isHeldOut(text, at),
  'held out': isHeldOut,
} as const;

export type Part = keyof typeof PARTS;

const count = async (entries: readonly string[], search: Search): Promise<Figures> => {
  const found: string[] = [];
  const passed: string[] = [];
  for (const entry of entries) ((await search(entry)) === undefined ? passed : found).push(entry);
  return { found, passed };
};

export const secretsOf = (part: Part, search: Search): Promise<Figures> =>
  count(EVERYDAY_SECRETS.filter(PARTS[part]), search);

export const lookAlikesOf = (part: Part, search: Search): Promise<Figures> =>
  count(LOOK_ALIKES.filter(PARTS[part]), search);
