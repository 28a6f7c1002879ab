/** Which runner and model a task gets, on what terms, and why. Pure. */
import { KoubouError } from '../errors.ts';
import type { TaskFile } from '../task/record.ts';
import { applyRules, type Consequences, type Considered, type Rule, type Ruled } from './rules.ts';

export interface Routing {
  /** Runner by task type. */
  default: Readonly<Record<string, string>>;
  rules?: readonly Rule[] | undefined;
}

export interface RunnerFacts {
  name: string;
  defaultModel: string | null;
}

export interface Route {
  runner: string;
  /** undefined: the runner's own default. */
  model: string | undefined;
  why: string;
  considered: Considered[];
}

export type Routed = Ruled & Pick<TaskFile, 'options'>;

/**
 * `fileBytes`: the size of the attached files together. Throws `usage` when the task names a runner that is not
 * configured, `runner_unavailable` when no runner fits.
 */
export const chooseRoute = (
  task: Routed,
  routing: Routing,
  runners: ReadonlyMap<string, RunnerFacts>,
  fileBytes: number,
): Route => {
  const { then, why, considered } = applyRules(routing.rules ?? [], task, fileBytes);
  const base = baseOf(task, routing, runners, then);
  // Another runner than the one that the rule means may not have its model.
  const fits = then.runner === undefined ? task.options.runner === undefined : base.runner === then.runner;
  const model = task.options.model ?? (fits ? then.model : undefined);
  const reason = [base.why, why].filter((words) => words !== null).join('; ');
  return { runner: base.runner, model, why: reason, considered };
};

/** The task with what the rules that match add where it does not say itself. */
export const withRules = <T extends Routed>(task: T, routing: Routing, fileBytes: number): T => {
  const { timeout, retries, local_only } = applyRules(routing.rules ?? [], task, fileBytes).then;
  const added = Object.entries({ timeout, retries }).filter(([, value]) => value !== undefined);
  const options = { ...Object.fromEntries(added), ...task.options };
  return { ...task, options: local_only === true ? { ...options, local_only } : options };
};

/** Whether any rule asks for sizes, which cost a look at each file. */
export const needsSizes = ({ rules = [] }: Routing): boolean =>
  rules.some(({ if: wanted }) => wanted.tokens_over !== undefined || wanted.tokens_under !== undefined);

const baseOf = (
  task: Routed,
  routing: Routing,
  runners: ReadonlyMap<string, RunnerFacts>,
  then: Consequences,
): { runner: string; why: string | null } => {
  const asked = task.options.runner;
  if (asked !== undefined) {
    if (!runners.has(asked)) {
      throw new KoubouError('usage', `There is no runner "${asked}".`, {
        hint: `Runners in config/agent.yaml: ${[...runners.keys()].join(', ') || 'none'}.`,
      });
    }
    return { runner: asked, why: 'the task names it' };
  }
  if (then.runner !== undefined && runners.has(then.runner)) {
    return { runner: then.runner, why: null };
  }
  const configured = routing.default[task.type];
  if (configured !== undefined && runners.has(configured)) {
    return { runner: configured, why: `routing.default.${task.type}` };
  }
  const general = routing.default['general'];
  if (task.type === 'code' && general !== undefined && runners.has(general)) {
    return { runner: general, why: 'no code runner is configured: the general one' };
  }
  throw new KoubouError('runner_unavailable', `No runner is configured for tasks of type ${task.type}.`, {
    hint: 'Start Ollama or LM Studio and run `koubou init` again, or name a runner in config/agent.yaml.',
  });
};
