/**
 * What an agent is shown of tasks that must stay on this machine: that they are there and how they stand, but nothing of
 * what was asked, printed or made. What an agent reads leaves the machine. A person sees everything, and so does an
 * agent that says that it wants to.
 */
import type { Config } from '../config/schema.ts';
import { ERROR_CODES, type ErrorInfo, isErrorCode, KoubouError } from '../errors.ts';
import type { EmitEvent, WorkerEvent } from '../events.ts';
import type { Queue } from '../queue/queue.ts';
import { field, say, toText } from '../say/say.ts';
import type { TaskRecord } from '../task/record.ts';
import { type Caller, requireAllowed } from './caller.ts';
import { isHeldIn } from './held.ts';
import { configPlanner } from './routing.ts';

export interface WithheldRecord extends TaskRecord {
  /** Only where something was taken out. */
  withheld?: true;
}

/** How a caller sees tasks. */
export interface View {
  /** The record as the caller may see it. */
  record: (record: TaskRecord) => Promise<WithheldRecord>;
  records: (records: readonly TaskRecord[]) => Promise<WithheldRecord[]>;
  isWithheld: (id: string) => Promise<boolean>;
  /** Throws `not_allowed` where the caller may not see what the task asked for, printed or made. */
  requireShown: (id: string) => Promise<void>;
}

export const REVEAL_HINT = say`Work with its id, or have a person look. ${field('reveal')} shows it all the same, and what it shows leaves this machine.`;

/** Options that hold what was asked. */
const TELLING = new Set(['system', 'schema', 'set', 'check']);

const WITHHELD = '(withheld: it must stay on this machine)';
const UNKNOWN = '(withheld: whether it must stay on this machine is not known here)';

export interface ViewParts {
  queue: Pick<Queue, 'get'>;
  config: Config;
  /** Whether that is what the home says: of one that is only looked at, the config is not read, with its rules. */
  isOwnConfig: boolean;
  caller: Caller;
}

export const viewOf = ({ queue, config, isOwnConfig, caller }: ViewParts, reveal: boolean): View => {
  if (reveal) requireAllowed(caller, 'reveal', { undone: 'Nothing was shown.' });
  const seesAll = reveal || caller.principal.role === 'owner';
  // What must stay by a rule cannot be told without the rules.
  const isHeld = isOwnConfig ? isHeldIn(queue, configPlanner(config)) : async () => true;
  const isWithheld = async (id: string): Promise<boolean> => !seesAll && (await isHeld(id));
  const record = async (whole: TaskRecord): Promise<WithheldRecord> =>
    (await isWithheld(whole.task_id)) ? withheld(whole, isOwnConfig ? WITHHELD : UNKNOWN) : whole;
  return {
    record,
    records: (records) => Promise.all(records.map(record)),
    isWithheld,
    requireShown: async (id) => {
      if (await isWithheld(id)) throw isOwnConfig ? withheldError(id) : unknownError(id);
    },
  };
};

export const withheldError = (id: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `${id} must stay on this machine, and what an agent reads leaves it: nothing of it was shown.`,
    { hint: REVEAL_HINT },
  );

const unknownError = (id: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `${id} lies in a home that is only looked at, so whether it must stay on this machine is not known: nothing of it was shown.`,
    { hint: REVEAL_HINT },
  );

/** Ids, states, times, codes, names of files and labels stay: they are what work is steered by. */
const withheld = (record: TaskRecord, instead: string): WithheldRecord => {
  const options = Object.fromEntries(Object.entries(record.options).filter(([name]) => !TELLING.has(name)));
  return {
    ...record,
    prompt: instead,
    command: [],
    context: {},
    environment: undefined,
    files: record.files.map(({ path }) => ({ path, sha256: null })),
    options,
    attempts: record.attempts.map((attempt) => ({
      ...attempt,
      error: attempt.error && withoutWords(attempt.error, instead),
      evidence: null,
    })),
    result: record.result && {
      ...record.result,
      output: null,
      output_path: null,
      error: record.result.error && withoutWords(record.result.error, instead),
    },
    withheld: true,
  };
};

/** Messages quote what programs and models wrote. */
const withoutWords = ({ code }: ErrorInfo, instead = WITHHELD): ErrorInfo => ({
  code,
  message: `${code} ${instead}`,
  hint: toText(isErrorCode(code) ? ERROR_CODES[code].hint : REVEAL_HINT),
});

/** The same events in the same order, without the words of errors of tasks that are withheld. */
export const withheldEvents = (
  view: View,
  emit: EmitEvent,
): { emit: EmitEvent; told: () => Promise<unknown> } => {
  let last: Promise<unknown> = Promise.resolve();
  const shown = async (event: WorkerEvent): Promise<WorkerEvent> =>
    event.event === 'task_ended' && event.error !== null && (await view.isWithheld(event.task_id))
      ? { ...event, error: withoutWords(event.error) }
      : event;
  return {
    emit: (event) => {
      last = last
        .then(() => shown(event))
        .then(emit)
        .catch(() => undefined);
    },
    told: () => last,
  };
};
