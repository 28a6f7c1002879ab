/** What routing reads of the config. */
import type { Config } from '../config/schema.ts';
import type { Routing, RunnerFacts } from '../route/route.ts';

export const routingOf = (config: Config): Routing => ({
  rules: config.routing.rules,
  default: Object.fromEntries(
    Object.entries(config.routing.default).flatMap(([type, runner]) =>
      runner === undefined ? [] : [[type, runner]],
    ),
  ),
});

export const runnerFacts = (config: Config): Map<string, RunnerFacts> =>
  new Map(
    Object.entries(config.runners).map(([name, runner]) => [
      name,
      { name, defaultModel: runner.kind === 'command' ? null : (runner.model ?? null) },
    ]),
  );
