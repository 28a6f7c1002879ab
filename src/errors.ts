/**
 * The one list of error codes. Every failure koubou reports, on a terminal, in JSON or in a task's
 * outcome, carries one of these codes; nobody matches on messages.
 */
import { action, field, help, say, toText, type Words } from './say/say.ts';

interface ErrorRule {
  /** Whether an attempt that ends so counts against the task's `retries`. */
  readonly charged: boolean;
  /** Whether trying the same task again can help. */
  readonly retried: boolean;
  /** Exit code of a command that ends with this error (cli.md). */
  readonly exit: 1 | 2 | 3;
  /** What to do next, used where the place that failed has nothing more exact to say. */
  readonly hint: Words;
}

const rule = (charged: boolean, retried: boolean, hint: Words, exit: 1 | 2 | 3 = 1): ErrorRule => ({
  charged,
  retried,
  exit,
  hint,
});

export const ERROR_CODES = {
  timeout: rule(true, true, say`Give it more time with ${field('timeout')}, or make the task smaller.`),
  stalled: rule(true, true, say`No output for too long: see ${action('logs')} and defaults.stall_timeout.`),
  exit_nonzero: rule(true, true, say`See ${action('logs')} for what the program printed.`),
  runner_unavailable: rule(false, true, say`Start the model server, then see ${action('doctor')}.`),
  endpoint_busy: rule(false, true, 'The server is busy. koubou retries the task automatically.'),
  model_not_found: rule(true, false, say`Pull the model, or name another one with ${field('model')}.`),
  model_lacks_tools: rule(true, false, 'Choose a model that supports tools and what else was asked for.'),
  context_overflow: rule(true, false, 'Send less, or choose a model or num_ctx_max with more context.'),
  prompt_truncated: rule(true, false, 'The server dropped part of the prompt: raise its context length.'),
  output_truncated: rule(
    true,
    true,
    say`Raise num_predict (${field('set', 'num_predict=…')}) or ask for less.`,
  ),
  empty_output: rule(true, true, 'Try another model, or a clearer prompt.'),
  tool_call_as_text: rule(true, true, 'Try another model, or say in the prompt that plain text is wanted.'),
  no_evidence: rule(true, true, say`No file was changed. Pass ${field('allow_no_change')} if that is right.`),
  unknown_tool: rule(true, true, 'The model called a tool that it was not given; try another model.'),
  bad_tool_arguments: rule(true, true, 'The model calls tools in a wrong way; try another model.'),
  sandbox_refused: rule(
    true,
    true,
    say`If it should write there, choose another ${field('sandbox')} or another ${field('cwd')}.`,
  ),
  escalation_refused: rule(
    true,
    true,
    say`An attempt cannot get more rights while it runs; choose another ${field('sandbox')}.`,
  ),
  output_unjudged: rule(true, true, 'Judging the output took too long or too much memory; ask for less.'),
  output_changed: rule(
    true,
    true,
    say`A process kept writing after the work was checked; see ${action('logs')}.`,
  ),
  guard_lost: rule(
    true,
    false,
    say`What a sandbox protects was replaced from outside while a program ran in it; see ${action('logs')}.`,
  ),
  repository_lost: rule(
    true,
    false,
    say`The run left a repository without what makes it one, or made another one in its folders; see ${action('logs')}.`,
  ),
  home_in_changes: rule(
    true,
    false,
    say`koubou never takes over a .koubou folder from a task; see ${action('logs')} for what made it.`,
  ),
  changes_unknown: rule(
    true,
    false,
    say`Look at the folder before the task is run again; see ${action('logs')} for why the look failed.`,
  ),
  settings_in_changes: rule(
    true,
    false,
    say`A task of an agent makes no settings that agents obey; see ${action('logs')} for what came.`,
  ),
  nested_repository: rule(
    true,
    false,
    say`A run may leave no repository below the folder that git would run something of; see ${action('logs')}.`,
  ),
  check_failed: rule(true, true, say`See ${action('logs')} for the check's output.`),
  expected_missing: rule(
    true,
    true,
    say`The files named by ${field('expect')} are missing, empty or unchanged.`,
  ),
  schema_invalid: rule(true, true, say`The output does not match ${field('schema')}; see ${action('logs')}.`),
  needs_input: rule(
    true,
    false,
    'The program wants a terminal, a login or an answer; set it up by hand first.',
  ),
  not_local: rule(true, false, 'The task must stay on this machine; use a local endpoint and model.'),
  handed_back: rule(true, false, 'Local models could not do it; a stronger agent should take over.'),
  cancelled: rule(false, false, say`${action('retry')} runs it again.`),
  git_killed: rule(true, true, 'The system (for want of memory) or a person killed git. Try again.'),
  git_failed: rule(true, true, 'Try the same git command there by hand.', 2),
  worker_lost: rule(
    false,
    true,
    'The worker died while it ran the task. koubou retries the task automatically.',
  ),
  worker_stopped: rule(
    false,
    true,
    'The worker was stopped on purpose, and the task went back to the queue.',
  ),
  dependency_failed: rule(false, false, say`A task it waits for failed; ${action('retry')} that one first.`),
  disk_full: rule(false, true, 'Free some space, then try again.'),
  queue_unavailable: rule(
    false,
    true,
    'Nothing is lost. Check who may write to the home, and that its disk is not mounted read-only.',
  ),
  unknown: rule(
    false,
    true,
    say`It is not known whether this was done. Repeat it with the same ${field('key')}.`,
  ),
  key_conflict: rule(false, false, 'The key names another task; choose another key.', 2),
  no_such_task: rule(false, false, say`${action('list')} shows the tasks.`, 3),
  no_home: rule(
    false,
    false,
    say`Make one with ${action('init')}, or name one with ${field('home', 'DIR')}.`,
    3,
  ),
  untrusted_home: rule(
    false,
    false,
    say`Look at it with ${action('list')}; ${action('trust')} makes it yours.`,
    3,
  ),
  conflict: rule(
    false,
    false,
    'Look at what the message names; when that has changed, ask for the same again.',
    2,
  ),
  no_program: rule(
    false,
    false,
    say`Install what the message names, or correct its path; see ${action('doctor')}.`,
    2,
  ),
  not_allowed: rule(false, false, 'README says how a person allows it.', 2),
  usage: rule(false, false, say`See ${help()}.`, 2),
  internal: rule(true, true, 'This is a bug in koubou. Run again with DEBUG=koubou and report it.'),
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CODES, code);

