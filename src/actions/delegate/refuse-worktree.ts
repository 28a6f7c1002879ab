/** Whether --worktree can be had, found out before a task is added that would only fail. */
import { KoubouError } from '../../errors.ts';
import { field, say } from '../../say/say.ts';
import type { NewTask } from '../../task/record.ts';

/**
 * Throws `usage` for a task that is not of type code, else as originOf. Git is asked once for each folder, and only where some
 * task wants a worktree.
 */
export const refuseWorktree = async (
  tasks: readonly NewTask[],
  environment: () => Promise<Readonly<Record<string, string>>>,
): Promise<void> => {
  const wishing = tasks.filter(({ options }) => options.worktree === true);
  if (wishing.length === 0) return;
  if (wishing.some(({ type }) => type !== 'code')) {
    throw new KoubouError('usage', say`${field('worktree')} is for tasks of type code. Nothing was added.`, {
      hint: say`Add ${field('type', 'code')}, or leave ${field('worktree')} out.`,
    });
  }
  const { originOf } = await import('../../worktree/origin.ts');
  for (const folder of new Set(wishing.map(({ cwd }) => cwd))) {
    try {
      await originOf({ folder, environment: await environment() });
    } catch (error) {
      if (!(error instanceof KoubouError)) throw error;
      // That git was killed is not told apart: all that counts is that nothing was added, and why.
      const code = error.exitCode === 2 ? error.code : 'usage';
      throw new KoubouError(code, say`${error.said.message} Nothing was added.`, { hint: error.said.hint });
    }
  }
};
