/** doctor's look at Codex: is it there, does its sandbox work here, and what does it not know that koubou asks for? */

import { runnersOf } from '../../app/runners.ts';
import type { Variables } from '../../config/environment.ts';
import type { Loaded } from '../../config/load.ts';
import { isOfKind } from '../../task/runner-kinds.ts';
import type { Finding } from './finding.ts';

/** Their servers and models have checks of their own, so nothing is said of Codex where those are at fault. */
export const checkCodexes = async (loaded: Loaded, environment: Variables): Promise<Finding[]> => {
  const names = Object.entries(loaded.config.runners).flatMap(([name, runner]) =>
    isOfKind(runner, 'program', 'known') ? [name] : [],
  );
  if (names.length === 0) return [];
  const runners = await runnersOf(loaded, environment);
  const checks = names.map(async (name): Promise<Finding[]> => {
    const health = await runners.get(name)?.check();
    if (health === undefined || isOfServer(health.error?.code)) return [];
    const { ok, message, error } = health;
    return [{ name: `program of ${name}`, ok, message, cure: error?.hint ?? null }];
  });
  return (await Promise.all(checks)).flat();
};

const isOfServer = (code: string | undefined): boolean =>
  code === 'runner_unavailable' || code === 'model_not_found' || code === 'endpoint_busy';
