/** What a caller may ask for: one table, which every command asks, so that no door decides for itself. Pure. */

const ROLES = ['contributor', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** `confined`: yes, in a sandbox. */
export type Verdict = 'allowed' | 'confined' | 'refused';

/** The requests, what each is in words ("An agent may not …"), and what an agent gets without further rights. */
const TABLE = {
  read: row('look at tasks', 'allowed'),
  reveal: row('be shown what must stay on this machine', 'allowed'),
  delegate: row('add tasks for models', 'allowed'),
  retry: row('run tasks again', 'allowed'),
  cancel: row('end tasks', 'allowed'),
  work: row('start and stop workers', 'allowed'),
  apply: row('bring work over from a worktree, or discard it', 'allowed'),
  program: row('have programs run with your rights', 'confined'),
  check: row('have checks run with your rights', 'confined'),
  agent: row('have agent CLIs run with your rights', 'confined'),
  check_outside: row('have a check run outside of the sandbox', 'refused'),
  full_access: row('have an agent run without its sandbox', 'refused'),
  output_outside: row('have files written outside of this project', 'refused'),
  files_outside: row('have files read that lie outside of this project', 'refused'),
  folder_outside: row('have work done outside of this project', 'refused'),
  other_home: row('use the home of another project', 'refused'),
  config: row('change the configuration', 'refused'),
  init: row('make a home', 'refused'),
  trust: row('make a home trusted', 'refused'),
  unchecked: row('apply a branch as it is now, which nobody checked', 'refused'),
};

export type Request = keyof typeof TABLE;

const REQUESTS = Object.keys(TABLE) as Request[];

/** What a person does themselves: no home can say yet that an agent may, or it would undo what a check is for. */
const PERSONS: readonly Request[] = ['init', 'trust', 'unchecked'];

/** What `callers.agent.may` can hold: requests that an agent would not get whole. */
export const GRANTABLE = REQUESTS.filter(
  (request) => TABLE[request].contributor !== 'allowed' && !PERSONS.includes(request),
);

/** `granted`: the requests that the config gives to agents. */
export const may = (role: Role, request: Request, granted: readonly Request[] = []): Verdict =>
  granted.includes(request) ? 'allowed' : TABLE[request][role];

/** As it stands after "may not". */
export const inWords = (request: Request): string => TABLE[request].words;

function row(words: string, contributor: Verdict): { words: string } & Record<Role, Verdict> {
  return { words, contributor, owner: 'allowed' };
}
