/** A daemon of a home, in this process, until its end. */
import { type App, type AppRequest, openApp } from '../../app/app.ts';
import { requireAllowed } from '../../app/caller.ts';
import { requireSeal } from '../../app/open-home.ts';
import { type WorkerOptions, workerSettings } from '../../app/worker-settings.ts';
import { configWatch } from '../../config/load.ts';
import type { EmitEvent } from '../../events.ts';
import { runDaemon } from '../../worker/daemon.ts';
import type { PoolEnd } from '../../worker/pool/pool.ts';
import { dropRules } from '../delegate/draft-from-drop.ts';

export interface WorkerApp extends App {
  /** Whether the config was changed since the home was opened. */
  outdated: () => boolean;
}

/** The app as a daemon needs it: it takes dropped files, and knows when its config has changed. Throws as openApp. */
export const openWorkerApp = async (request: AppRequest): Promise<WorkerApp> => {
  let outdated = (): boolean => false;
  const app = await openApp({
    ...request,
    found: (home) => {
      outdated = configWatch(home);
    },
    drops: dropRules,
  });
  requireAllowed(app.caller, 'work', { undone: 'No worker was started.' });
  return { ...app, outdated: () => outdated() };
};

export interface WorkerRun extends Omit<WorkerOptions, 'home' | 'seal'> {
  /** Calls back at each request to end; the second one means now. Returns how to stop listening. */
  onStopRequest: (listener: () => void) => () => void;
  /** Told of everything that happens, in order. */
  emit: EmitEvent;
}

/** Resolves when the daemon has ended, and all was told. */
export const runWorker = async (
  app: WorkerApp,
  { onStopRequest, emit, ...wishes }: WorkerRun,
): Promise<PoolEnd> => {
  const events = await eventsFor(app, emit);
  const { queue, clock, home, outdated, isTrusted } = app;
  const settings = workerSettings(app.config, app.environment, app.outer, {
    ...wishes,
    home,
    seal: requireSeal(app),
  });
  const end = await runDaemon({
    queue,
    clock,
    runners: await app.runners(),
    settings: { ...settings, outdated, isTrusted },
    emit: events.emit,
    onStopRequest,
  });
  await events.told();
  return end;
};

/** An agent is told what became of tasks, and not what was in those that must stay. */
const eventsFor = async (
  { caller, view }: App,
  emit: EmitEvent,
): Promise<{ emit: EmitEvent; told: () => Promise<unknown> }> => {
  if (caller.principal.role === 'owner') return { emit, told: async () => undefined };
  const { withheldEvents } = await import('../../app/withhold.ts');
  return withheldEvents(view, emit);
};
