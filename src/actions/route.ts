/** Where a task would go, and why: as a daemon decides it, without adding anything. */
import type { Config, RunnerConfig } from '../config/schema.ts';
import { mustStayLocal } from '../route/local.ts';
import { chooseRoute, withRules } from '../route/route.ts';
import type { Considered } from '../route/rules.ts';
import { fileBytes } from '../worker/file-bytes.ts';
import { type Circumstances, draftTask } from './draft.ts';
import type { Fields } from './fields.ts';
import { routingOf, runnerFacts } from './routing.ts';

export interface RouteShown {
  runner: string;
  model: string | null;
  endpoint: string | null;
  /** Seconds of an attempt; 0 is no limit. */
  timeout: number;
  retries: number;
  local_only: boolean;
  why: string;
  rules: Considered[];
}

/** Throws `usage` for a task that would be refused, `runner_unavailable` where no runner fits it. */
export const showRoute = (fields: Fields, config: Config, around: Circumstances): RouteShown => {
  const routing = routingOf(config);
  const draft = draftTask(fields, around);
  const bytes = fileBytes(draft.files, routing);
  const { runner, model, why, considered } = chooseRoute(draft, routing, runnerFacts(config), bytes);
  const task = withRules(draft, routing, bytes);
  const entry: RunnerConfig = config.runners[runner] ?? { kind: 'command' };
  return {
    runner,
    model: model ?? (entry.kind === 'command' ? null : (entry.model ?? null)),
    endpoint: entry.kind === 'command' ? null : (entry.endpoint ?? null),
    timeout: task.options.timeout ?? config.defaults.timeout[task.type],
    retries: task.options.retries ?? config.defaults.retries[task.type],
    local_only: mustStayLocal(task),
    why,
    rules: considered,
  };
};
