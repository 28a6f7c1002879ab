/** Whether a task that is known by its id must stay on this machine. */
import type { Queue } from '../queue/queue.ts';
import { mustStayLocal } from '../route/local.ts';
import type { Planner } from '../worker/plan.ts';

/**
 * Whether a task must stay: as it was asked for, as a run of it was found to hold something, or as one that it waits for
 * must, since it most likely works on what comes of that.
 */
export const isHeldIn = (queue: Pick<Queue, 'get'>, plan: Planner): ((id: string) => Promise<boolean>) => {
  const isHeldBeside = async (id: string, seen: Set<string>): Promise<boolean> => {
    // Tasks that wait for each other, of which somebody made up one.
    if (seen.has(id)) return false;
    seen.add(id);
    const task = await queue.get(id);
    if (task === undefined) return false;
    if (task.held === true) return true;
    if (mustStayLocal(plan(task).task)) return true;
    for (const each of [...task.after, ...task.after_any]) if (await isHeldBeside(each, seen)) return true;
    return false;
  };
  const known = new Map<string, Promise<boolean>>();
  return (id) => {
    const answer = known.get(id) ?? isHeldBeside(id, new Set());
    known.set(id, answer);
    return answer;
  };
};
