/** What routing and the plan of an attempt read of the config. */
import type { Config, RunnerWith } from '../config/schema.ts';
import { LocalNetworks } from '../privacy/local-networks.ts';
import type { Escalation } from '../route/escalate.ts';
import { notLocal } from '../route/local.ts';
import type { PlanSettings } from '../route/plan.ts';
import type { Routing, RunnerFacts } from '../route/route.ts';
import { HAND_BACK } from '../task/escalation-chain.ts';
import { isOfKind, RUNNER_KINDS } from '../task/runner-kinds.ts';
import { type Planner, plannerOf } from '../worker/plan.ts';

/** Plans as a daemon with this config does when all that it needs is there. */
export const configPlanner = (config: Config): Planner =>
  plannerOf(planSettings(config), runnerFacts(config));

export const planSettings = (config: Config): PlanSettings => ({
  routing: routingOf(config),
  retries: config.defaults.retries,
  timeout: config.defaults.timeout,
  stallSeconds: config.defaults.stall_timeout,
  loadSeconds: config.defaults.load_timeout,
  unavailableSeconds: config.defaults.unavailable_budget,
});

const routingOf = (config: Config): Routing => ({
  rules: config.routing.rules,
  default: Object.fromEntries(
    Object.entries(config.routing.default).flatMap(([type, runner]) =>
      runner === undefined ? [] : [[type, runner]],
    ),
  ),
  escalation: escalationOf(config),
});

const escalationOf = ({ routing, runners, endpoints, security }: Config): Escalation => {
  const { escalate } = routing;
  const networks = new LocalNetworks(security.local_networks);
  const stepOf = (name: string, runner: RunnerWith<'model'>) => {
    const { changesFiles, staysLocal } = RUNNER_KINDS[runner.kind];
    const destination = {
      runner: name,
      staysLocal,
      url: endpoints[runner.endpoint ?? '']?.url ?? null,
      model: runner.model ?? null,
    };
    return {
      runner: name,
      changesFiles,
      // Only held tasks ask, and it loads what every `koubou delegate` would feel.
      get staysLocal() {
        return notLocal(destination, networks) === null;
      },
    };
  };
  const steps = escalate.flatMap((name) => {
    const runner = runners[name];
    return isOfKind(runner, 'model') ? [stepOf(name, runner)] : [];
  });
  return { steps, handBack: escalate.at(-1) === HAND_BACK };
};

export const runnerFacts = (config: Config): Map<string, RunnerFacts> =>
  new Map(
    Object.entries(config.runners).map(([name, runner]) => [
      name,
      {
        name,
        defaultModel: isOfKind(runner, 'model') ? (runner.model ?? null) : null,
        changesFiles: RUNNER_KINDS[runner.kind].changesFiles,
      },
    ]),
  );
