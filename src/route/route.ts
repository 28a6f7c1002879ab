/** Which runner and model a task gets, and why. Pure. */
import { KoubouError } from '../errors.ts';
import type { TaskFile } from '../task/record.ts';

export interface Routing {
  /** Runner by task type. */
  default: Readonly<Record<string, string>>;
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
}

/** Throws `usage` when the task names a runner that is not configured, `runner_unavailable` when no runner fits. */
export const chooseRoute = (
  task: Pick<TaskFile, 'type' | 'options'>,
  routing: Routing,
  runners: ReadonlyMap<string, RunnerFacts>,
): Route => {
  const model = task.options.model;
  const asked = task.options.runner;
  if (asked !== undefined) {
    if (!runners.has(asked)) {
      throw new KoubouError('usage', `There is no runner "${asked}".`, {
        hint: `Runners in config/agent.yaml: ${[...runners.keys()].join(', ') || 'none'}.`,
      });
    }
    return { runner: asked, model, why: 'the task names it' };
  }
  const configured = routing.default[task.type];
  if (configured !== undefined && runners.has(configured)) {
    return { runner: configured, model, why: `routing.default.${task.type}` };
  }
  const general = routing.default['general'];
  if (task.type === 'code' && general !== undefined && runners.has(general)) {
    return { runner: general, model, why: 'no code runner is configured: the general one' };
  }
  throw new KoubouError('runner_unavailable', `No runner is configured for tasks of type ${task.type}.`, {
    hint: 'Start Ollama or LM Studio and run `koubou init` again, or name a runner in config/agent.yaml.',
  });
};
