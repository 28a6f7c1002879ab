/** Which runner and model a task gets, on what terms, and why. Pure. */
import { KoubouError } from '../errors.ts';
import { action, say } from '../say/say.ts';
import { escalate } from '../task/escalation-chain.ts';
import type { RunOutcome, TaskFile } from '../task/record.ts';
import { kindsWith } from '../task/runner-kinds.ts';
import { optionForFiles } from '../task/text-alone.ts';
import { chainOf, type Escalation } from './escalate.ts';
import { applyRules, type Consequences, type Considered, type Rule, type Ruled } from './rules.ts';

export interface Routing {
  /** Runner by task type. */
  default: Readonly<Record<string, string>>;
  rules?: readonly Rule[] | undefined;
  escalation?: Escalation | undefined;
}

export interface RunnerFacts {
  name: string;
  defaultModel: string | null;
  /** Whether it does more than answer with text: it starts programs, which change files. */
  changesFiles: boolean;
}

export interface Route {
  runner: string;
  /** undefined: the runner's own default. */
  model: string | undefined;
  why: string;
  considered: Considered[];
  /** The runner to take where this one is not installed or does not answer; null: wait for this one. */
  fallbackRunner: string | null;
  /** The runners that may do this task, each one step above the one before it. */
  chain: readonly string[];
  /** Whether the task is handed back where none of them could do it. */
  handBack: boolean;
}

export type Routed = Ruled & Pick<TaskFile, 'options' | 'answer_only'>;

/**
 * `fileBytes`: the size of the attached files together. `earlier`: the outcomes of the task's earlier runs that count,
 * oldest first. Throws `usage` when the task names a runner that is not configured, `runner_unavailable` when no
 * runner fits, `not_allowed` when those that it leads to may not do it.
 */
export const chooseRoute = (
  task: Routed,
  routing: Routing,
  runners: ReadonlyMap<string, RunnerFacts>,
  fileBytes: number,
  earlier: readonly RunOutcome[] = [],
): Route => {
  const { then, why, considered } = applyRules(routing.rules ?? [], task, fileBytes);
  const base = baseOf(task, routing, runners, then);
  const chain = chainOf(withAdded(task, then), routing.escalation ?? NO_ESCALATION);
  const begun = {
    // Another runner than the one that the rule means may not have its model.
    model: task.options.model ?? (keepsModel(task, then, base.runner) ? then.model : undefined),
    why: [base.why, why].filter((words) => words !== null).join('; '),
    considered,
    chain: chain?.runners ?? [],
    handBack: chain?.handBack ?? false,
  };
  const climbing = chain === null ? null : escalate(chain, earlier);
  if (chain === null || climbing === null) {
    return { ...begun, runner: base.runner, fallbackRunner: base.fallbackRunner };
  }
  // Above the last step it is the last that is tried again.
  const runner = climbing.next ?? (chain.runners.at(-1) as string);
  return {
    ...begun,
    runner,
    model: runner === base.runner ? begun.model : undefined,
    why: `${begun.why}; routing.escalate: step ${climbing.step} of ${chain.runners.length}, as what came before was found wanting`,
    fallbackRunner: null,
  };
};

/** Who goes on, in this order, when the work of the route's runner is found wanting. */
export const stepsAbove = ({ chain, runner }: Pick<Route, 'chain' | 'runner'>): readonly string[] =>
  chain.includes(runner) ? chain.slice(chain.indexOf(runner) + 1) : [];

const NO_ESCALATION: Escalation = { steps: [], handBack: false };

const keepsModel = (task: Routed, then: Consequences, runner: string): boolean =>
  then.runner === undefined ? task.options.runner === undefined : runner === then.runner;

/** The route where the runner that it names cannot be had, for the reason given. */
export const fallBack = (route: Route, fallbackRunner: string, trouble: string): Route => ({
  ...route,
  runner: fallbackRunner,
  model: undefined,
  why: `routing.default.general, as ${route.runner} cannot be had (${trouble})`,
  fallbackRunner: null,
});

/** The task with what the rules that match add where it does not say itself. */
export const withRules = <T extends Routed>(task: T, routing: Routing, fileBytes: number): T =>
  withAdded(task, applyRules(routing.rules ?? [], task, fileBytes).then);

const withAdded = <T extends Routed>(task: T, { timeout, retries, local_only }: Consequences): T => {
  const added = Object.entries({ timeout, retries }).filter(([, value]) => value !== undefined);
  const options = { ...Object.fromEntries(added), ...task.options };
  return { ...task, options: local_only === true ? { ...options, local_only } : options };
};

/** Whether any rule asks for sizes, which cost a look at each file. */
export const needsSizes = ({ rules = [] }: Routing): boolean =>
  rules.some(({ if: wanted }) => wanted.tokens_over !== undefined || wanted.tokens_under !== undefined);

interface Base {
  runner: string;
  why: string | null;
  fallbackRunner: string | null;
}

const baseOf = (
  task: Routed,
  routing: Routing,
  runners: ReadonlyMap<string, RunnerFacts>,
  then: Consequences,
): Base => {
  const asked = task.options.runner;
  const may = (name: string): boolean => mayDo(task, runners.get(name));
  if (asked !== undefined) {
    if (!runners.has(asked)) {
      throw new KoubouError('usage', `There is no runner "${asked}".`, {
        hint: `Runners in config/agent.yaml: ${[...runners.keys()].join(', ') || 'none'}.`,
      });
    }
    if (!may(asked)) throw onlyAnswers(`${asked} does more`);
    return { runner: asked, why: 'the task names it', fallbackRunner: null };
  }
  if (then.runner !== undefined && runners.has(then.runner) && may(then.runner)) {
    return { runner: then.runner, why: null, fallbackRunner: null };
  }
  const configured = routing.default[task.type];
  const general = routing.default['general'];
  const mayFallBack = task.type === 'code' && general !== undefined && runners.has(general) && may(general);
  const fallback = mayFallBack ? general : null;
  if (configured !== undefined && runners.has(configured) && may(configured)) {
    const fallbackRunner = fallback === configured || needsFiles(task.options) ? null : fallback;
    return { runner: configured, why: `routing.default.${task.type}`, fallbackRunner };
  }
  if (fallback !== null) {
    const why =
      configured === undefined || may(configured) ? 'no code runner is configured' : 'it is only answered';
    return { runner: fallback, why: `${why}: the general one`, fallbackRunner: null };
  }
  if (configured !== undefined && runners.has(configured)) {
    throw onlyAnswers(`routing.default.${task.type}, ${configured}, does more`);
  }
  throw new KoubouError('runner_unavailable', `No runner is configured for tasks of type ${task.type}.`, {
    hint: say`Start Ollama or LM Studio and run ${action('init')} again, or name a runner in config/agent.yaml.`,
  });
};

/** A file that somebody dropped gets an answer, and nobody's rights. */
export const mayDo = (
  { answer_only }: Pick<TaskFile, 'answer_only'>,
  runner: Pick<RunnerFacts, 'changesFiles'> | undefined,
): boolean => answer_only !== true || runner?.changesFiles === false;

const onlyAnswers = (why: string): KoubouError =>
  new KoubouError(
    'not_allowed',
    `A dropped file is only answered, by a runner of kind ${kindsWith('changesFiles', false)}; ${why}.`,
    {
      hint: say`Name a runner that only answers in the file (runner: …), or add the task with ${action('delegate')}.`,
    },
  );

/** What a model that gives text alone cannot be asked for. */
const needsFiles = (options: TaskFile['options']): boolean =>
  optionForFiles(options) !== null || (options.sandbox ?? options.resume_from ?? options.model) !== undefined;
