/**
 * The program put together, for every door: one call opens the home with its config, queue, routing, runners and clock, and
 * says who asks. Actions take the app and data, and give data.
 */
import { promptFolders } from '../config/paths.ts';
import { type Clock, systemClock } from '../process/clock.ts';
import { createFileHome, openQueue } from '../queue/open.ts';
import type { Queue } from '../queue/queue.ts';
import type { Planner } from '../worker/plan.ts';
import { type HomeRequest, type OpenHome, openHome } from './open-home.ts';
import { type Project, projectOf } from './project.ts';
import { configPlanner } from './routing.ts';
import { type Runners, runnersOf } from './runners.ts';

export interface App extends OpenHome {
  /** Where relative names begin. */
  cwd: string;
  clock: Clock;
  /** As a daemon with this config plans when all that it needs is there. */
  plan: Planner;
  /** Where an agent may read and write. */
  project: () => Project;
  /** Built when first asked for. */
  runners: () => Promise<Runners>;
  /** What git and the programs that koubou itself starts are given. */
  programEnvironment: () => Promise<Readonly<Record<string, string>>>;
  /** Throws `usage` where no prompt template has that name. */
  requireTemplate: (name: string) => Promise<void>;
}

/** Gives what turns a file that somebody dropped into a task. */
export type DropRules = (
  parts: Pick<App, 'home' | 'config' | 'outer' | 'plan' | 'clock'> & { queue: () => Queue },
) => Parameters<typeof openQueue>[0]['draftFromDrop'];

export interface AppRequest extends HomeRequest {
  /** Only a daemon takes dropped files. */
  drops?: DropRules;
}

/** How the queue of a home is opened and made where there is no app yet: by `init`, `trust` and `doctor`. */
export const backend = { openQueue, makeHome: createFileHome };

/** Throws as openHome. Nothing needs to be closed for a short look. */
export const openApp = async (request: AppRequest): Promise<App> => {
  const { cwd, environment: outer, drops } = request;
  const opened = await openHome(request, (options, { home, config }) => {
    const parts = {
      home,
      config,
      outer,
      clock: systemClock,
      plan: configPlanner(config),
      queue: (): Queue => queue,
    };
    const draftFromDrop = drops?.(parts);
    const queue = openQueue(draftFromDrop === undefined ? options : { ...options, draftFromDrop });
    return queue;
  });
  const { home, config } = opened;
  let runners: Promise<Runners> | undefined;
  return {
    ...opened,
    cwd,
    clock: systemClock,
    plan: configPlanner(config),
    project: () => projectOf({ home, cwd, environment: outer }),
    runners: () => {
      runners ??= runnersOf(opened, outer);
      return runners;
    },
    programEnvironment: async () => {
      const { reducedEnvironment } = await import('../process/programs/reduced-environment.ts');
      return reducedEnvironment(outer, config.security.env_pass);
    },
    requireTemplate: async (name) => {
      const { requireTemplate } = await import('../runner/registry.ts');
      return requireTemplate(name, promptFolders(home));
    },
  };
};