/** A person looks at what such a run left, before another one takes it for what was there. */
export const leavesSomething = (code: string): boolean =>
  [
    'repository_lost',
    'nested_repository',
    'home_in_changes',
    'settings_in_changes',
    'changes_unknown',
    'guard_lost',
  ].includes(code);

/** An error as records, JSON output and outcomes show it. */
export interface ErrorInfo {
  code: ErrorCode;
  message: string;
  hint: string;
}

/**
 * What is wrong (`message`), what to do next (`hint`), and what caused it. Both are text as it is kept in files and logs;
 * a door gives `said` in its own words.
 */
export class KoubouError extends Error {
  override readonly name = 'KoubouError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly said: { readonly message: Words; readonly hint: Words };

  constructor(code: ErrorCode, message: Words, options: { hint?: Words; cause?: unknown } = {}) {
    super(toText(message), options.cause === undefined ? undefined : { cause: options.cause });
    const hint = options.hint ?? ERROR_CODES[code].hint;
    this.code = code;
    this.hint = toText(hint);
    this.said = { message, hint };
  }

  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }
}

export const errorInfo = (code: ErrorCode, message: Words, hint?: Words): ErrorInfo => ({
  code,
  message: toText(message),
  hint: toText(hint ?? ERROR_CODES[code].hint),
});

/**
 * Any thrown value as an ErrorInfo. Where the machine is short of something for now, nobody is to blame for it; what
 * else is not a KoubouError is a bug and says so.
 */
export const toErrorInfo = (error: unknown): ErrorInfo => {
  if (error instanceof KoubouError) return { code: error.code, message: error.message, hint: error.hint };
  const words = error instanceof Error ? error.message : String(error);
  if (!isShortage(error)) return errorInfo('internal', words);
  const hint = 'Close some programs, or raise `ulimit -n`. koubou retries the task automatically.';
  return errorInfo('runner_unavailable', `The machine has none to spare: ${words}`, hint);
};

/** The code of a Node system error (ENOENT, EEXIST, …), or undefined for anything else. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const MAY_PASS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  EAGAIN: 'the system has no more to give',
  ENOMEM: 'no memory is left',
};

/**
 * Why what could not be read or written now may be later, in words for a person: of the system's own error, and of one that
 * a queue made of it. undefined: it does not pass, or is not known to. EIO is not among them: what could not be put on the
 * device once may be gone, and a second try would not say so.
 */
export const mayPass = (error: unknown): string | undefined => {
  const words = MAY_PASS[systemCodeBelow(error) ?? ''];
  if (!(error instanceof KoubouError)) return words;
  return ['disk_full', 'queue_unavailable'].includes(error.code) ? (words ?? error.message) : undefined;
};

/** The machine has none left for now: of files that may be open, of processes, of memory. */
export const isShortage = (error: unknown): boolean =>
  ['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'].includes(systemCodeBelow(error) ?? '');

const systemCodeBelow = (error: unknown): string | undefined =>
  systemCode(error instanceof KoubouError ? error.cause : error);
