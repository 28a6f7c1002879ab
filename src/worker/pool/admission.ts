/** Whether a task would be taken now, where it would go, and what it needs that is capped. */
import { KoubouError } from '../../errors.ts';
import type { Admission, PermitRequest } from '../../queue/queue.ts';
import type { AttemptPlan } from '../../route/plan.ts';
import { fallBack, type Route } from '../../route/route.ts';
import type { Runner } from '../../runner/runner.ts';
import type { RunOutcome, TaskFile } from '../../task/record.ts';
import type { Planner } from '../plan.ts';
import type { WorkerSettings } from '../settings.ts';
import type { Endpoints } from './endpoints.ts';
import { workFolder } from './work-folder.ts';

/** What is taken is attempted as it was planned when it was admitted. */
export type Admitted =
  | (Extract<Admission, { take: true }> & { plan: AttemptPlan<TaskFile> })
  | Extract<Admission, { take: false }>;

export class AdmissionPolicy {
  readonly #settings: Pick<WorkerSettings, 'routing'>;
  readonly #plan: Planner;
  readonly #runners: ReadonlyMap<string, Runner>;
  readonly #endpoints: Endpoints;
  /** Whether the program of the runner that another one stands in for was not there at the last look. */
  #missing = false;

  constructor(
    settings: Pick<WorkerSettings, 'routing'>,
    plan: Planner,
    runners: ReadonlyMap<string, Runner>,
    endpoints: Endpoints,
  ) {
    this.#settings = settings;
    this.#plan = plan;
    this.#runners = runners;
    this.#endpoints = endpoints;
  }

  /** To be called before tasks are judged: programs come and go. */
  async look(): Promise<void> {
    const runner = this.#runners.get(this.#settings.routing.default['code'] ?? '');
    this.#missing = (await runner?.installed?.()) === false;
  }

  admit(task: TaskFile, earlier: readonly RunOutcome[]): Admitted {
    const plan = this.#plan(task, earlier);
    if (plan.route instanceof KoubouError) {
      // No runner for this kind of task may change with the config; a wrong name in the task never will.
      const waits = plan.route.code === 'runner_unavailable';
      return waits ? { take: false, why: 'endpoint' } : { take: true, permits: [], plan };
    }
    const route = this.#asItIsNow(plan.route);
    const runner = this.#runners.get(route.runner) as Runner;
    if (!this.#endpoints.isUp(runner)) return { take: false, why: 'endpoint' };
    const permits = [...folderPermits(task, runner), ...modelPermits(runner, route.model)];
    return { take: true, permits, plan: { ...plan, route } };
  }

  #asItIsNow(route: Route): Route {
    const [runner, fallback] = [
      this.#runners.get(route.runner),
      this.#runners.get(route.fallbackRunner ?? ''),
    ];
    if (runner === undefined || fallback === undefined) return route;
    if (this.#missing) return fallBack(route, fallback.name, 'it is not installed');
    const trouble = this.#endpoints.trouble(runner);
    return trouble !== null && this.#endpoints.isUp(fallback)
      ? fallBack(route, fallback.name, trouble)
      : route;
  }
}

const modelPermits = ({ endpoint, defaultModel }: Runner, model: string | undefined): PermitRequest[] =>
  endpoint === null
    ? []
    : [{ name: `${endpoint.name}/${model ?? defaultModel ?? 'default'}`, cap: endpoint.maxConcurrent }];

/** Runs that change files in one folder at the same time would trample each other, and each would claim both's work. */
const folderPermits = (
  { type, cwd, places, options }: TaskFile,
  { changesFiles }: Runner,
): PermitRequest[] =>
  type === 'code' && changesFiles && options.worktree !== true
    ? [{ name: `folder:${workFolder(places?.[cwd] ?? cwd)}`, cap: 1 }]
    : [];
