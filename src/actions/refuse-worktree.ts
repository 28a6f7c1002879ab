/** Whether --worktree can be had, found out before a task is added that would only fail. */
import { KoubouError } from '../errors.ts';
import type { NewTask } from '../task/record.ts';

/** Throws `usage`. Git is asked once for each folder, and only where some task wants a worktree. */
export const refuseWorktree = async (
  tasks: readonly NewTask[],
  environment: () => Promise<Readonly<Record<string, string>>>,
): Promise<void> => {
  const wishing = tasks.filter(({ options }) => options.worktree === true);
  if (wishing.length === 0) return;
  if (wishing.some(({ type }) => type !== 'code')) {
    throw new KoubouError('usage', '--worktree is for tasks of type code. Nothing was added.', {
      hint: 'Add --type code, or leave --worktree out.',
    });
  }
  const { originOf } = await import('../worktree/origin.ts');
  for (const folder of new Set(wishing.map(({ cwd }) => cwd))) {
    try {
      await originOf({ folder, environment: await environment() });
    } catch (error) {
      if (!(error instanceof KoubouError)) throw error;
      throw new KoubouError('usage', `${error.message} Nothing was added.`, { hint: error.hint });
    }
  }
};
