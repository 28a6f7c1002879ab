/** Whether anything could do a task now: the route it would take, and whether that runner's server answers. */

import type { App } from '../../app/app.ts';
import { type ErrorInfo, KoubouError, toErrorInfo } from '../../errors.ts';
import { isOfKind } from '../../task/runner-kinds.ts';
import type { Planned } from '../../worker/plan.ts';

/** Why no runner can serve a task now, or null. A task that will fail at once (an unknown runner) is served. */
export type Unserved = (task: Planned) => Promise<ErrorInfo | null>;

/** For so long an answer holds. */
const HOLDS_MS = 5000;

/** Each runner answers within 3 s; programs are not asked. */
export const askHealth = ({
  config,
  plan,
  runners,
  clock,
}: Pick<App, 'config' | 'plan' | 'runners' | 'clock'>): Unserved => {
  const answers = new Map<string, { sinceMs: number; answer: Promise<ErrorInfo | null> }>();

  const ask = async (name: string): Promise<ErrorInfo | null> => {
    if (isOfKind(config.runners[name], 'model', false)) return null;
    const health = await (await runners()).get(name)?.check();
    // A model that is missing is the task's own failure, which a worker tells best.
    return health?.error?.code === 'runner_unavailable' ? health.error : null;
  };

  const recent = (runner: string): Promise<ErrorInfo | null> => {
    const before = answers.get(runner);
    if (before && clock.steadyMs() - before.sinceMs < HOLDS_MS) return before.answer;
    const answer = ask(runner);
    answers.set(runner, { sinceMs: clock.steadyMs(), answer });
    return answer;
  };

  return async (task) => {
    const { route } = plan(task);
    if (route instanceof KoubouError) {
      if (route.code === 'runner_unavailable') return toErrorInfo(route);
      if (route.code === 'usage') return null;
      throw route;
    }
    const trouble = await recent(route.runner);
    return trouble === null || route.fallbackRunner === null ? trouble : await recent(route.fallbackRunner);
  };
};
