/** Where a task would go, and why: as a daemon decides it, without adding anything. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { mustStayLocal } from '../../route/local.ts';
import { requireRoute } from '../../route/plan.ts';
import { fallBack, type Route, stepsAbove } from '../../route/route.ts';
import { HAND_BACK } from '../../task/escalation-chain.ts';
import type { Fields } from '../../task/fields/asked-task.ts';
import { isOfKind } from '../../task/runner-kinds.ts';
import { placeWithin } from '../callers/admit-file.ts';
import type { RouteDocument } from '../documents/home.ts';
import { draftDefaults, draftTask } from './draft.ts';
import { markSensitive } from './mark-sensitive.ts';

type RouteApp = Pick<App, 'config' | 'caller' | 'cwd' | 'plan' | 'project' | 'runners'>;

/**
 * Throws `usage` for a task that would be refused, `not_allowed` for files that the caller may not have read, whose size and
 * secrets choose the route, and `runner_unavailable` where no runner fits it. Runners are asked, for 3 s at most, only
 * where another one would stand in for the first.
 */
export const showRoute = async (fields: Fields, app: RouteApp): Promise<RouteDocument> => {
  const { config, caller } = app;
  requireAllowed(caller, 'read', { undone: 'Nothing was looked at.' });
  const plain = draftTask(fields, draftDefaults(app));
  if (caller.principal.role !== 'owner') {
    const project = app.project();
    for (const { path } of plain.files) placeWithin(path, project, caller, 'Nothing was looked at.');
  }
  const words = config.security.sensitive_patterns;
  const [draft = plain] = await markSensitive([plain], { words, isHeld: async () => false });
  const plan = app.plan(draft);
  const route = await asItIsNow(requireRoute(plan), app);
  const { runner, model, why, considered, handBack } = route;
  const entry = config.runners[runner];
  const asked = isOfKind(entry, 'model') ? entry : undefined;
  return {
    route: {
      runner,
      model: model ?? asked?.model ?? null,
      endpoint: asked?.endpoint ?? null,
      timeout: plan.limits.timeout,
      retries: plan.budget.retries,
      local_only: mustStayLocal(plan.task),
      why,
      escalate: [...stepsAbove(route), ...(handBack ? [HAND_BACK] : [])],
      rules: considered,
    },
  };
};

/** As worker/pool/pool.ts decides it from what it saw before. */
const asItIsNow = async (route: Route, app: Pick<App, 'runners'>): Promise<Route> => {
  if (route.fallbackRunner === null) return route;
  const runners = await app.runners();
  const [runner, fallback] = [runners.get(route.runner), runners.get(route.fallbackRunner)];
  if (runner === undefined || fallback === undefined) return route;
  if ((await runner.installed?.()) === false) return fallBack(route, fallback.name, 'it is not installed');
  const [health, fallbackHealth] = await Promise.all([runner.check(), fallback.check()]);
  const isDown = health.error?.code === 'runner_unavailable';
  const helps = isDown && fallbackHealth.error?.code !== 'runner_unavailable';
  return helps ? fallBack(route, fallback.name, health.message) : route;
};
