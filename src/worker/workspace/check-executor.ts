/** Where the check of an attempt runs: what a model wrote runs where the model ran, and nowhere with more rights. */
import { KoubouError } from '../../errors.ts';
import { confinedExecutor } from '../../executor/confine.ts';
import type { ExecutionPlace, Executor } from '../../executor/executor.ts';
import { localExecutor } from '../../executor/local.ts';
import type { Runner } from '../../runner/runner.ts';
import { field, say } from '../../say/say.ts';
import type { TaskFile } from '../../task/record.ts';
import type { WorkerSettings } from '../settings.ts';

/** Throws KoubouError: `not_local` or `not_allowed` where the check may not run as asked. */
export const checkExecutor = async (
  runner: Pick<Runner, 'name' | 'executorFor'>,
  task: TaskFile,
  place: ExecutionPlace,
  {
    home,
    keys,
    programs = [],
    naming = {},
    environment,
  }: Pick<WorkerSettings, 'home' | 'keys' | 'programs' | 'naming' | 'environment'>,
): Promise<Executor> => {
  const outside = task.options.check_outside === true;
  if (outside && place.staysLocal && task.confined !== true) {
    throw new KoubouError(
      'not_local',
      'The task must stay on this machine, and a check outside the sandbox reaches any network; it was not run.',
      { hint: say`Delegate it without ${field('check_outside')}.` },
    );
  }
  // Of a task of an agent, only a check that the config names is to run outside.
  if (task.confined === true && (!outside || place.staysLocal)) {
    return confinedExecutor(place, {
      home,
      keys,
      programs,
      naming,
      environment,
      network: 'none',
      // No more than who did the work.
      writes: 'folder',
    });
  }
  return outside ? localExecutor : ((await runner.executorFor?.(task, place)) ?? localExecutor);
};
