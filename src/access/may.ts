/** What a caller may ask for: one table, which every command asks, so that no door decides for itself. Pure. */

/** Each gets all that the ones before it get. An agent is a contributor; a person at a terminal is the owner. */
const ROLES = ['reader', 'contributor', 'planner', 'executor', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** `confined`: yes, in a sandbox. */
export type Verdict = 'allowed' | 'confined' | 'refused';

interface Row {
  /** As it stands after "may not". */
  words: string;
  /** The first role that gets it whole. */
  from: Role;
  /** The first role that gets it in a sandbox; undefined: none does. */
  confinedFrom: Role | undefined;
}

const row = (words: string, from: Role, confinedFrom?: Role): Row => ({ words, from, confinedFrom });

/** The requests, what each is in words ("An agent may not …"), and who gets it without further rights. */
const TABLE = {
  read: row('look at tasks', 'reader'),
  reveal: row('be shown what must stay on this machine', 'contributor'),
  delegate: row('add tasks for models', 'contributor'),
  retry: row('run tasks again', 'contributor'),
  cancel: row('end tasks', 'contributor'),
  work: row('start and stop workers', 'contributor'),
  apply: row('bring work over from a worktree, or discard it', 'contributor'),
  program: row('have programs run with your rights', 'executor', 'contributor'),
  check: row('have checks run with your rights', 'executor', 'contributor'),
  agent: row('have agent CLIs run with your rights', 'executor', 'contributor'),
  check_outside: row('have a check run outside of the sandbox', 'executor'),
  full_access: row('have an agent run without its sandbox', 'executor'),
  output_outside: row('have files written outside of this project', 'executor'),
  files_outside: row('have files read that lie outside of this project', 'executor'),
  folder_outside: row('have work done outside of this project', 'executor'),
  other_home: row('use the home of another project', 'admin'),
  config: row('change the configuration', 'admin'),
  init: row('make a home', 'owner'),
  trust: row('make a home trusted', 'owner'),
  unchecked: row('apply a branch as it is now, which nobody checked', 'owner'),
} satisfies Record<string, Row>;

export type Request = keyof typeof TABLE;

const REQUESTS = Object.keys(TABLE) as Request[];

const reaches = (role: Role, from: Role | undefined): boolean =>
  from !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(from);

/**
 * What `callers.agent.may` can hold: requests that an agent would not get whole. What is the owner's alone a person does: no
 * home can say yet that an agent may, or it would undo what a check is for.
 */
export const GRANTABLE = REQUESTS.filter((request) => {
  const { from } = TABLE[request];
  return from !== 'owner' && !reaches('contributor', from);
});

/** `granted`: the requests that the config gives to agents. */
export const may = (role: Role, request: Request, granted: readonly Request[] = []): Verdict => {
  const { from, confinedFrom }: Row = TABLE[request];
  if (granted.includes(request) || reaches(role, from)) return 'allowed';
  return reaches(role, confinedFrom) ? 'confined' : 'refused';
};

/** As it stands after "may not". */
export const inWords = (request: Request): string => TABLE[request].words;
