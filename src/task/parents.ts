/** What the tasks that another one waits for have come to, and whether it may begin. */
import { type ErrorInfo, errorInfo } from '../errors.ts';
import { isEnded, type State } from './lifecycle.ts';
import type { TaskFile } from './record.ts';

/** `distrusted`: why its end may not let others begin. undefined: it no longer exists. */
export type Parent = { state: State; distrusted?: string } | undefined;

export type ParentsState = { kind: 'met' } | { kind: 'unmet' } | { kind: 'failed'; error: ErrorInfo };

/** `after` wants every parent completed; `after_any` only wants every parent ended, however. */
export const parentsState = async (
  task: Pick<TaskFile, 'after' | 'after_any'>,
  look: (id: string) => Promise<Parent>,
): Promise<ParentsState> => {
  let unmet = false;
  for (const id of task.after) {
    const parent = await look(id);
    if (parent === undefined) return failed(id, 'no longer exists');
    if (parent.state === 'failed') return failed(id, 'failed');
    if (parent.distrusted !== undefined) return failed(id, parent.distrusted);
    if (parent.state !== 'completed') unmet = true;
  }
  for (const id of task.after_any) {
    const parent = await look(id);
    if (parent === undefined) continue;
    if (parent.distrusted !== undefined) return failed(id, parent.distrusted);
    if (!isEnded(parent.state)) unmet = true;
  }
  return unmet ? { kind: 'unmet' } : { kind: 'met' };
};

const failed = (parent: string, why: string): ParentsState => ({
  kind: 'failed',
  error: errorInfo('dependency_failed', `It waits for ${parent}, which ${why}.`),
});
