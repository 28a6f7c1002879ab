/**
 * What an attempt of a task will be: with what rules add to it, by which runner, with which budget and limits. Decided here and
 * once: at admission for the attempt itself, and beforehand for who asks where a task would go. Pure.
 */
import { KoubouError } from '../errors.ts';
import type { Budget } from '../task/budget.ts';
import type { TaskType } from '../task/fields/types.ts';
import type { RunOutcome } from '../task/record.ts';
import { chainOf } from './escalate.ts';
import { chooseRoute, type Route, type Routed, type Routing, type RunnerFacts, withRules } from './route.ts';

/** What the config says of attempts in general. */
export interface PlanSettings {
  routing: Routing;
  retries: Readonly<Record<TaskType, number>>;
  /** Seconds for a whole attempt; 0 is no limit. */
  timeout: Readonly<Record<TaskType, number>>;
  /** Seconds without progress; 0 is no limit. */
  stallSeconds: number;
  /** Seconds for loading a model or queueing at the endpoint; 0 is no limit. */
  loadSeconds: number;
  /** Seconds that a task may wait for endpoints, charging nothing. */
  unavailableSeconds: number;
}

export interface PlanFacts {
  settings: PlanSettings;
  runners: ReadonlyMap<string, RunnerFacts>;
  /** Of the attached files together; 0 where no rule asks for sizes. */
  fileBytes: number;
  /** The outcomes of the task's earlier runs that count, oldest first. */
  earlier: readonly RunOutcome[];
}

/** Seconds; 0 is no limit. */
interface Limits {
  timeout: number;
  stall: number;
  load: number;
}

export interface AttemptPlan<T extends Routed = Routed> {
  /** The task with what the rules that match add where it does not say itself. */
  task: T;
  /** Where it goes, or why it cannot go anywhere: an error that chooseRoute throws. */
  route: Route | KoubouError;
  budget: Budget;
  limits: Limits;
}

export const WORKER_LOST_BUDGET = 10;

export const planAttempt = <T extends Routed>(task: T, facts: PlanFacts): AttemptPlan<T> => {
  const { settings, fileBytes } = facts;
  const ruled = withRules(task, settings.routing, fileBytes);
  return {
    task: ruled,
    route: routeOf(task, facts),
    budget: budgetOf(ruled, settings),
    limits: limitsOf(ruled, settings),
  };
};

/** Throws the error of a plan that leads nowhere. */
export const requireRoute = ({ route }: Pick<AttemptPlan, 'route'>): Route => {
  if (route instanceof KoubouError) throw route;
  return route;
};

const routeOf = (
  task: Routed,
  { settings, runners, fileBytes, earlier }: PlanFacts,
): AttemptPlan['route'] => {
  try {
    return chooseRoute(task, settings.routing, runners, fileBytes, earlier);
  } catch (error) {
    if (error instanceof KoubouError) return error;
    throw error;
  }
};

const budgetOf = (
  task: Routed,
  { routing, retries, unavailableSeconds }: Pick<PlanSettings, 'routing' | 'retries' | 'unavailableSeconds'>,
): Budget => {
  const said = task.options.retries;
  return {
    retries: said ?? retries[task.type],
    retriesSaid: said !== undefined,
    chain: routing.escalation === undefined ? null : chainOf(task, routing.escalation),
    workerLost: WORKER_LOST_BUDGET,
    unavailableSeconds,
  };
};

const limitsOf = (
  { options, type }: Routed,
  { timeout, stallSeconds, loadSeconds }: Pick<PlanSettings, 'timeout' | 'stallSeconds' | 'loadSeconds'>,
): Limits => ({
  timeout: options.timeout ?? timeout[type],
  // A command may be silent as long as its own limit allows: silence says nothing about it.
  stall: options.stall_timeout ?? (type === 'command' ? 0 : stallSeconds),
  load: loadSeconds,
});
