/** Where a daemon must not be started, and what is to be done in its place. */
import type { Variables } from '../../config/environment.ts';
import { KoubouError } from '../../errors.ts';
import { sandboxFacts, sandboxIn } from '../../process/programs/sandbox.ts';
import { action, field, say, type Words } from '../../say/say.ts';

/** A sandbox in which a daemon would end with the command that started it, or reach no server; undefined: none. */
export const sandboxHere = (environment: Variables): string | undefined =>
  sandboxIn(environment, sandboxFacts);

export const OUTSIDE = say`Start ${action('work', field('detach'))} outside of the sandbox, in a terminal of your own; then wait here again.`;

/** Without `--home`: for a person to read. */
export const startHint = (environment: Variables): Words =>
  sandboxHere(environment) === undefined ? say`${action('work', field('detach'))} starts one.` : OUTSIDE;

export const refuseInSandbox = (environment: Variables): void => {
  const sandbox = sandboxHere(environment);
  if (sandbox === undefined) return;
  throw new KoubouError(
    'runner_unavailable',
    `No worker was started: this command runs in ${sandbox}, where a worker would end with it or reach no server. The tasks stay queued.`,
    { hint: OUTSIDE },
  );
};
