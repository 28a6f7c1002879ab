/** The refusal of a home that is not this user's own: what is wrong with it, and what it would have had koubou do. */
import type { Principal } from '../access/principal.ts';
import { KoubouError } from '../errors.ts';
import { action, say } from '../say/say.ts';
import { summaryOf } from './home-summary.ts';

const MOST_LINES = 4;
const MOST_LETTERS = 300;

/**
 * `why`: a clause with the home as its subject. An agent is told counts alone: what it reads may leave the machine, and the
 * words of a stranger may be meant for it.
 */
export const untrustedHome = async (
  { home, principal }: { home: string; principal: Pick<Principal, 'role'> },
  why: string,
): Promise<KoubouError> => {
  const { programs, endpoints, variables, unread } = await summaryOf(home);
  if (principal.role !== 'owner') {
    const counts = `programs: ${programs.length}, endpoints: ${endpoints.length}, variables: ${variables.length}`;
    return new KoubouError(
      'untrusted_home',
      `${home} ${why}. Nothing was done. It would use ${counts}; not read: ${unread.length}.`,
      { hint: say`The person whose home it is types ${action('trust')}, which shows all that it would do.` },
    );
  }
  const lines = [
    `${home} ${why}. Nothing was done.`,
    ...some('It would run', programs),
    ...some('It would send to', endpoints),
    ...(variables.length === 0 ? [] : some('Its .env sets', [variables.join(', ')])),
    ...some('Not read', unread),
  ];
  return new KoubouError('untrusted_home', lines.join('\n'), {
    hint: say`Look at it with ${action('list')}. If it is yours, ${action('trust')} shows all that it would do, and signs it.`,
  });
};

const some = (what: string, found: readonly string[]): string[] => [
  ...found.slice(0, MOST_LINES).map((line) => `  ${what}: ${beginningOf(line)}`),
  ...(found.length > MOST_LINES ? [`  ${what}: ${found.length - MOST_LINES} more`] : []),
];

/** `koubou trust` shows the whole of it. */
const beginningOf = (line: string): string =>
  line.length > MOST_LETTERS ? `${line.slice(0, MOST_LETTERS)}…` : line;
