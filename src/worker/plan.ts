/** Plans attempts of tasks, looking at the attached files where a rule asks for their size. */
import { sizeOfAttached } from '../names/places.ts';
import { type AttemptPlan, type PlanSettings, planAttempt } from '../route/plan.ts';
import { needsSizes, type Routed, type RunnerFacts } from '../route/route.ts';
import type { RunOutcome, TaskFile } from '../task/record.ts';

export type Planned = Routed & Pick<TaskFile, 'files'>;

/** `earlier`: the outcomes of the task's earlier runs that count, oldest first. */
export type Planner = <T extends Planned>(task: T, earlier?: readonly RunOutcome[]) => AttemptPlan<T>;

export const plannerOf = (settings: PlanSettings, runners: ReadonlyMap<string, RunnerFacts>): Planner => {
  const measures = needsSizes(settings.routing);
  return (task, earlier = []) => {
    // One that cannot be read has no size: the run that needs it says so.
    const fileBytes = measures ? task.files.reduce((sum, file) => sum + sizeOfAttached(file), 0) : 0;
    return planAttempt(task, { settings, runners, fileBytes, earlier });
  };
};
