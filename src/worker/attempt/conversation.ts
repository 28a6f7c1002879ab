/** --resume-from: the conversation that a task goes on with. */
import { KoubouError } from '../../errors.ts';
import type { Member } from '../../queue/queue.ts';
import type { RunContext } from '../../runner/runner.ts';
import { field, say } from '../../say/say.ts';
import type { TaskFile } from '../../task/record.ts';

/**
 * null: the task begins one of its own. Throws `conflict` where the one it names is not there, `usage` where it is another
 * runner's.
 */
export const conversationOf = async (
  task: Pick<TaskFile, 'options'>,
  runner: string,
  member: Member,
): Promise<RunContext['resume']> => {
  const from = task.options.resume_from;
  if (from === undefined) return null;
  const found = await member.conversation(from);
  if (found === undefined) {
    throw new KoubouError('conflict', `${from} left no conversation to go on with.`, {
      hint: 'Only a run of an agent that ended by itself leaves one; delegate anew.',
    });
  }
  if (found.runner === runner) return found;
  throw new KoubouError(
    'usage',
    `The conversation of ${from} was had by ${found.runner}, not by ${runner}.`,
    {
      hint: say`Add ${field('runner', `${found.runner}`)}.`,
    },
  );
};
