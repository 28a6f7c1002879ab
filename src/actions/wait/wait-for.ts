/** Waits for tasks of a home: how long the caller may wait, what makes sure of a worker, and how a wait cut short counts. */
import type { App } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { ensureWorker } from '../workers/ensure-worker.ts';
import { askHealth } from '../workers/health.ts';
import { refuseInSandbox } from '../workers/sandbox-here.ts';
import { type WaitEnd, type WaitRequest, waitForTasks } from './wait.ts';

export interface WaitOptions extends Pick<WaitRequest, 'ids' | 'any' | 'signal' | 'say' | 'onProgress'> {
  /** Seconds; undefined: the caller named no limit. */
  limit: number | undefined;
}

/** Throws as waitForTasks, and `not_allowed`. */
export const waitFor = (app: App, { limit, ...options }: WaitOptions): Promise<WaitEnd> => {
  const { queue, caller, outer, clock } = app;
  requireAllowed(caller, 'read', { undone: 'Nothing was waited for.' });
  return waitForTasks({
    ...options,
    queue,
    clock,
    limitSeconds: limit ?? ownLimit(app),
    unserved: askHealth(app),
    ensureWorker: () => ensureWorker(app),
    requireStartable: () => refuseInSandbox(outer),
  });
};

/** An agent's shell ends its commands after two minutes: a wait of its own ends before. Seconds. */
const ownLimit = ({ caller, config }: Pick<App, 'caller' | 'config'>): number | undefined =>
  caller.principal.agent === null ? undefined : config.defaults.agent_wait_timeout;

/** Whether a wait that reached its limit is no failure: an agent that named no limit goes on waiting later. */
export const mayGoOnLater = ({ caller }: Pick<App, 'caller'>, limit: number | undefined): boolean =>
  caller.principal.agent !== null && limit === undefined;
